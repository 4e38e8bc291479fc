"""Layouts of the logs of chat products, with thumbs: Open WebUI, Langfuse, Weave and Chainlit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from penchant.errors import RecordError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import Layout, Nothing, Sample, Statement, Verdict, cell, objects, prompt_turns
from penchant.shards.layouts.pairs import with_earlier
from penchant.shards.layouts.ratings import THUMBS, UNRATED, Scale, prompt_in, scale_of, thumb, thumb_of, unwrapped
from penchant.shards.times import time_of
from penchant.shards.turns import answer_of, turn_of, turns_of

_USERS_SCORE = ("user", "thumb", "feedback", "human")


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
    prompt = prompt_in(row, "input", ())
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


def weave(sample: Sample) -> Layout | None:
    """Calls of W&B Weave: the messages, a completion, and reactions of people."""
    if not sample.has("inputs", "output", "summary") or not sample.values("summary.weave.feedback"):
        return None
    fields = {"prompt": "inputs", "answer": "output", "label": "summary"}
    return Layout("weave calls", fields, _reactions)


def _reactions(row: Content) -> Iterator[Statement]:
    found = False
    for entry in objects(cell(row, "summary.weave.feedback"), "summary.weave.feedback"):
        alias = cell(entry, "payload.alias") or cell(entry, "payload.emoji")
        if not str(entry.get("feedback_type")).startswith("wandb.reaction"):
            continue
        found = True
        prompt = prompt_turns(turns_of(unwrapped(row.get("inputs")), "inputs"), "inputs")
        before, answer = answer_of(unwrapped(row.get("output")), "output")
        prompt = with_earlier(prompt, before, "inputs")
        at = time_of(entry.get("created_at"))
        yield from thumb(alias, prompt, answer, THUMBS, user=entry.get("creator"), at=at)
    if not found:
        yield UNRATED
