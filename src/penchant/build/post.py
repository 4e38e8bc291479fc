"""A post: one text by one author in one thread; and how posts lie on disk between the steps of a build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from penchant.errors import RecordError
from penchant.shards.times import time_of


@dataclass(frozen=True, slots=True)
class Post:
    """One text."""

    id: str
    thread: str
    parent: str | None
    """Id of the post that it answers; None for the first post of a thread."""
    author: str
    text: str
    score: int | None = None
    """Votes; None: unknown."""
    at: datetime | None = None
    origin: str = ""
    """Source and row, for people."""


SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("thread", pa.string()),
        ("parent", pa.string()),
        ("author", pa.string()),
        ("text", pa.string()),
        ("score", pa.int64()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("origin", pa.string()),
    ]
)


def post_of(content: Mapping[str, object], columns: Mapping[str, str], origin: str) -> Post:
    """A post from a row.

    Args:
        columns: field of `recipe.FIELDS` -> the row's column.
        origin: source and row.
    Raises:
        RecordError: the row is no post; the message is the reason for dropping it.
    """
    values = {field: content.get(column) for field, column in columns.items()}
    name, author = _id(values.get("id")), _id(values.get("author"))
    if not name:
        raise RecordError("no id")
    if not author:
        raise RecordError("no author")
    texts = [str(values[part]).strip() for part in ("title", "text") if values.get(part) is not None]
    text = "\n\n".join(part for part in texts if part)
    if not text:
        raise RecordError("no text")
    if "\0" in text:
        raise RecordError("a NUL character in the text")
    parent = _id(values.get("parent"))
    return Post(
        id=name,
        thread=_id(values.get("thread")) or (parent or name),
        parent=parent or None,
        author=author,
        text=text,
        score=_integer(values.get("score")),
        at=time_of(values.get("at")),
        origin=origin,
    )


def table_of(posts: Sequence[Post]) -> pa.Table:
    """Posts as a table."""
    return pa.table({name: [getattr(post, name) for post in posts] for name in SCHEMA.names}, schema=SCHEMA)


def posts_of(table: pa.Table) -> Iterable[Post]:
    """The posts of a table."""
    columns = {name: table.column(name).to_pylist() for name in SCHEMA.names}
    return (Post(*row) for row in zip(*columns.values(), strict=True))


def _id(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _integer(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        return None
