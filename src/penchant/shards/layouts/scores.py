"""Layouts with several answers to one prompt, each with a score, a rank or a mark: the best beats each that is worse.

UltraFeedback (arXiv:2310.01377), Nectar, Stack Exchange, PRISM (arXiv:2404.16019), Community Alignment
(arXiv:2507.09650), collective alignment, MultiPref, HelpSteer. Answers that are as good as the best state nothing, and
are counted as ties.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from penchant.errors import DataError, RecordError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import (
    Choice,
    Layout,
    Nothing,
    Sample,
    Statement,
    Turns,
    cell,
    prompt_of,
    prompt_turns,
)
from penchant.shards.layouts.battles import NO_VERDICT, TIE, VERDICTS, number_of, prompt_column, side_of, sides_of
from penchant.shards.turns import answer_of, texts_of, turns_of, unpacked

UNRATED = Nothing("fewer than two answers are rated")
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")
_RANKS = re.compile(r"\s*([>=])\s*")


def beats(
    prompt: Turns, answers: Iterable[tuple[str, float | None]], *, user: object = None, at: Any = None
) -> Iterator[Statement]:
    """The best answer against each that is worse; higher scores are better, answers without one are left out."""
    rated = [(text, score) for text, score in answers if score is not None and text.strip()]
    if len(rated) < 2:
        yield UNRATED
        return
    best, top = max(rated, key=lambda one: one[1])
    others = dict.fromkeys(text for text, score in rated if score < top and text.strip() != best.strip())
    if any(score == top and text.strip() != best.strip() for text, score in rated) or not others:
        yield TIE
    for text in others:
        yield Choice(prompt, best, text, user=user, at=at)


def scored_list(sample: Sample) -> Layout | None:
    """A prompt and a list of answers with scores: UltraFeedback, Nectar, Stack Exchange, outputs of distilabel."""
    prompt_key = sample.first(("instruction", "prompt", "question", "input", "query", "messages", "conversation"))
    if prompt_key is None and sample.has("text", "options", "accept"):  # Prodigy
        prompt_key = "text"
    if prompt_key is None:
        return None
    for column in ("completions", "answers", "responses", "candidates", "generations", "outputs", "options"):
        first = next((value for value in sample.values(column) if isinstance(unpacked(value), Sequence)), None)
        if not first or isinstance(first, str):
            continue
        entry = first[0]  # type: ignore[index]
        if isinstance(entry, Mapping):
            kind = _kind(entry)
            if kind is not None:
                name, text, score = kind
                return Layout(
                    name,
                    {"prompt": prompt_key, "answers": column},
                    partial(_listed, prompt_key=prompt_key, column=column, text=text, score=score),
                )
            ids = {str(one.get("id")) for one in first if isinstance(one, Mapping)}  # type: ignore[attr-defined]
            named = next((name for name in ("accept", *VERDICTS) if _alone(sample.value(name)) in ids), None)
            if named is not None:
                fields = {"prompt": prompt_key, "answers": column, "label": named}
                read = partial(_chosen_id, prompt_key=prompt_key, column=column, label=named)
                return Layout("answers with a choice", fields, read)
        elif isinstance(entry, str):
            ratings = sample.first(("ratings", "scores", "ranks", "rewards"))
            if ratings is not None:
                return Layout(
                    "answers with scores",
                    {"prompt": prompt_key, "answers": column, "scores": ratings},
                    partial(_parallel_lists, prompt_key=prompt_key, column=column, ratings=ratings),
                )
            if (label := sample.first(name for name in VERDICTS if sample.values(name))) is not None:
                fields = {"prompt": prompt_key, "answers": column, "label": label}
                return Layout("answers with a choice", fields, picked(sample, prompt_key, column, label))
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


def _kind(entry: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Name of the layout, key of the text, key of the score; a minus before it: lower is better."""
    if "response" in entry and ("fine-grained_score" in entry or "overall_score" in entry):
        return (
            "ultrafeedback raw",
            "response",
            "fine-grained_score" if "fine-grained_score" in entry else "overall_score",
        )
    if "answer" in entry and "rank" in entry:
        return "nectar", "answer", "-rank"
    if "text" in entry and "pm_score" in entry:
        return "stack exchange", "text", "pm_score"
    text = next(
        (key for key in ("text", "answer", "response", "content", "completion", "output") if key in entry), None
    )
    score = next((key for key in ("score", "rating", "reward", "votes") if key in entry), None)
    score = score or ("-rank" if "rank" in entry else None)
    return None if text is None or score is None else ("answers with scores", text, score)


