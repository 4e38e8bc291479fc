"""A table of messages: the log of a chat, a messenger or a support desk, where each message answers the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from penchant.build.post import Post, post_of
from penchant.build.turns import BEFORE
from penchant.errors import RecordError


def parse(content: Mapping[str, object], columns: Mapping[str, str], origin: str) -> Post:
    """A post from a message; messages seldom have ids, and one without has the name of its row.

    Raises:
        RecordError: the row is no message, or its conversation is not named.
    """
    if "id" not in columns:
        content, columns = {**content, "\0id": origin}, {**columns, "id": "\0id"}
    if content.get(columns.get("thread", "")) in (None, ""):
        raise RecordError("no conversation (thread)")
    return replace(post_of(content, columns, origin), parent=BEFORE)
