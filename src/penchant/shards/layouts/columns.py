"""Layouts with three answers or more in columns of their own, and which is best: by name, by scores, or as an order.

`response_1` to `response_4` with `best`, with `score_1` to `score_4`, or with a ranking such as "B>A=C".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from penchant.errors import DataError
from penchant.shards.fields import Content
from penchant.shards.layouts.base import REJECTED, Layout, Sample, Statement, bare, plain, prompt_of, rejected
from penchant.shards.layouts.battles import prompt_column, siblings, sides_of
from penchant.shards.layouts.scores import beats, ranking_of
from penchant.shards.layouts.verdicts import (
    LOWER_IS_BETTER,
    NO_VERDICT,
    SCORES,
    TIE,
    number_of,
    side_of,
    verdict_column,
)

_COUNTED = (
    "'{column}' holds numbers that may count {names} from 0 or from 1; write the letters in their place, "
    "or make each pair of answers a row of its own"
)


def ranked_columns(sample: Sample) -> Layout | None:
    """Answers in columns with letters or numbers, and their order in one cell, such as "B>A=C"."""
    sides, spelt = sides_of(sample), sample.plain()
    column = next((spelt[name] for name in ("ranking", "rank", "rank_order", "order") if name in spelt), None)
    prompt_key = prompt_column(sample)
    if sides is None or column is None or prompt_key is None:
        return None
    if not all(isinstance(value, str) and ">" in value for value in sample.values(column)):
        return None
    names = siblings(sample, sides)

    def scores(row: Content) -> dict[str, float | None]:
        places = {name.strip().lower(): score for name, score in ranking_of(str(row.get(column) or "")).items()}
        return {name: places.get(bare(name)[-1:].lower()) for name in names}

    return _layout("ranking", prompt_key, names, (column,), scores)


def scored_columns(sample: Sample) -> Layout | None:
    """Three answers or more, and a score, a rating or a rank for each."""
    answers = _answers(sample)
    if answers is None:
        return None
    prompt_key, names = answers
    spelt = sample.plain()
    for stem in SCORES:
        columns = [_score_of(spelt, stem, bare(name)) for name in names]
        given = {name: column for name, column in zip(names, columns, strict=True) if column is not None}
        if len(given) == len(names):
            sign = -1 if stem in LOWER_IS_BETTER else 1
            return _layout("scores", prompt_key, names, tuple(given.values()), partial(_scores, given, sign))
    return None


def _score_of(spelt: Mapping[str, str], stem: str, answer: str) -> str | None:
    """The column `score_1`, `score1` or `answer_1_score` of an answer."""
    tries = (f"{stem}_{answer[-1:]}".lower(), f"{stem}{answer[-1:]}".lower(), f"{plain(answer)}_{stem}")
    return next((spelt[name] for name in tries if name in spelt), None)


def _scores(columns: Mapping[str, str], sign: int, row: Content) -> dict[str, float | None]:
    numbers = {name: number_of(row.get(column)) for name, column in columns.items()}
    return {name: None if number is None else sign * number for name, number in numbers.items()}


def best_column(sample: Sample) -> Layout | None:
    """Three answers or more, and a column that names the best: its letter, its number, its column or its text.

    Raises:
        DataError: numbers that may count lettered answers from 0 or from 1.
    """
    answers = _answers(sample)
    if answers is None:
        return None
    prompt_key, names = answers
    column = verdict_column(sample, (names[0], names[1]), names)
    if column is None:
        return None
    ends = {bare(name)[-1:].lower(): name for name in names}
    if not bare(names[0])[-1:].isdigit():
        numbers = {value for value in map(number_of, sample.values(column)) if value is not None and value % 1 == 0}
        if numbers and (0 in numbers) == (len(names) in numbers):
            raise DataError(_COUNTED.format(column=column, names=f"{names[0]} to {names[-1]}"))
        ends |= {str(place + (0 not in numbers)): name for place, name in enumerate(names)}

    def named(row: Content) -> str | None:
        value = row.get(column)
        if (number := number_of(value)) is not None:
            return ends.get(str(int(number))) if number == int(number) else None
        texts = [name for name in names if isinstance(value, str) and row.get(name) == value]
        words = plain(str(value)).split("_")
        return texts[0] if len(texts) == 1 else ends.get(words[-1]) if len(words) <= 4 else None

    def scores(row: Content) -> dict[str, float | None] | None:
        best = named(row)
        return None if best is None else {name: float(name == best) for name in names}

    if all(named(row) is None for row in sample.rows):
        return None
    return _layout("best of several", prompt_key, names, (column,), scores)


def _answers(sample: Sample) -> tuple[str, tuple[str, ...]] | None:
    """The columns of the prompt and of three answers or more."""
    sides, prompt_key = sides_of(sample), prompt_column(sample)
    names = () if sides is None else siblings(sample, sides)
    return None if prompt_key is None or len(names) < 3 else (prompt_key, names)


def _layout(
    name: str,
    prompt_key: str,
    names: tuple[str, ...],
    labels: tuple[str, ...],
    scores: Callable[[Content], Mapping[str, float | None] | None],
) -> Layout:
    """The layout of answers in columns whose scores are read from a row; None: the row names no answer."""

    def read(row: Content) -> Iterator[Statement]:
        if rejected(row):
            yield REJECTED
            return
        values = scores(row)
        if values is None:
            ties = len(labels) == 1 and side_of(row.get(labels[0]), "-", "-") == "tie"
            yield TIE if ties else NO_VERDICT
            return
        texts = {answer: row.get(answer) for answer in names}
        yield from beats(
            prompt_of(row, prompt_key),
            [(str(text), values[answer]) for answer, text in texts.items() if isinstance(text, str)],
        )

    fields = {"prompt": prompt_key, **{f"answer {place}": answer for place, answer in enumerate(names, start=1)}}
    return Layout(name, {**fields, "label": labels[0]}, read, also=frozenset(labels))
