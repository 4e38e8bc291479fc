"""Files as posts. A source is a table of posts or of messages with a name for each column, or a dump of Reddit.

The main process reads raw lines or rows in batches; workers turn a batch into posts. So a batch is the same with any
number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from penchant.build.post import Post
from penchant.build.recipe import SourceSection
from penchant.build.sources import chats, reddit, threads
from penchant.build.sources.lines import Line, json_lines, table_lines
from penchant.build.turns import BEFORE
from penchant.errors import DataError, RecordError
from penchant.shards.tables.text import PACKED

Parse = Callable[[Mapping[str, object], Mapping[str, str], str], Post]
_PARSE: Mapping[str, Parse] = {"threads": threads.parse, "chats": chats.parse, "reddit": reddit.parse}
"""Kind of source -> how a row becomes a post."""
KINDS = tuple(_PARSE)
_LINES = (".jsonl", ".ndjson")
_FIRST = 1_000
"""Rows that are looked at before a build begins."""
_BUCKET, _PACKED = 30_000_000, 8
"""Bytes of a bucket; how much larger text is than its packed file."""


def files_of(source: SourceSection) -> list[Path]:
    """The files of a source, in order. Raises DataError: there are none."""
    path = Path(source.path)
    files = sorted(path.parent.glob(path.name)) if any(sign in path.name for sign in "*?[") else [path]
    if not files or not all(file.exists() for file in files):
        raise DataError(f"{path}: no such file; check the path of this source in the recipe")
    return files


def buckets_for(sources: Sequence[SourceSection]) -> int:
    """A number of buckets of some 30 MB of text each, at least 16."""
    files = [file for source in sources for file in files_of(source)]
    size = sum(file.stat().st_size * (_PACKED if file.suffix.lower() in PACKED else 1) for file in files)
    return max(16, size // _BUCKET)


def unknown_columns(source: SourceSection) -> tuple[list[tuple[str, str]], list[str]]:
    """Fields whose columns are in none of the first rows, as (field, column), and the columns that those rows have."""
    names: dict[str, None] = {}
    for line in islice(chain.from_iterable(batches(source, _FIRST)), _FIRST):
        names.update(dict.fromkeys(line.content()[0]))
    unknown = [(field, column) for field, column in source.columns.items() if column not in names]
    return (unknown if names else []), list(names)


def batches(source: SourceSection, size: int) -> Iterator[list[Line]]:
    """The rows of a source, unparsed, in batches; each row is in exactly one batch."""
    batch: list[Line] = []
    for file in files_of(source):
        is_text = any(ending in file.name.lower() for ending in _LINES) or source.kind == "reddit"
        for line in json_lines(file) if is_text else table_lines(file):
            batch.append(line)
            if len(batch) == size:
                yield batch
                batch = []
    if batch:
        yield batch


def _of_forum(post: Post, forum: str) -> Post:
    """The post with the name of its forum before its ids."""
    if not forum:
        return post
    parent = post.parent if post.parent in (None, BEFORE) else f"{forum}/{post.parent}"
    return replace(post, id=f"{forum}/{post.id}", thread=f"{forum}/{post.thread}", parent=parent)


def parsed(lines: Sequence[Line], source: SourceSection) -> Iterator[Post | tuple[Line, str]]:
    """The posts of a batch; for a row that is no post, the row and the reason."""
    parse = _PARSE[source.kind]
    for line in lines:
        content, reason = line.content()
        if reason:
            yield line, reason
            continue
        try:
            yield _of_forum(parse(content, source.columns, line.origin), source.forum)
        except RecordError as error:
            yield line, str(error)