def _listed(row: Content, prompt_key: str, column: str, text: str, score: str) -> Iterator[Statement]:
    prompt = prompt_of(row, prompt_key)
    sign, key = (-1, score[1:]) if score.startswith("-") else (1, score)
    answers = []
    for entry in _entries(row, column):
        value = number_of(entry.get(key))
        said = entry.get(text)
        answers.append((said if isinstance(said, str) else "", None if value is None else sign * value))
    yield from beats(prompt, answers)


def _alone(value: object) -> str:
    """An id as a text, also in a list of one."""
    return str(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _chosen_id(row: Content, prompt_key: str, column: str, label: str) -> Iterator[Statement]:
    """A list of answers with ids, and the id of the best."""
    answers = [(answer_of(one, column)[1], str(one.get("id"))) for one in _entries(row, column)]
    best = _alone(row.get(label))
    if best not in {name for _, name in answers}:
        yield NO_VERDICT
        return
    yield from beats(prompt_of(row, prompt_key), [(text, float(name == best)) for text, name in answers])


def ranked_columns(sample: Sample) -> Layout | None:
    """Answers in columns with letters or numbers, and their order in one cell, such as "B>A=C"."""
    sides, spelt = sides_of(sample), sample.plain()
    column = next((spelt[name] for name in ("ranking", "rank", "rank_order", "order") if name in spelt), None)
    prompt_key = prompt_column(sample)
    if sides is None or column is None or prompt_key is None:
        return None
    if not all(isinstance(value, str) and ">" in value for value in sample.values(column)):
        return None
    names = [name for name in sample.columns if name[:-1] == sides[0][:-1]]

    def read(row: Content) -> Iterator[Statement]:
        scores = {name.strip().lower(): score for name, score in _ranking(str(row.get(column) or "")).items()}
        texts = {name: row.get(name) for name in names}
        answers = [(str(text), scores.get(name[-1:].lower())) for name, text in texts.items() if isinstance(text, str)]
        yield from beats(prompt_of(row, prompt_key), answers)

    fields = {"prompt": prompt_key, "chosen": sides[0], "rejected": sides[1], "label": column}
    return Layout("ranking", fields, read, also=frozenset(names))


def _parallel_lists(row: Content, prompt_key: str, column: str, ratings: str) -> Iterator[Statement]:
    texts, scores = unpacked(row.get(column)), unpacked(row.get(ratings))
    if not isinstance(texts, Sequence) or not isinstance(scores, Sequence) or len(texts) != len(scores):
        raise RecordError(f"{column} and {ratings} are not lists of the same length")
    sign = -1 if ratings == "ranks" else 1
    values = [None if (value := number_of(score)) is None else sign * value for score in scores]
    yield from beats(prompt_of(row, prompt_key), zip(map(str, texts), values, strict=True))


def _entries(row: Content, column: str) -> list[Mapping[str, Any]]:
    value = unpacked(row.get(column))
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(one, Mapping) for one in value):
        raise RecordError(f"{column} is no list of answers")
    return list(value)


def prism(sample: Sample) -> Layout | None:
    """PRISM: rows of single answers that belong to conversations, or whole conversations."""
    if sample.has("conversation_history", "conversation_id"):
        fields = {"user_id": "user_id", "answers": "conversation_history"}
        return Layout("prism conversations", fields, lambda row: _prism(_entries(row, "conversation_history")))
    if sample.has("conversation_id", "turn", "user_prompt", "model_response") and (
        sample.has("if_chosen") or sample.has("score")
    ):
        fields = {"user_id": "user_id", "prompt": "user_prompt", "answers": "model_response"}
        also = frozenset({"turn", "if_chosen", "score", "conversation_id", "within_turn_id", "utterance_id"})
        return Layout("prism utterances", fields, lambda row: _utterances(row), group="conversation_id", also=also)
    return None


