"""Reads files as numbered rows, in constant memory: Parquet tables, JSON lines and JSON lists.

This module knows nothing about records. Every function raises DataError when a file is missing or broken; the message
names the path and the row or line.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from penchant.errors import DataError
from penchant.shards.base import SourceRow

_BATCH_ROWS = 256
_CHUNK_CHARS = 1 << 16
_LONGEST_ROW_CHARS = 1 << 26
"""Longest row of a JSON list; limits memory when a list is broken."""


def parquet_columns(path: Path) -> list[str]:
    """The top-level columns of a Parquet file."""
    with _opened(path) as file:
        return [str(name) for name in file.schema_arrow.names]


def parquet_length(path: Path) -> int:
    """The number of rows in the metadata of a Parquet file."""
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def parquet_rows(path: Path, columns: Collection[str], *, label: str = "row") -> Iterator[SourceRow]:
    """The rows of a Parquet file, numbered from 0, with the columns in `columns` that the file has.

    Args:
        label: the text before the number in each row's location.
    """
    with _opened(path) as file:
        wanted = [name for name in file.schema_arrow.names if name in columns]
        number = 0
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
            for content in batch.to_pylist():
                yield SourceRow(f"{label} {number}", number, content)
                number += 1


def json_lines(path: Path) -> Iterator[SourceRow]:
    """The objects of a JSON-lines file, numbered by line from 1; blank lines are skipped."""
    with _text(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                content = json.loads(line)
            except ValueError as error:
                raise DataError(f"{path}: line {number} is not valid JSON ({error}); repair or delete it") from error
            yield _row(path, content, location=f"line {number}", number=number)


def json_list(path: Path) -> Iterator[SourceRow]:
    """The objects of one JSON list, numbered from 0; parsed while reading, with one row in memory at a time."""
    with _text(path) as file:
        window = _Window(path, file)
        if window.next_character() != "[":
            raise DataError(f"{path}: not a JSON list of rows; JSON lines belong into a .jsonl file")
        window.skip()
        number = 0
        while (character := window.next_character()) != "]":
            if number:
                window.expect(character, ",", number)
            yield _row(path, window.value(number), location=f"row {number}", number=number)
            number += 1
        window.skip()
        if window.next_character():
            raise DataError(f"{path}: text follows after the list of {number} rows; remove it")


class _Window:
    """A sliding window over a JSON text: the part that is being parsed."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self._path, self._file = path, file
        self._text, self._at = "", 0
        self._decoder = json.JSONDecoder()

    def next_character(self) -> str:
        """The next character that is not whitespace; empty at the end of the file."""
        while True:
            rest = self._text[self._at : self._at + 64].lstrip()
            if rest:
                self._at = self._text.index(rest[0], self._at)
                return rest[0]
            self._at = min(self._at + 64, len(self._text))
            if self._at == len(self._text) and not self._more(_CHUNK_CHARS):
                return ""

    def skip(self) -> None:
        """Moves past the current character."""
        self._at += 1

    def expect(self, character: str, wanted: str, number: int) -> None:
        """Moves past `character`. Raises DataError unless it is `wanted`.

        Args:
            number: the row after this character, for the message.
        """
        if character != wanted:
            actual = f"'{character}'" if character else "the end of the file"
            raise DataError(
                f"{self._path}: before row {number} comes {actual}, not '{wanted}'; the list is cut or broken"
            )
        self.skip()
        self.next_character()

    def value(self, number: int) -> object:
        """Parses the row at the current position."""
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._text, self._at)
                return value
            except ValueError as error:
                # the row is cut off or broken, and only more text can tell; doubling keeps the cost linear
                length = len(self._text) - self._at
                if length > _LONGEST_ROW_CHARS or not self._more(max(length, _CHUNK_CHARS)):
                    raise DataError(
                        f"{self._path}: row {number} is not valid JSON ({error}) or is cut off; repair the file"
                    ) from error

    def _more(self, count: int) -> bool:
        chunk = self._file.read(count)
        self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)


def _row(path: Path, content: object, *, location: str, number: int) -> SourceRow:
    if not isinstance(content, dict):
        raise DataError(f"{path}: {location} is of type {type(content).__name__}; a row must be a JSON object")
    return SourceRow(location, number, content)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    require_file(path)
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file ({error}); fetch or write it again") from error


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    require_file(path)
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            yield file
    except UnicodeDecodeError as error:
        line = _undecodable(path)
        raise DataError(f"{path}: line {line} is not UTF-8 ({error.reason}); convert the file to UTF-8") from error
    except OSError as error:
        raise DataError(f"{path}: not readable ({error.strerror}); check its permissions") from error


def _undecodable(path: Path) -> int:
    """Number of the first line that is not UTF-8, from 1; the decoding error itself has only a position in a buffer."""
    with path.open("rb") as file:
        return next((number for number, line in enumerate(file, 1) if line.decode(errors="ignore").encode() != line), 0)


def require_file(path: Path) -> None:
    """Raises DataError unless `path` is a file."""
    if not path.is_file():
        raise DataError(f"{path}: no such file; check the path")
