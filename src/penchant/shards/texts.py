"""Plain documents from a Parquet file: what a base model is trained on. Knows nothing of records or people."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from penchant.errors import DataError


def read_texts(path: Path, *, split: str | None = None) -> list[str]:
    """The column `text`, of one split where there is a column `split`; empty documents are left out.

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
    texts = [text for text in table["text"].to_pylist() if text and text.strip()]
    if not texts:
        raise DataError(f"{path} holds no document{f' of split {split}' if split else ''}; check the file")
    return texts
