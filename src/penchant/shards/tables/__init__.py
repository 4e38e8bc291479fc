"""Files as numbered rows, whatever is in them: this package knows forms of files, and nothing about records.

`open_table` tells the form from the ending, or from the first characters where the ending says little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from penchant.errors import DataError
from penchant.shards.base import SourceRow
from penchant.shards.tables.arrow_files import SPLITS, STATE, arrow_rows, folder_rows, parquet_rows
from penchant.shards.tables.csv_files import csv_rows
from penchant.shards.tables.hub import PREFIX, hub_rows
from penchant.shards.tables.json_files import json_rows
from penchant.shards.tables.text import PACKED, ending

__all__ = ["FORMS", "Table", "open_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one path."""

    path: Path
    form: str
    """What the rows are read from, in words: `JSON`, `CSV`, …"""
    rows: Callable[[], Iterator[SourceRow]]
    """Starts a fresh pass over the rows."""


_FORMS: dict[str, tuple[str, Callable[[Path], Iterator[SourceRow]]]] = {
    ".jsonl": ("JSON", json_rows),
    ".ndjson": ("JSON", json_rows),
    ".json": ("JSON", json_rows),
    ".csv": ("CSV", csv_rows),
    ".tsv": ("CSV", csv_rows),
    ".parquet": ("Parquet", parquet_rows),
    ".arrow": ("Arrow", arrow_rows),
    ".feather": ("Arrow", arrow_rows),
}
FORMS = tuple(_FORMS)
"""Endings of files that are read."""
_SHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_BINARY = (".parquet", ".arrow", ".feather")
_SPLIT_NAMES = ("train", "test", "validation", "valid", "dev", "eval")


def open_table(path: str | Path) -> Table:
    """The rows of a file, of a folder of files, or of a data set of the Hub.

    Raises:
        DataError: there is no such path, or its form is not known. Iterating raises DataError that names the row.
    """
    if str(path).startswith(PREFIX):
        return Table(Path(path), "Hub", lambda: hub_rows(str(path)))
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file or folder; check the path")
    form = _FORMS.get(ending(path))
    if path.suffix.lower() in _SHEETS:
        raise DataError(f"{path}: is a spreadsheet; save the sheet as CSV (UTF-8) and give that file")
    if path.suffix.lower() == ".txt":
        raise DataError(f"{path}: a .txt file does not say what it holds; rename it to .tsv, .csv or .jsonl")
    if form is None or (path.suffix.lower() in PACKED and ending(path) in _BINARY):
        raise DataError(
            f"{path}: unknown kind of file; known are {', '.join(FORMS)}, each text also as {' or '.join(PACKED)}, "
            "and folders of shards or of such files"
        )
    name, read = form
    return Table(path, name, lambda: read(path))


def _folder(folder: Path) -> Table:
    if (folder / STATE).is_file() or (folder / SPLITS).is_file():
        return Table(folder, "Arrow", lambda: folder_rows(folder))
    inside = folder / "data" if (folder / "data").is_dir() else folder
    files = sorted(file for file in inside.iterdir() if file.is_file() and ending(file) in FORMS)
    if not files:
        raise DataError(f"{folder}: holds no manifest.json of shards and no file that can be read; check the path")
    endings = sorted({ending(file) for file in files})
    if len(endings) > 1:
        raise DataError(f"{folder}: holds files of several kinds ({', '.join(endings)}); name one file")

    def rows() -> Iterator[SourceRow]:
        for file in files:
            split = next((name for name in _SPLIT_NAMES if file.name.lower().startswith(name)), None)
            for row in open_table(file).rows():
                content = row.content if split is None else {"split": split, **row.content}
                yield SourceRow(f"{file.name} {row.location}", row.number, content, row.broken)

    return Table(folder, open_table(files[0]).form, rows)
