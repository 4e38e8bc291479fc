"""Layouts with several answers to one prompt, each with a score, a rank or a mark: the best beats each that is worse.

UltraFeedback (arXiv:2310.01377), Nectar, Stack Exchange, PRISM (arXiv:2404.16019), Community Alignment
(arXiv:2507.09650), collective alignment, MultiPref, HelpSteer. Answers that are as good as the best state nothing, and
are counted as ties.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from penchant.errors import RecordError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import (
    Choice,
    Layout,
    Nothing,
    Sample,
    Statement,
    Turns,
    prompt_of,
)
from penchant.shards.layouts.verdicts import NO_VERDICT, TIE, number_of, side_of
from penchant.shards.turns import answer_of, turn_of, unpacked

UNRATED = Nothing("fewer than two answers are rated")
PROMPTS = ("instruction", "prompt", "question", "input", "query", "messages", "conversation", "contents", "context")
LISTS = ("completions", "answers", "responses", "candidates", "generations", "outputs", "options")
"""Columns that may hold a list of answers."""
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
    prompt_key = sample.first(PROMPTS)
    if prompt_key is None:
        return None
    for column in LISTS:
        first = first_list(sample, column)
        if not first:
            continue
        entry = first[0]
        if isinstance(entry, Mapping):
            kind = _kind(entry)
            if kind is not None:
                name, text, score = kind
                return Layout(
                    name,
                    {"prompt": prompt_key, "answers": column},
                    partial(_listed, prompt_key=prompt_key, column=column, text=text, score=score),
                    also=frozenset({"system_instruction"} & set(sample.columns)),
                )
        elif isinstance(entry, str):
            ratings = sample.first(("ratings", "scores", "ranks", "rewards"))
            if ratings is not None:
                return Layout(
                    "answers with scores",
                    {"prompt": prompt_key, "answers": column, "scores": ratings},
                    partial(_parallel_lists, prompt_key=prompt_key, column=column, ratings=ratings),
                )
    return None


def first_list(sample: Sample, column: str) -> Sequence[Any]:
    """The first list in a column; empty where there is none."""
    lists = (value for value in sample.values(column) if not isinstance(value, str))
    return next((value for value in map(unpacked, lists) if isinstance(value, Sequence)), ())


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
    if isinstance(system := row.get("system_instruction"), Mapping):
        prompt = (turn_of({"role": "system", **system}, "system_instruction"), *prompt)
    sign, key = (-1, score[1:]) if score.startswith("-") else (1, score)
    answers = []
    for entry in entries_of(row, column):
        value = number_of(entry.get(key))
        said = entry.get(text)
        said = said if isinstance(said, str) or said is None else answer_of(said, column)[1]  # Gemini, NeMo
        answers.append((said if isinstance(said, str) else "", None if value is None else sign * value))
    yield from beats(prompt, answers)


def _parallel_lists(row: Content, prompt_key: str, column: str, ratings: str) -> Iterator[Statement]:
    texts, scores = unpacked(row.get(column)), unpacked(row.get(ratings))
    if not isinstance(texts, Sequence) or not isinstance(scores, Sequence) or len(texts) != len(scores):
        raise RecordError(f"{column} and {ratings} are not lists of the same length")
    sign = -1 if ratings == "ranks" else 1
    values = [None if (value := number_of(score)) is None else sign * value for score in scores]
    yield from beats(prompt_of(row, prompt_key), zip(map(str, texts), values, strict=True))


def entries_of(row: Content, column: str) -> list[Mapping[str, Any]]:
    """The objects of a list of answers. Raises RecordError: the cell holds something else."""
    value = unpacked(row.get(column))
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(one, Mapping) for one in value):
        raise RecordError(f"{column} is no list of answers")
    return list(value)


def prism(sample: Sample) -> Layout | None:
    """PRISM: rows of single answers that belong to conversations, or whole conversations."""
    if sample.has("conversation_history", "conversation_id"):
        fields = {"user_id": "user_id", "answers": "conversation_history"}
        return Layout("prism conversations", fields, lambda row: _prism(entries_of(row, "conversation_history")))
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
    return Layout("collective alignment, personal rankings", fields, _assessed)


def _assessed(row: Content) -> Iterator[Statement]:
    prompt = prompt_of(row, "prompt")
    answers = {
        str(entry.get("response_index")): answer_of(entry.get("messages"), "responses")[1]
        for entry in entries_of(row, "responses")
    }
    metadata: Any = row.get("metadata")
    for assessment in metadata.get("assessments") or []:
        blocks = (assessment.get("ranking_blocks") or {}).get("personal") or []
        ranking = next((block.get("ranking") for block in blocks if isinstance(block, Mapping)), None)
        if not ranking:
            yield Nothing("no personal ranking")
            continue
        scores = ranking_of(str(ranking))
        yield from beats(
            prompt, [(text, scores.get(name)) for name, text in answers.items()], user=assessment.get("annotator_id")
        )


def ranking_of(text: str) -> dict[str, float]:
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
        for annotation in (one for name in lists for one in entries_of(row, name)):
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
        texts = [str(entry.get("text") or "") for entry in entries_of(row, "summaries")]
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
