"""Chats: answers with thumbs, messages of LibreChat, votes between two chats (FastChat), and one's own (ChatGPT)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    Wrote,
    cell,
    objects,
    prompt_turns,
)
from penchant.shards.layouts.ratings import CHATS, THUMBS, UNRATED, Scale, scale_of, thumb
from penchant.shards.layouts.verdicts import TIE
from penchant.shards.times import time_of
from penchant.shards.turns import answer_of, filled, turn_of

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
    """The thumb itself, where the value is an object that holds it."""
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


def fastchat(sample: Sample) -> Layout | None:
    """Logs of FastChat's arena: two states of one conversation, and a vote in `type`; arXiv:2306.05685."""
    if not sample.has("type", "states"):
        return None
    return Layout("fastchat votes", {"answers": "states", "label": "type"}, _voted, also=frozenset({"state", "models"}))


def _voted(row: Content) -> Iterator[Statement]:
    vote = row.get("type")
    if vote in ("tievote", "bothbad_vote"):
        yield TIE
        return
    if vote in ("upvote", "downvote", "flag"):
        yield Nothing("a vote on a single chat")
        return
    if vote not in ("leftvote", "rightvote"):
        yield Nothing("a chat without a vote")
        return
    states = objects(row.get("states"), "states")
    if len(states) != 2:
        raise RecordError(f"states holds {len(states)} conversations; a vote is between two")
    (before, left), (beside, right) = (answer_of(state.get("messages"), "states") for state in states)
    if before != beside:
        raise RecordError("the two conversations differ before their last answer, so they share no prompt")
    prompt = prompt_turns(before, "states")
    yield Choice(prompt, left, right) if vote == "leftvote" else Choice(prompt, right, left)


def chatgpt(sample: Sample) -> Layout | None:
    """The export of somebody's own chats with ChatGPT: what they wrote is evidence of this one person."""
    if not sample.has("mapping", "current_node"):
        return None
    return Layout("chatgpt export", {"text": "mapping"}, _own_chat, also=frozenset({"current_node", "title"}))


def _own_chat(row: Content) -> Iterator[Statement]:
    nodes: Any = row.get("mapping")
    if not isinstance(nodes, Mapping):
        raise RecordError("mapping holds no messages")
    written: list[Statement] = []
    node, seen = nodes.get(str(row.get("current_node"))), set()
    while isinstance(node, Mapping) and id(node) not in seen:  # from the last message back to the first
        seen.add(id(node))
        parts = cell(node, "message.content.parts")
        texts = [part for part in parts if isinstance(part, str)] if isinstance(parts, list) else []
        text = "\n".join(texts).strip()
        if cell(node, "message.author.role") == "user" and text:
            written.append(Wrote(filled(text, "mapping"), user="owner", at=time_of(cell(node, "message.create_time"))))
        node = nodes.get(str(node.get("parent")))
    yield from reversed(written)
    if not written:
        yield Nothing("a chat in which the person wrote nothing")
