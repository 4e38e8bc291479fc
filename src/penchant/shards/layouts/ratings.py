"""Layouts with one answer and a thumb: KTO (TRL, LLaMA-Factory) and tables of thumbs.

A missing value is no thumb down: it says nothing. Stars from 1 to 5 are thumbs up from 4 on and thumbs down to 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from penchant.errors import DataError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import Layout, Nothing, Sample, Statement, Turns, Verdict, cell, prompt_turns
from penchant.shards.layouts.pairs import with_earlier
from penchant.shards.layouts.verdicts import number_of
from penchant.shards.turns import answer_of, turns_of, unpacked

UNRATED = Nothing("the answer is not rated")
UNCLEAR = Nothing("the rating is neither up nor down")
NEUTRAL = Nothing("the rating is neutral")
_UP = frozenset(
    [
        "1",
        "1.0",
        "+1",
        "true",
        "yes",
        "y",
        "up",
        "thumbsup",
        "thumbup",
        "upvote",
        "upvoted",
        "like",
        "liked",
        "positive",
        "good",
        "helpful",
        "love",
        "accept",
        "accepted",
        "desirable",
        "👍",
        "correct",
        "great",
        "satisfied",
    ]
)
_DOWN = frozenset(
    [
        "0",
        "0.0",
        "-1",
        "-1.0",
        "false",
        "no",
        "n",
        "down",
        "thumbsdown",
        "thumbdown",
        "downvote",
        "downvoted",
        "dislike",
        "disliked",
        "negative",
        "bad",
        "unhelpful",
        "nothelpful",
        "reject",
        "rejected",
        "undesirable",
        "👎",
        "incorrect",
        "dissatisfied",
    ]
)
_LABELS = (
    "kto_tag", "liked", "thumbs_up", "thumb_up", "thumb", "thumbs", "user_feedback", "user-feedback", "feedback",
    "is_positive", "is_liked", "helpful", "reaction", "vote", "rating", "label", "score", "value", "sentiment",
    "feedback_rating", "user_rating", "stars", "avg",
)  # fmt: skip
ANSWERS = (
    "completion", "response", "answer", "output", "reply", "bot_response", "assistant_response", "model_response",
    "model_output", "assistant", "bot", "generation", "prediction", "message", "assistant_message", "bot_message",
    "outputs", "model_answer", "ai_answer", "ai_response", "bot_answer", "bot_reply", "candidate",
    "response_content",
)  # fmt: skip
_PROMPTS = (
    "prompt", "instruction", "question", "query", "input", "user_input", "user_message", "user_prompt", "request",
    "human", "user", "context", "message", "inputs", "user_question", "customer_question",
    "question_content",
)  # fmt: skip
CHATS = ("messages", "conversations", "conversation", "chat", "turns", "history", "transcript", "dialogue", "dialog")


@dataclass(frozen=True, slots=True)
class Scale:
    """How the numbers of a column of thumbs are read."""

    stars: bool = False
    """From 1 to 5: up from 4 on, down to 2."""
    neutral: bool = False
    """1, 0 and -1: 0 is neither, where without -1 it is a thumb down."""


_STARS = re.compile(r"(\d(?:\.\d)?) ?(?:/ ?5|stars?|★|⭐)", re.IGNORECASE)
THUMBS = Scale()
_MARKS = {"true", "false", "1", "0", "1.0", "0.0", ""}
"""Values of two columns, one for thumbs up and one for thumbs down."""


def thumb_of(value: object, scale: Scale = THUMBS) -> bool | Nothing:
    """Whether a value is a thumb up; `Nothing` where it says neither."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if len(value) == 1 else None
    if isinstance(value, Mapping):
        value = value.get("rating", value.get("value", value.get("score")))
    if value is None or value == "":
        return UNRATED
    if scale.stars:
        number = stars_of(value)
        return UNCLEAR if number is None or 2 < number < 4 else number >= 4
    if scale.neutral and number_of(value) == 0:
        return NEUTRAL
    plain = str(value).strip().lower().replace("_", "").replace(" ", "").replace(":", "")
    plain = plain.replace("-", "") if plain not in ("-1", "-1.0") else plain
    return True if plain in _UP else False if plain in _DOWN else UNCLEAR


def rated(sample: Sample) -> Layout | None:
    """A table with an answer and a thumb in each row.

    Raises:
        DataError: the values are numbers that are neither thumbs nor stars from 1 to 5.
    """
    spelt = sample.spelt()
    if not any(name in spelt for name in (*ANSWERS, *CHATS)):
        return None  # nothing that could be rated: the votes of comments are no thumbs
    found = _label(sample, spelt)
    if found is None:
        return None
    label, scale, down = found
    answer = next((spelt[name] for name in ANSWERS if name in spelt and spelt[name] != label), None)
    prompt_key = next((spelt[name] for name in _PROMPTS if name in spelt and spelt[name] not in (label, answer)), None)
    chat = next((column for name in CHATS if (column := spelt.get(name)) in sample.columns), None)
    name = "kto" if {"completion", "label"} <= set(spelt) or "kto_tag" in spelt else "thumbs"
    if answer is not None and prompt_key is not None:
        extra = ("input",) if prompt_key == "instruction" and sample.has("input") else ()

        def read(row: Content) -> Iterator[Statement]:
            before, text = answer_of(unwrapped(cell(row, answer)), answer)
            prompt = with_earlier(prompt_in(row, prompt_key, extra), before, prompt_key)
            value = cell(row, label) if down is None else _of_two(cell(row, label), cell(row, down))
            yield from thumb(value, prompt, text, scale)

        fields = {"prompt": prompt_key, "answer": answer, "label": label}
        return Layout(name, fields, read, also=frozenset({*extra, "system", down or ""} & set(sample.columns)))
    if answer is not None and name == "kto" and isinstance(unpacked(sample.value(answer)), list):
        return Layout(name, {"answer": answer, "label": label}, lambda row: _chat(row, answer, label, scale))
    if chat is not None:
        return Layout(name, {"answer": chat, "label": label}, lambda row: _chat(row, chat, label, scale))
    return None


