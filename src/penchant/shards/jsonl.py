"""Reads and writes records as JSON lines: one object per line, with the keys of `shards.codec`.

People can write and read this layout by hand. A line with directions names their space. So lines can be cut, shuffled
and joined, and still cannot be read with the wrong space.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from penchant.errors import DataError
from penchant.record import Record
from penchant.shards.atomic import replacing
from penchant.shards.base import Kept, Loaded, SourceRow
from penchant.shards.codec import decode, encode
from penchant.shards.fields import Content, mapping, refuse_unknown, text
from penchant.shards.manifest import SpaceStamp
from penchant.shards.tables import open_table
from penchant.space import PreferenceSpace

# other programs read these characters as the end of a line, so they are written as JSON escapes
_LINE_BREAKS = {ord(mark): f"\\u{ord(mark):04x}" for mark in "\x85\u2028\u2029"}


def write(records: Iterable[Record], path: str | Path, *, space: PreferenceSpace | None) -> int:
    """Writes one line per record and returns the number of records; the file is replaced atomically.

    Raises:
        DataError: a text is not valid Unicode.
        SpaceError, SpaceMismatch: a record has a direction and `space` is None or another space.
    """
    written = 0
    with replacing(Path(path)) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            content = encode(record, space)
            stamp = SpaceStamp.of(space)
            if stamp is not None and _has_direction(content):
                content["space"] = asdict(stamp)
            try:
                file.write(json.dumps(content, ensure_ascii=False).translate(_LINE_BREAKS) + "\n")
            except UnicodeEncodeError as error:
                raise DataError(
                    f"record '{record.record_id}': a text is not valid Unicode; repair or drop it"
                ) from error
            written += 1
    return written


def read(path: str | Path, space: PreferenceSpace | None = None, *, rejected: Path | None = None) -> Loaded:
    """The records of a JSON-lines file, written by `write` or by hand; `record_id` and the three texts are required.

    Raises:
        DataError: no such file. Iterating raises DataError, SpaceError or SpaceMismatch that name the line.
    """
    path = Path(path)

    def record(row: SourceRow) -> Kept:
        return decode(unstamped(row.content, space), space, number=row.number)

    rows = open_table(path).rows
    return Loaded(path, layout="jsonl", rows=rows, decode=record, rejected=rejected)


def unstamped(content: Content, space: PreferenceSpace | None) -> dict[str, object]:
    """The content without its key `space`, after checking that its directions are over `space`.

    Raises:
        DataError: the content has directions and does not name their space.
        SpaceMismatch: the directions are over another space.
    """
    rest = dict(content)
    stamp = mapping(rest, "space")
    rest.pop("space", None)
    if stamp is not None:
        refuse_unknown(stamp, ("name", "digest"), what="a space")
        SpaceStamp(text(stamp, "name"), text(stamp, "digest")).require(space, where="directions")
    elif space is not None and _has_direction(rest):
        wanted = json.dumps(asdict(SpaceStamp(space.name, space.digest)))
        raise DataError(f'has directions but does not say for which space; add "space": {wanted}')
    return rest


def _has_direction(content: Content) -> bool:
    evidence = content.get("evidence")
    holders = [content, *(evidence if isinstance(evidence, list) else [])]
    keys = ("direction", "profile", "golden")
    return any(isinstance(holder, dict) and holder.get(key) is not None for holder in holders for key in keys)