def _utterances(row: Content) -> Iterator[Statement]:
    turns: list[Mapping[str, Any]] = []
    begun: set[float] = set()
    rows: Any = row["rows"]
    for one in sorted(rows, key=lambda each: number_of(each.get("turn")) or 0):
        number = number_of(one.get("turn")) or 0
        if number not in begun:
            begun.add(number)
            turns.append({"role": "user", "content": one.get("user_prompt")})
        turns.append({**one, "role": "model", "content": one.get("model_response")})
    yield from _prism(turns)


def _prism(history: Sequence[Mapping[str, Any]]) -> Iterator[Statement]:
    """The answers of each turn, after the earlier prompts and the answers that were chosen."""
    prompt: list[Message] = []
    answers: list[Mapping[str, Any]] = []

    def closed() -> Iterator[Statement]:
        if not answers:
            return
        marked = [one for one in answers if one.get("if_chosen") is True]
        if marked:
            texts = [str(one.get("content") or "") for one in answers]
            scores: list[float | None] = [
                1.0 if one in marked or str(one.get("content")) == marked[0].get("content") else 0.0 for one in answers
            ]
        else:
            texts = [str(one.get("content") or "") for one in answers]
            scores = [number_of(one.get("score")) for one in answers]
        yield from beats(tuple(prompt), list(zip(texts, scores, strict=True)))
        best = max(
            zip(scores, range(len(texts)), strict=True), key=lambda pair: (pair[0] is not None, pair[0] or 0, -pair[1])
        )
        prompt.append(Message("assistant", texts[best[1]]))
        answers.clear()

    for turn in history:
        if turn.get("role") in ("user", "human"):
            yield from closed()
            if not str(turn.get("content") or "").strip():
                raise RecordError("a turn of the user is empty")
            prompt.append(Message("user", str(turn.get("content"))))
        else:
            answers.append(turn)
    yield from closed()


def community_alignment(sample: Sample) -> Layout | None:
    """Community Alignment: up to four turns in a row, each with four answers and the letter of the best."""
    if not sample.has("first_turn_preferred_response"):
        return None
    also = frozenset(name for name in sample.columns if name.split("_turn_")[0] in _PLACES)
    fields = {"user_id": "annotator_id", "prompt": "first_turn_prompt", "label": "first_turn_preferred_response"}
    return Layout("community alignment", fields, _community, also=also)


def _community(row: Content) -> Iterator[Statement]:
    prompt: list[Message] = []
    for place in _PLACES:
        prompt_text, best = row.get(f"{place}_turn_prompt"), row.get(f"{place}_turn_preferred_response")
        if not isinstance(prompt_text, str) or not prompt_text.strip():
            break
        prompt.append(Message("user", prompt_text))
        answers = {
            letter: text.removesuffix("<|end_of_text|>").strip()
            for letter in "abcdef"
            if isinstance(text := row.get(f"{place}_turn_response_{letter}"), str) and text.strip()
        }
        letter = best.strip().lower()[-1:] if isinstance(best, str) else ""
        if letter not in answers:
            yield UNRATED if not letter else NO_VERDICT
            break
        yield from beats(tuple(prompt), [(text, float(name == letter)) for name, text in answers.items()])
        prompt.append(Message("assistant", answers[letter]))
    if not prompt:
        raise RecordError("first_turn_prompt is empty")


def collective_alignment(sample: Sample) -> Layout | None:
    """Collective alignment: answers with letters, and each annotator's ranking, such as "B>A=C"."""
    first = sample.value("metadata")
    if not (sample.has("prompt", "responses") and isinstance(first, Mapping) and "assessments" in first):
        return None
    fields = {"user_id": "metadata", "prompt": "prompt", "answers": "responses"}
    return Layout("collective alignment", fields, _assessed)


