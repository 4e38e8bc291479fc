"""Reads plain documents from a Parquet file, for training a base model. It knows nothing about records or people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from penchant.errors import DataError


@dataclass(frozen=True, slots=True)
class Texts:
    """Documents, with credits to their sources."""

    texts: list[str]
    credits: tuple[str, ...] = ()
    """`source (licence): number of documents`, largest first; empty without the columns `source` and `licence`."""


def read_texts(path: Path, *, split: str | None = None) -> Texts:
    """The non-empty documents in the column `text`.

    For a source with parts, such as `books/one`, the credits name only `books`.

    Args:
        split: keep the rows of this split; without a column `split`, or for None, all rows are kept.
    Raises:
        DataError: the file is missing or not Parquet, or has no column `text` or no document of the split.
    """
    if not path.is_file():
        raise DataError(f"no file of documents at {path}; check the path")
    try:
        table = pq.read_table(path)
    except ArrowInvalid as error:
        raise DataError(f"{path} is not a Parquet file: {error}") from error
    if "text" not in table.column_names:
        raise DataError(f"{path} has no column 'text'; it has {', '.join(table.column_names)}")
    if split is not None and "split" in table.column_names:
        table = table.filter(pc.equal(table["split"], split))
    credited = {"source", "licence"} <= set(table.column_names)
    columns = [table[name].to_pylist() for name in (("text", "source", "licence") if credited else ("text",))]
    kept = [row for row in zip(*columns, strict=True) if row[0] and row[0].strip()]
    if not kept:
        raise DataError(f"{path} holds no document{f' of split {split}' if split else ''}; check the file")
    counts = Counter((str(row[1]).partition("/")[0], row[2]) for row in kept) if credited else Counter()
    credits_ = tuple(f"{source} ({licence}): {count:,}" for (source, licence), count in counts.most_common())
    return Texts([row[0] for row in kept], credits_)
