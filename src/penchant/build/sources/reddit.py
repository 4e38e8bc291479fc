"""Dumps of Reddit: submissions and comments, one JSON object a line, as the files RS_* and RC_* have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penchant.build.post import Post, post_of
from penchant.errors import RecordError

_COMMENT: Final = {"id": "id", "thread": "link_id", "parent": "parent_id", "text": "body"}
_SUBMISSION: Final = {"id": "id", "title": "title", "text": "selftext"}
_BOTH: Final = {"author": "author", "score": "score", "at": "created_utc"}


def parse(content: Mapping[str, object], columns: Mapping[str, str], origin: str) -> Post:
    """A post from a submission or a comment; ids are full names (`t3_…`, `t1_…`), as comments refer to them.

    Args:
        columns: not used: a dump has fixed names.
    Raises:
        RecordError: the row is neither.
    """
    del columns
    if "body" in content:
        return post_of({**content, "id": _full(content, "t1_")}, {**_COMMENT, **_BOTH}, origin)
    if "title" in content:
        # the title of a submission stays when its text is gone
        text = None if content.get("selftext") in ("[removed]", "[deleted]") else content.get("selftext")
        values = {**content, "selftext": text, "id": _full(content, "t3_")}
        return post_of(values, {**_SUBMISSION, **_BOTH}, origin)
    raise RecordError("neither a submission (title) nor a comment (body)")


def _full(content: Mapping[str, object], kind: str) -> str:
    name = str(content.get("id") or "")
    return name if not name or name.startswith(kind) else kind + name