def _assessed(row: Content) -> Iterator[Statement]:
    prompt = prompt_of(row, "prompt")
    answers = {
        str(entry.get("response_index")): answer_of(entry.get("messages"), "responses")[1]
        for entry in _entries(row, "responses")
    }
    metadata: Any = row.get("metadata")
    for assessment in metadata.get("assessments") or []:
        blocks = (assessment.get("ranking_blocks") or {}).get("personal") or []
        ranking = next((block.get("ranking") for block in blocks if isinstance(block, Mapping)), None)
        if not ranking:
            yield Nothing("no personal ranking")
            continue
        scores = _ranking(str(ranking))
        yield from beats(
            prompt, [(text, scores.get(name)) for name, text in answers.items()], user=assessment.get("annotator_id")
        )


def _ranking(text: str) -> dict[str, float]:
    """The scores of "B>A=C": B is better than A and C, which tie."""
    parts = _RANKS.split(text.strip())
    scores, level = {parts[0].strip(): 0.0}, 0.0
    for sign, name in zip(parts[1::2], parts[2::2], strict=False):
        level -= sign == ">"
        scores[name.strip()] = level
    return scores


def multipref(sample: Sample) -> Layout | None:
    """MultiPref: two answers, and the verdicts of several annotators."""
    lists = tuple(name for name in ("normal_worker_annotations", "expert_worker_annotations") if sample.has(name))
    if not lists or not sample.has("completion_a", "completion_b"):
        return None
    prompt_key = sample.first(("text", "prompt"))
    if prompt_key is None:
        return None

    def read(row: Content) -> Iterator[Statement]:
        prompt = prompt_of(row, prompt_key)
        texts = {name: answer_of(row.get(name), name)[1] for name in ("completion_a", "completion_b")}
        for annotation in (one for name in lists for one in _entries(row, name)):
            side = side_of(str(annotation.get("overall_pref")).split("-")[0], "completion_a", "completion_b")
            if side not in ("first", "second"):
                yield TIE if side == "tie" else NO_VERDICT
                continue
            pair = tuple(texts.values()) if side == "first" else tuple(texts.values())[::-1]
            yield Choice(prompt, pair[0], pair[1], user=annotation.get("evaluator"))

    fields = {"user_id": lists[0], "prompt": prompt_key, "chosen": "completion_a", "rejected": "completion_b"}
    return Layout("multipref", fields, read, also=frozenset(lists))


def summaries(sample: Sample) -> Layout | None:
    """summarize-from-feedback (arXiv:2009.01325): two summaries of a post, and the index of the better one."""
    if not sample.has("info", "summaries", "choice"):
        return None

    def read(row: Content) -> Iterator[Statement]:
        info = row.get("info")
        texts = [str(entry.get("text") or "") for entry in _entries(row, "summaries")]
        choice = number_of(row.get("choice"))
        if not isinstance(info, Mapping) or len(texts) != 2:
            raise RecordError("info or summaries are missing")
        if choice not in (0, 1):
            yield NO_VERDICT
            return
        post = str(info.get("post") or info.get("article") or "")
        prompt = f"Summarize: {info.get('title') or ''}\n\n{post}".strip()
        yield Choice((Message("user", prompt),), texts[int(choice)], texts[1 - int(choice)])

    fields = {"user_id": "worker", "prompt": "info", "answers": "summaries", "label": "choice"}
    return Layout("summarize from feedback", fields, read)


def helpsteer(sample: Sample) -> Layout | None:
    """HelpSteer's ratings: an answer a row; answers to the same prompt stand together; arXiv:2406.08673."""
    if not sample.has("prompt", "response", "helpfulness", "correctness"):
        return None
    fields = {"prompt": "prompt", "answers": "response", "scores": "helpfulness"}
    return Layout("helpsteer ratings", fields, _helpful, group="prompt", apart=True)


def _helpful(row: Content) -> Iterator[Statement]:
    rows: Any = row["rows"]
    answers = [(answer_of(one.get("response"), "response")[1], number_of(one.get("helpfulness"))) for one in rows]
    yield from beats(prompt_of(rows[0], "prompt"), answers)
