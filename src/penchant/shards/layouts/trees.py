"""Open Assistant: trees of messages, in which several replies to a prompt have ranks; arXiv:2304.07327.

Among the replies to a prompt, the one of the lowest rank is the best. The file has one tree a row (`ready.trees`), or
one message a row (`oasst1`). The `user_id` of a message is its author; who ranked the replies is not in the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from penchant.errors import RecordError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import Layout, Sample, Statement, Turns
from penchant.shards.layouts.scores import UNRATED, beats
from penchant.shards.layouts.verdicts import number_of

_MESSAGE = ("message_id", "parent_id", "message_tree_id", "text", "role", "rank")


def oasst(sample: Sample) -> Layout | None:
    """A file of trees, or of messages that name their tree and parent."""
    if sample.has("message_tree_id", "prompt") and isinstance(sample.value("prompt"), Mapping):
        also = frozenset({"message_tree_id", "tree_state", "origin"})
        return Layout("oasst trees", {"prompt": "prompt"}, _tree, also=also)
    if sample.has(*_MESSAGE):
        fields = {"prompt": "text", "answers": "text", "scores": "rank"}
        return Layout("oasst messages", fields, _messages, group="message_tree_id", also=frozenset(sample.columns))
    return None


def _tree(row: Content) -> Iterator[Statement]:
    root: Any = row["prompt"]
    yield from _ranked(root)


def _messages(row: Content) -> Iterator[Statement]:
    """The messages of one tree, put together by their parents."""
    rows: Any = row["rows"]
    nodes = {str(one.get("message_id")): {**one, "replies": []} for one in rows}
    roots: list[dict[str, Any]] = []
    for node in nodes.values():
        parent = nodes.get(str(node.get("parent_id")))
        (roots if parent is None else parent["replies"]).append(node)
    if len(roots) != 1:
        raise RecordError("the messages of the tree have no common beginning; some of them are missing")
    yield from _ranked(roots[0])


def _ranked(root: Mapping[str, Any]) -> Iterator[Statement]:
    stack: list[tuple[Mapping[str, Any], Turns]] = [(root, ())]
    found = False
    while stack:
        node, before = stack.pop()
        message = Message("user" if node.get("role") == "prompter" else "assistant", str(node.get("text") or ""))
        turns = (*before, message)
        replies = [one for one in node.get("replies") or [] if isinstance(one, Mapping)]
        if message.role == "user" and replies:
            ranks = [(str(one.get("text") or ""), number_of(one.get("rank"))) for one in replies]
            rated = [(text, None if rank is None else -rank) for text, rank in ranks]
            if sum(rank is not None for _, rank in rated) > 1:
                found = True
                yield from beats(turns, rated)
        stack += [(one, turns) for one in reversed(replies)]
    if not found:
        yield UNRATED
