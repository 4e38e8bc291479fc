"""Plain documents from a Parquet file: what a base model is trained on. Knows nothing of records or people."""

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
    """Documents, and whom they are owed to."""

    texts: list[str]
    credits: tuple[str, ...] = ()
    """`source (licence): number of documents`, most first; empty where the file has no columns `source`, `licence`."""


def read_texts(path: Path, *, split: str | None = None) -> Texts:
    """The column `text`, of one split where there is a column `split`; empty documents are left out.

    Of a source with parts, as in `books/one`, only `books` is credited.

    Raises:
        DataError: no such file, no Parquet, no column of texts, or nothing of the split.
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
    owed = Counter((str(row[1]).partition("/")[0], row[2]) for row in kept) if credited else Counter()
    credits_ = tuple(f"{source} ({licence}): {count:,}" for (source, licence), count in owed.most_common())
    return Texts([row[0] for row in kept], credits_)
