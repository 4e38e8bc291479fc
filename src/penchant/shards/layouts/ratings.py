"""Layouts with one answer and a thumb: KTO (TRL, LLaMA-Factory), tables of thumbs, and the logs of chat products.

A missing value is no thumb down: it says nothing. Stars from 1 to 5 are thumbs up from 4 on and thumbs down to 2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from penchant.errors import DataError, RecordError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import Layout, Nothing, Sample, Statement, Turns, Verdict, cell, objects, prompt_turns
from penchant.shards.layouts.pairs import with_earlier
from penchant.shards.layouts.verdicts import number_of
from penchant.shards.turns import answer_of, turn_of, turns_of, unpacked

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
)  # fmt: skip
_PROMPTS = (
    "prompt", "instruction", "question", "query", "input", "user_input", "user_message", "user_prompt", "request",
    "human", "user", "context", "message", "inputs", "user_question", "customer_question",
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
_USERS_SCORE = ("user", "thumb", "feedback", "human")
THUMBS = Scale()


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
    label, scale = found
    answer = next((spelt[name] for name in ANSWERS if name in spelt and spelt[name] != label), None)
    prompt_key = next((spelt[name] for name in _PROMPTS if name in spelt and spelt[name] not in (label, answer)), None)
    chat = next((column for name in CHATS if (column := spelt.get(name)) in sample.columns), None)
    name = "kto" if {"completion", "label"} <= set(spelt) or "kto_tag" in spelt else "thumbs"
    if answer is not None and prompt_key is not None:
        extra = ("input",) if prompt_key == "instruction" and sample.has("input") else ()

        def read(row: Content) -> Iterator[Statement]:
            before, text = answer_of(unwrapped(cell(row, answer)), answer)
            prompt = with_earlier(_prompt_turns(row, prompt_key, extra), before, prompt_key)
            yield from thumb(cell(row, label), prompt, text, scale)

        fields = {"prompt": prompt_key, "answer": answer, "label": label}
        return Layout(name, fields, read, also=frozenset({*extra, "system"} & set(sample.columns)))
    if answer is not None and name == "kto" and isinstance(unpacked(sample.value(answer)), list):
        return Layout(name, {"answer": answer, "label": label}, lambda row: _chat(row, answer, label, scale))
    if chat is not None:
        return Layout(name, {"answer": chat, "label": label}, lambda row: _chat(row, chat, label, scale))
    return None


def _label(sample: Sample, spelt: Mapping[str, str]) -> tuple[str, Scale] | None:
    """The column of thumbs: the first one that holds true and false, else the first that can be read."""
    named = [spelt[name] for name in _LABELS if name in spelt and sample.values(spelt[name])]
    named.sort(key=lambda column: not all(isinstance(value, bool) for value in sample.values(column)))
    for column in named:
        other = spelt.get(f"dis{column.lower()}") or spelt.get(column.lower().replace("up", "down"))
        if other not in (None, column):
            raise DataError(
                f"'{column}' and '{other}' both say whether an answer is liked; put them into one column of 1 (liked), "
                f"-1 (not liked) and 0 (neither), or name one: --columns prompt=…,answer=…,label={column}"
            )
        scale = scale_of(sample.values(column), column)
        if scale.stars or not all(isinstance(thumb_of(value, scale), Nothing) for value in sample.values(column)):
            return column, scale
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


def _prompt_turns(row: Content, prompt_key: str, extra: tuple[str, ...]) -> Turns:
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


def open_webui(sample: Sample) -> Layout | None:
    """Feedback of Open WebUI: a thumb, and the chat that it belongs to as messages under their ids."""
    first = sample.value("data")
    if not (isinstance(first, Mapping) and "rating" in first and sample.has("meta")):
        return None
    return Layout(
        "open webui",
        {"user_id": "user_id", "label": "data", "answer": "snapshot"},
        _feedback,
        also=frozenset({"meta", "type"}),
    )


def _feedback(row: Content) -> Iterator[Statement]:
    data, meta = row.get("data"), row.get("meta")
    if not isinstance(data, Mapping) or not isinstance(meta, Mapping):
        raise RecordError("data or meta are missing")
    liked = thumb_of(data.get("rating"))
    messages = _messages(row.get("snapshot"))
    rated_one = messages.get(str(meta.get("message_id")))
    if rated_one is None:
        raise RecordError("the chat of the feedback is not in the file")
    turns: list[Message] = []
    node: Mapping[str, Any] | None = rated_one
    seen: set[int] = set()
    while node is not None and id(node) not in seen:
        seen.add(id(node))
        turns.append(turn_of(node, "message"))
        node = messages.get(str(node.get("parentId")))
    turns.reverse()
    if turns[-1].role != "assistant" or not turns[-1].content.strip():
        raise RecordError("the feedback is not about an answer")
    if isinstance(liked, Nothing):
        yield liked
    else:
        yield Verdict(prompt_turns(tuple(turns[:-1]), "chat"), turns[-1].content, liked)


def _messages(value: Any) -> dict[str, Mapping[str, Any]]:
    """The messages of a chat by their ids, wherever the snapshot keeps them."""
    for _ in range(6):
        if not isinstance(value, Mapping):
            break
        history = value.get("history")
        inner = history.get("messages") if isinstance(history, Mapping) else value.get("messages")
        if isinstance(inner, Mapping):
            return {str(key): one for key, one in inner.items() if isinstance(one, Mapping)}
        if isinstance(inner, list):
            return {str(one.get("id")): one for one in inner if isinstance(one, Mapping)}
        value = value.get("chat")
    return {}


def traces(sample: Sample) -> Layout | None:
    """Traces of Langfuse: input, output, and a list of values in a column that is named as the score is."""
    if not sample.has("input", "output") or not (sample.has("userId") or sample.has("timestamp")):
        return None
    for column in (*sample.columns, *sample.nested()):
        lists = [one for value in sample.values(column) if (one := _scores(value))]
        scale = THUMBS if not lists else scale_of([one for some in lists for one in some], column)
        if (
            lists
            and column not in ("input", "output", "tags", "comments")
            and all(not isinstance(thumb_of(one, scale), Nothing) for some in lists for one in some)
        ):
            used = {"user_id": "userId", "prompt": "input", "answer": "output", "label": column}
            return Layout("langfuse traces", used, partial(_trace, column=column, scale=scale))
    return None


def _trace(row: Content, column: str, scale: Scale) -> Iterator[Statement]:
    prompt = _prompt_turns(row, "input", ())
    before, answer = answer_of(unwrapped(row.get("output")), "output")
    scores = _scores(cell(row, column))
    if not scores:
        yield UNRATED
    for score in scores:
        yield from thumb(score, with_earlier(prompt, before, "input"), answer, scale)


def _scores(value: object) -> list[object]:
    """The scores in a cell; of those with names only the users', not those of evaluators."""
    scores = _list_in(value) or []
    if scores and all(isinstance(one, Mapping) and "name" in one for one in scores):
        return [one for one in scores if any(mark in str(one["name"]).lower() for mark in _USERS_SCORE)]  # type: ignore[index]
    return scores


def _list_in(value: object) -> list[object] | None:
    """A list in a cell, also as text; None for another value."""
    if isinstance(value, str) and value[:1] == "[":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else None


def chainlit(sample: Sample) -> Layout | None:
    """Threads of Chainlit: steps in order, some with feedback of 1 or 0."""
    steps = sample.value("steps")
    if not (isinstance(steps, list) and steps and isinstance(steps[0], Mapping) and "type" in steps[0]):
        return None
    return Layout("chainlit threads", {"user_id": "userIdentifier", "answer": "steps"}, _thread)


def _thread(row: Content) -> Iterator[Statement]:
    turns: list[Message] = []
    found = False
    for step in objects(row.get("steps"), "steps"):
        text = str(step.get("output") or step.get("input") or "")
        if step.get("type") == "user_message":
            turns.append(Message("user", text))
        elif step.get("type") == "assistant_message" and turns:
            if step.get("feedback"):
                found = True
                liked = thumb_of(step["feedback"].get("value"))
                yield liked if isinstance(liked, Nothing) else Verdict(prompt_turns(tuple(turns)), text, liked)
            turns.append(Message("assistant", text))
    if not found:
        yield UNRATED
