"""Reads Parquet and Arrow files as numbered rows, one batch in memory at a time.

An Arrow folder is what `Dataset.save_to_disk` writes: Arrow files, `state.json`, and perhaps a file of indices.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from penchant.errors import DataError
from penchant.shards.base import SourceRow
from penchant.shards.tables.text import require_file

STATE, SPLITS = "state.json", "dataset_dict.json"
"""Files that mark an Arrow folder with one data set, and a folder of several."""
_BATCH_ROWS = 256
_BUFFER = 1 << 20


def parquet_columns(path: Path) -> list[str]:
    """The top-level columns of a Parquet file."""
    with _opened(path) as file:
        return _named_once(path, file.schema_arrow)


def parquet_length(path: Path) -> int:
    """The number of rows in the metadata of a Parquet file."""
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def parquet_rows(path: Path, columns: Collection[str] | None = None, *, label: str = "row") -> Iterator[SourceRow]:
    """The rows of a Parquet file, numbered from 0.

    Args:
        columns: read those of these columns that the file has; None reads all.
        label: the text before the number in each row's location.
    """
    with _opened(path) as file:
        wanted = [name for name in _named_once(path, file.schema_arrow) if columns is None or name in columns]
        yield from _numbered(file.iter_batches(batch_size=_BATCH_ROWS, columns=wanted), label)


def arrow_rows(path: Path) -> Iterator[SourceRow]:
    """The rows of one Arrow file, as a stream or as a file with an index."""
    with _readable(path):
        yield from _numbered(iter(_table(path).to_batches(max_chunksize=_BATCH_ROWS)), "row")


def folder_rows(folder: Path) -> Iterator[SourceRow]:
    """The rows of an Arrow folder, numbered from 0; in a folder of several splits, each row names its own."""
    number = 0
    for split, part in _parts(folder):
        for row in _part_rows(part):
            content = row.content if split is None else {"split": split, **row.content}
            yield SourceRow(f"row {number}", number, content)
            number += 1


def _parts(folder: Path) -> list[tuple[str | None, Path]]:
    if (folder / STATE).is_file():
        return [(None, folder)]
    return [(str(name), folder / str(name)) for name in _state(folder / SPLITS).get("splits", [])]


def _part_rows(folder: Path) -> Iterator[SourceRow]:
    state = _state(folder / STATE)
    with _readable(folder):
        table = _tables(folder, state.get("_data_files"))
        if chosen := state.get("_indices_files"):
            indices = _tables(folder, chosen)["indices"]
            starts = range(0, len(indices), _BATCH_ROWS)
            batches = (batch for i in starts for batch in table.take(indices.slice(i, _BATCH_ROWS)).to_batches())
        else:
            batches = iter(table.to_batches(max_chunksize=_BATCH_ROWS))
        yield from _numbered(batches, "row")


def _tables(folder: Path, files: Any) -> pa.Table:
    names = [str(file["filename"]) for file in files or []]
    if any(Path(name).name != name for name in names):
        raise DataError(f"{folder / STATE}: names a file outside the folder; write the folder again")
    if not names:
        raise DataError(f"{folder / STATE}: names no data file; write the folder again with save_to_disk")
    return pa.concat_tables([_table(folder / name) for name in names])


def _table(path: Path) -> pa.Table:
    """A table that stays on disk; its batches are read as they are needed."""
    require_file(path)
    mapped = pa.memory_map(str(path))
    try:
        table = pa.ipc.open_stream(mapped).read_all()
    except pa.ArrowInvalid:
        mapped.seek(0)
        table = pa.ipc.open_file(mapped).read_all()
    _named_once(path, table.schema)
    return table


def _state(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not readable ({error}); write the folder again with save_to_disk") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds no JSON object; write the folder again with save_to_disk")
    return content


def _numbered(batches: Iterator[pa.RecordBatch], label: str) -> Iterator[SourceRow]:
    number = 0
    for batch in batches:
        for content in batch.to_pylist():
            yield SourceRow(f"{label} {number}", number, content)
            number += 1


def _named_once(path: Path, schema: pa.Schema) -> list[str]:
    names: Sequence[str] = [str(name) for name in schema.names]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{path}: names the column '{name}' twice; rename one of the two")
    return list(names)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    require_file(path)
    # by default the whole file is fetched ahead, and memory grows with it
    with _readable(path, "Parquet"), pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
        yield file


@contextmanager
def _readable(path: Path, kind: str = "Arrow") -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable {kind} file ({error}); fetch or write it again") from error
