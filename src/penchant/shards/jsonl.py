"""Records as JSON lines, the layout to write by hand or to look at: one object per line, keys as in codec.

A line that holds directions says for which space: lines can be cut, shuffled and joined and still cannot be read
with the wrong one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from penchant.errors import DataError
from penchant.record import Record
from penchant.shards.atomic import replacing
from penchant.shards.base import Kept, Loaded, Row
from penchant.shards.codec import decode, encode
from penchant.shards.fields import Content, mapping, refuse_unknown, text
from penchant.shards.manifest import SpaceStamp
from penchant.shards.source import json_lines, require_file
from penchant.space import PreferenceSpace

# other programs take these for the end of a line; JSON spells them as escapes too
_LINE_BREAKS = {ord(mark): f"\\u{ord(mark):04x}" for mark in "\x85\u2028\u2029"}


def write(records: Iterable[Record], path: str | Path, *, space: PreferenceSpace | None) -> int:
    """Writes one line per record, the file whole or not at all, replacing an older one; gives the number of records.

    Raises:
        DataError: a text is not valid Unicode.
        SpaceError, SpaceMismatch: a direction without a space, or over another one.
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
    """The records of a JSON-lines file, by `write` or by hand; `record_id` and the three texts are enough.

    Raises:
        DataError: no such file.
    Iterating raises DataError, SpaceError or SpaceMismatch with the line.
    """
    path = Path(path)
    require_file(path)

    def record(row: Row) -> Kept:
        return decode(unstamped(row.content, space), space)

    return Loaded(path, "jsonl", lambda: json_lines(path), record, rejected=rejected)


def unstamped(content: Content, space: PreferenceSpace | None) -> dict[str, object]:
    """The content less its `space`, once it is sure that its directions are over the space it is read with.

    Raises:
        DataError: it has directions and does not say over which space.
        SpaceMismatch: they are over another one.
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
