"""Layouts with a list of answers and the best one: by its number, its text or its id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from penchant.errors import DataError, RecordError
from penchant.shards.fields import Content
from penchant.shards.layouts.base import Layout, Sample, Statement, cell, objects, prompt_of, prompt_turns
from penchant.shards.layouts.scores import LISTS, PROMPTS, beats, entries_of, first_list
from penchant.shards.layouts.verdicts import NO_VERDICT, VERDICTS, number_of
from penchant.shards.turns import answer_of, texts_of, turn_of, turns_of


def chosen_list(sample: Sample) -> Layout | None:
    """A prompt, a list of answers, and a column that says which of them is the best."""
    prompt_key = sample.first(PROMPTS)
    if prompt_key is None and sample.has("text", "options", "accept"):  # Prodigy
        prompt_key = "text"
    if prompt_key is None:
        return None
    for column in LISTS:
        first = first_list(sample, column)
        if not first:
            continue
        if isinstance(first[0], str):
            label = sample.first(name for name in VERDICTS if sample.values(name))
            read = None if label is None else picked(sample, prompt_key, column, label)
        else:
            ids = {str(one["id"]) for one in first if isinstance(one, Mapping) and one.get("id") is not None}
            label = next((name for name in ("accept", *VERDICTS) if _alone(sample.value(name)) in ids), None)
            read = None if label is None else partial(_chosen_id, prompt_key=prompt_key, column=column, label=label)
        if label is not None and read is not None:
            return Layout("answers with a choice", {"prompt": prompt_key, "answers": column, "label": label}, read)
    return None


def picked(
    sample: Sample, prompt_key: str | None, column: str, label: str, first: str | None = None
) -> Callable[[Content], Iterator[Statement]]:
    """Reads a list of answers and which of them is the best: its number, or its text.

    Args:
        first: the number of the first answer; None finds it in the sample.
    Raises:
        DataError: the numbers may count the answers from 0 or from 1.
    """
    numbers = {number for value in sample.values(label) if (number := number_of(value)) is not None}
    counted = None if first is None else number_of(first)
    if counted is None and numbers:
        most = max((len(texts_of(value, column)) for value in sample.values(column)), default=0)
        if (0 in numbers) == (most in numbers):
            raise DataError(
                f"'{label}' holds numbers that may count the answers from 0 or from 1; say which one is the first: "
                f"--columns prompt={prompt_key},answers={column},label={label},first=0 (or first=1)"
            )
        counted = 0.0 if 0 in numbers else 1.0

    def read(row: Content) -> Iterator[Statement]:
        texts, value = texts_of(cell(row, column), column), cell(row, label)
        number = number_of(value)
        place = texts.index(value) if value in texts else None if number is None else int(number - (counted or 0))
        if place is None or not 0 <= place < len(texts):
            yield NO_VERDICT
            return
        turns = turns_of(cell(row, prompt_key), prompt_key) if prompt_key is not None else ()
        scores = [(text, float(index == place)) for index, text in enumerate(texts)]
        yield from beats(prompt_turns(turns, prompt_key or "the prompt"), scores)

    return read


def _alone(value: object) -> str:
    """An id as a text, also in a list of one."""
    return str(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _chosen_id(row: Content, prompt_key: str, column: str, label: str) -> Iterator[Statement]:
    """A list of answers with ids, and the id of the best."""
    answers = [(answer_of(one, column)[1], str(one.get("id"))) for one in entries_of(row, column)]
    best = _alone(row.get(label))
    if best not in {name for _, name in answers}:
        yield NO_VERDICT
        return
    yield from beats(prompt_of(row, prompt_key), [(text, float(name == best)) for text, name in answers])


def candidates(sample: Sample) -> Layout | None:
    """Amazon Nova: the last turn holds candidates, of which each is preferred or not."""
    last = [value[-1] for value in sample.values("messages") if isinstance(value, list) and value]
    if not any(isinstance(turn, Mapping) and turn.get("candidates") for turn in last):
        return None
    return Layout("nova candidates", {"prompt": "messages"}, _candidates, also=frozenset({"system"}))


def _candidates(row: Content) -> Iterator[Statement]:
    if not (turns := objects(row.get("messages"), "messages")):
        raise RecordError("messages is empty")
    *before, last = turns
    system = [{"role": "system", "content": row.get("system")}] if row.get("system") else []
    prompt = prompt_turns(turns_of([*system, *before], "messages"), "messages")
    answers = [
        (turn_of({**one, "role": "assistant"}, "candidates").content, float(one.get("preferenceLabel") == "preferred"))
        for one in objects(last.get("candidates"), "candidates")
    ]
    yield from beats(prompt, answers)
