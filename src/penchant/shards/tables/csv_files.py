"""Reads tables of separated values as numbered rows; an empty cell is a missing value."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from penchant.errors import DataError
from penchant.shards.base import SourceRow
from penchant.shards.tables.text import ending, opened_text, refuse_nul

_LONGEST_CELL = 1 << 26
_SEPARATORS = ",;\t|"
_QUALTRICS = '{"ImportId":'


def csv_rows(path: Path) -> Iterator[SourceRow]:
    """The rows of a table, numbered from 0; its first line names the columns.

    Values are texts. A row with more or fewer cells than columns is marked as broken. An export of Qualtrics has two
    more lines of header, the questions and their ids; they are no rows.

    Raises:
        DataError: there is no header, it names a column twice, or a cell does not end.
    """
    csv.field_size_limit(_LONGEST_CELL)
    names = csv_columns(path)
    with opened_text(path, newline="") as file:
        reader = csv.reader(file, delimiter=_separator(path), strict=True)
        try:
            next(reader)
            number = 0
            begin = list(islice(reader, 2))
            if len(begin) == 2 and any(cell.startswith(_QUALTRICS) for cell in begin[1]):
                begin = []
            for cells in chain(begin, reader):
                if not cells:  # a blank line
                    continue
                content = dict(zip(names, (cell or None for cell in cells), strict=False))
                broken = "" if len(cells) == len(names) else "the row has another number of cells than the header"
                yield SourceRow(f"row {number}", number, content, broken)
                number += 1
        except csv.Error as error:
            raise DataError(
                f"{path}: broken before line {reader.line_num} ({error}); "
                "a quotation mark may not be closed, or not doubled inside a cell"
            ) from error


def csv_columns(path: Path) -> list[str]:
    """The names in the first line of a table.

    Raises:
        DataError: as `csv_rows`.
    """
    header = _header(path)
    refuse_nul(path, header, 1)
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=_separator(path)), [])]
    except csv.Error as error:
        raise DataError(f"{path}: the header is broken ({error})") from error
    if not any(names):
        raise DataError(f"{path}: has no header; the first line must name the columns")
    # a table that was written with its row labels has one column without a name
    names = [name or f"column {place}" for place, name in enumerate(names, start=1)]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{path}: names the column '{name}' twice; rename one of the two")
    return names


def _header(path: Path) -> str:
    with opened_text(path, newline="") as file:
        return file.readline(_LONGEST_CELL)


def _separator(path: Path) -> str:
    """The character between the cells: a tab in a `.tsv`, else what splits the header into most names."""
    if ending(path) == ".tsv":
        return "\t"
    header = _header(path)
    return max(_SEPARATORS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))
