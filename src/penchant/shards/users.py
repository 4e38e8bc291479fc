"""Parquet rows that name their user: one comparison a row, with what else the same person wrote and chose.

The layout of data sets converted from public sources: plain column names, a split, where the label came from, and no
directions. People of different rows are told apart by `user_id`, which is null where the source knows none.
"""

from __future__ import annotations

from pathlib import Path

from penchant.errors import DataError
from penchant.record import Provenance, Record
from penchant.shards.base import Kept, Loaded, Row
from penchant.shards.fields import Content, text, text_or_empty, text_or_none
from penchant.shards.history import HistoryKeys, history
from penchant.shards.source import parquet_columns, parquet_rows
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
"""Where a row comes from, for tables; empty where a file does not say."""


def read(path: str | Path, space: PreferenceSpace | None = None, *, rejected: Path | None = None) -> Loaded:
    """The records of one such file; `space` is taken for the sake of one signature, as there are no directions.

    Raises:
        DataError: missing, broken, or without one of the columns. Iterating raises DataError with row.
    """
    del space
    path = Path(path)
    columns = parquet_columns(path)
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise DataError(f"{path}: has no column '{missing[0]}'; it has: {', '.join(columns)}")
    taken = (*REQUIRED, *(name for name in OPTIONAL if name in columns))
    ignored = tuple(name for name in columns if name not in taken)
    return Loaded(path, "users", lambda: parquet_rows(path, taken), _record, rejected=rejected, ignored=ignored)


def _record(row: Row) -> Kept:
    content = row.content
    for key in ("record_id", "split"):
        if not text_or_empty(content, key):
            raise DataError(f"'{key}' is empty; every row must have one")
    persona, lost = history(content, HISTORY, _no_direction)
    record = Record(
        record_id=text(content, "record_id"),
        user_id=text_or_none(content, "user_id"),
        prompt=text(content, "prompt"),
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
    return Kept(record, lost)


def _no_direction(item: Content) -> None:  # noqa: ARG001 - the layout has none
    return None
