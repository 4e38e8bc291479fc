"""Chats whose turns hold the thumbs: each answer with one is a rating, after the turns before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import Layout, Sample, Statement, objects, prompt_turns
from penchant.shards.layouts.ratings import CHATS, THUMBS, UNRATED, Scale, scale_of, thumb
from penchant.shards.turns import filled, turn_of

_THUMBS = ("feedback", "user_feedback", "thumb", "thumbs", "rating", "vote", "reaction", "liked")
_PARTS = ("thumb", "thumbs", "rating", "value", "score", "type", "sentiment")
"""Parts of an object that may hold the thumb itself."""


def chats(sample: Sample) -> Layout | None:
    """A table with a chat in each row, whose answers have thumbs."""
    spelt = sample.plain()
    column = next((spelt[name] for name in CHATS if name in spelt), None)
    if column is None:
        return None
    turns = [turn for value in sample.values(column) if isinstance(value, list) for turn in value]
    turns = [turn for turn in turns if isinstance(turn, Mapping)]
    label = next((name for name in _THUMBS if any(_part(turn.get(name)) is not None for turn in turns)), None)
    if label is None:
        return None
    values = [value for turn in turns if (value := _part(turn.get(label))) is not None]
    scale = THUMBS if any(isinstance(value, list | Mapping) for value in values) else scale_of(values, label)
    read = partial(_rated, column=column, label=label, scale=scale)
    return Layout("chats with thumbs", {"answer": column, "label": column}, read)


def _part(value: object) -> object:
    """The thumb in what a turn says of it."""
    return next((value[name] for name in _PARTS if name in value), None) if isinstance(value, Mapping) else value


def _rated(row: Content, column: str, label: str, scale: Scale) -> Iterator[Statement]:
    entries = objects(row.get(column), column)
    turns = tuple(turn_of(entry, f"{column}[{place}]") for place, entry in enumerate(entries))
    found = False
    for place, (entry, turn) in enumerate(zip(entries, turns, strict=True)):
        if turn.role == "assistant" and _part(entry.get(label)) is not None:
            found = True
            yield from thumb(_part(entry.get(label)), prompt_turns(turns[:place], column), turn.content, scale)
    if not found:
        yield UNRATED


def librechat(sample: Sample) -> Layout | None:
    """Messages of LibreChat, one a row: each names its parent, and some answers have feedback."""
    if not sample.has("messageId", "parentMessageId", "text", "isCreatedByUser", "conversationId"):
        return None
    fields = {"user_id": "user", "answer": "text", "label": "feedback"}
    return Layout("librechat", fields, _conversation, group="conversationId", also=frozenset(sample.columns) - {"user"})


def _conversation(row: Content) -> Iterator[Statement]:
    rows: Any = row["rows"]
    nodes = {str(one.get("messageId")): one for one in rows}
    found = False
    for node in rows:
        if node.get("isCreatedByUser") or _part(node.get("feedback")) is None:
            continue
        found = True
        turns: list[Message] = []
        parent, seen = nodes.get(str(node.get("parentMessageId"))), set()
        while parent is not None and id(parent) not in seen:
            seen.add(id(parent))
            turns.append(
                Message("user" if parent.get("isCreatedByUser") else "assistant", str(parent.get("text") or ""))
            )
            parent = nodes.get(str(parent.get("parentMessageId")))
        prompt = prompt_turns(tuple(reversed(turns)), "text")
        yield from thumb(_part(node.get("feedback")), prompt, filled(str(node.get("text") or ""), "text"), THUMBS)
    if not found:
        yield UNRATED
