"""A table of posts whose columns the recipe names, such as the export of a forum or of a support desk."""

from __future__ import annotations

from collections.abc import Mapping

from penchant.build.post import Post, post_of


def parse(content: Mapping[str, object], columns: Mapping[str, str], origin: str) -> Post:
    """A post from a row. Raises RecordError: the row is none."""
    return post_of(content, columns, origin)