def _of_two(up: object, down: object) -> object:
    """The thumb that two columns tell, such as `liked` and `disliked`; None where neither or both are marked."""
    marked = thumb_of(up) is True, thumb_of(down) is True
    return marked[0] if marked[0] != marked[1] else None


def _label(sample: Sample, spelt: Mapping[str, str]) -> tuple[str, Scale, str | None] | None:
    """The column of thumbs, its scale, and the column of thumbs down, if there is one.

    The first column that holds true and false, else the first that can be read.
    """
    named = [spelt[name] for name in _LABELS if name in spelt and sample.values(spelt[name])]
    named.sort(key=lambda column: not all(isinstance(value, bool) for value in sample.values(column)))
    for column in named:
        other = spelt.get(f"dis{column.lower()}") or spelt.get(column.lower().replace("up", "down"))
        if other not in (None, column):
            marks = (*sample.values(column), *sample.values(other))
            if {str(value).strip().lower() for value in marks} <= _MARKS:
                return column, THUMBS, other
            raise DataError(
                f"'{column}' and '{other}' both say whether an answer is liked; put them into one column of 1 (liked), "
                f"-1 (not liked) and 0 (neither), or name one: --columns prompt=…,answer=…,label={column}"
            )
        scale = scale_of(sample.values(column), column)
        if scale.stars or not all(isinstance(thumb_of(value, scale), Nothing) for value in sample.values(column)):
            return column, scale, None
    return None


def scale_of(values: Sequence[object], column: str) -> Scale:
    """How the values of a column are read.

    Raises:
        DataError: they are numbers that are neither thumbs nor stars from 1 to 5.
    """
    numbers = [stars_of(value) for value in values if not isinstance(value, bool)]
    known = [number for number in numbers if number is not None]
    rest = [value for value in values if isinstance(value, bool) or stars_of(value) is None]
    # beside true and false or other words for thumbs, 1 is a thumb up; beside other numbers, it is the worst of a scale
    if not known or any(not isinstance(thumb_of(value), Nothing) for value in rest):
        return THUMBS
    if max(known) <= 1:
        return Scale(neutral=min(known) < 0)
    if min(known) < 1 or max(known) > 5:
        raise DataError(
            f"'{column}' holds numbers from {min(known):g} to {max(known):g}, neither thumbs nor 1 to 5 stars; "
            "turn them into true and false"
        )
    return Scale(stars=True)


def stars_of(value: object) -> float | None:
    """A number, also as `4/5`, `4 stars` or `★★★★☆`; None for anything else."""
    if isinstance(value, str) and value.strip() and set(value.strip()) <= {"★", "☆", "⭐"}:
        return float(sum(value.count(star) for star in "★⭐"))
    match = _STARS.fullmatch(value.strip()) if isinstance(value, str) else None
    return number_of(value if match is None else match[1])


def prompt_in(row: Content, prompt_key: str, extra: tuple[str, ...]) -> Turns:
    """The prompt in a column, with the texts of further columns and the system turn. Raises as `prompt_turns`."""
    value = unwrapped(cell(row, prompt_key))
    more = [str(row[name]).strip() for name in extra if isinstance(row.get(name), str) and str(row[name]).strip()]
    turns = turns_of("\n\n".join([value, *more]) if isinstance(value, str) and more else value, prompt_key)
    system = row.get("system")
    if isinstance(system, str) and system.strip():
        turns = (Message("system", system), *turns)
    return prompt_turns(turns, prompt_key)


def unwrapped(value: object) -> object:
    """What an application logs as its input or output: a text under some key, or choices of a completion."""
    value = unpacked(value)
    if isinstance(value, Mapping):
        if isinstance(choices := value.get("choices"), Sequence) and choices and isinstance(choices[0], Mapping):
            return choices[0].get("message", choices[0].get("text"))
        for key in (
            "messages",
            "content",
            "text",
            "question",
            "input",
            "query",
            "prompt",
            "output",
            "answer",
            "response",
        ):
            if key in value and not ("role" in value and key == "content"):
                return unwrapped(value[key])
    return value


def thumb(
    value: object, prompt: Turns, answer: str, scale: Scale, *, user: object = None, at: datetime | None = None
) -> Iterator[Statement]:
    """What a value says of an answer."""
    liked = thumb_of(value, scale)
    yield liked if isinstance(liked, Nothing) else Verdict(prompt, answer, liked, user=user, at=at)


def _chat(row: Content, chat: str, label: str, scale: Scale) -> Iterator[Statement]:
    before, answer = answer_of(unwrapped(cell(row, chat)), chat)
    yield from thumb(cell(row, label), prompt_turns(before, chat), answer, scale)
