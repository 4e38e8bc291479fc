"""Reads Parquet rows with user ids: each row is one pair, with further evidence about the same person.

Data sets converted from public sources have this layout: plain column names, a split, the origin of the label, and no
directions. `user_id` identifies the person; it is null when the source does not identify the person.
"""

from __future__ import annotations

from pathlib import Path

from penchant.errors import DataError
from penchant.record import Provenance, Record
from penchant.shards.base import Kept, Loaded, SourceRow
from penchant.shards.codec import prompt_of
from penchant.shards.fields import Content, text, text_or_empty, text_or_none
from penchant.shards.history import HistoryKeys, history
from penchant.shards.tables.arrow_files import parquet_columns, parquet_rows
from penchant.space import PreferenceSpace

HISTORY = HistoryKeys(ugc="ugc", pair="pair", demo="demographic")
REQUIRED = (
    "record_id",
    "user_id",
    "prompt",
    "chosen",
    "rejected",
    HISTORY.demo,
    HISTORY.ugc,
    HISTORY.pair,
    "split",
)
OPTIONAL = ("attribute", "dataset", "meta")
"""Columns with the provenance of a row; empty in records when the file lacks them."""


def read(path: str | Path, space: PreferenceSpace | None = None, *, rejected: Path | None = None) -> Loaded:
    """The records of a file; `space` is ignored, because the layout has no directions, but every reader takes it.

    Args:
        rejected: file for the rows that a pass sets aside.
    Raises:
        DataError: the file is missing, broken, or lacks a column. Iterating raises DataError that names the row.
    """
    del space
    path = Path(path)
    columns = parquet_columns(path)
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise DataError(f"{path}: has no column '{missing[0]}'; it has: {', '.join(columns)}")
    taken = (*REQUIRED, *(name for name in OPTIONAL if name in columns))
    ignored = tuple(name for name in columns if name not in taken)
    return Loaded(
        path,
        layout="users",
        rows=lambda: parquet_rows(path, columns=taken),
        decode=_record,
        rejected=rejected,
        ignored=ignored,
    )


def _record(row: SourceRow) -> Kept:
    content = row.content
    for key in ("record_id", "split"):
        if not text_or_empty(content, key):
            raise DataError(f"'{key}' is empty; every row must have one")
    persona, lost = history(content, HISTORY, _no_direction)
    record = Record(
        record_id=text(content, "record_id"),
        user_id=text_or_none(content, "user_id"),
        prompt=prompt_of(content),
        chosen=text(content, "chosen"),
        rejected=text(content, "rejected"),
        persona=persona,
        split=text(content, "split"),
        provenance=Provenance(
            dataset=text_or_empty(content, "dataset"),
            attribute=text_or_empty(content, "attribute"),
            meta=text_or_empty(content, "meta"),
        ),
    )
    return Kept((record,), lost)


def _no_direction(item: Content) -> None:  # noqa: ARG001 - the layout has none
    return None
