"""Opens text files as people have them: with a byte order mark, in UTF-16, packed by gzip or zstd.

Every function raises DataError when a file is missing or unreadable; the message names the path and the line.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from penchant.errors import DataError

PACKED = (".gz", ".zst", ".zstd")
"""Endings of packed files; the ending before says what is inside."""
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
"""Byte order mark -> encoding; the longer marks first, as one begins like another."""
_SIGNATURES = {
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip file (its name must end in .gz)",
    b"\x28\xb5\x2f\xfd": "a zstd file (its name must end in .zst)",
}
"""First bytes of a file that is no text -> what it is."""


def ending(path: Path) -> str:
    """The ending of a file in small letters, without that of its packing: `.jsonl` for `rows.jsonl.gz`."""
    name = Path(path.stem) if path.suffix.lower() in PACKED else path
    return name.suffix.lower()


@contextmanager
def opened_text(path: Path, *, newline: str = "\n") -> Iterator[IO[str]]:
    """The text of a file, unpacked and decoded; UTF-8, unless a byte order mark says otherwise."""
    require_file(path)
    try:
        with opened_bytes(path) as raw:
            start = raw.peek(4)[:4]
            _refuse_binary(path, start)
            encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
            yield io.TextIOWrapper(raw, encoding=encoding, newline=newline)
    except UnicodeDecodeError as error:
        line = _undecodable(path)
        raise DataError(
            f"{path}: line {line} is not {error.encoding.upper()} ({error.reason}); save the file as UTF-8"
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error, pa.ArrowException) as error:
        raise DataError(f"{path}: not a whole packed file ({error}); fetch or pack it again") from error
    except OSError as error:
        raise DataError(
            f"{path}: not readable ({error.strerror or error}); check the file and its permissions"
        ) from error


@contextmanager
def opened_bytes(path: Path) -> Iterator[io.BufferedReader]:
    """The bytes of a file, unpacked."""
    match path.suffix.lower():
        case ".gz":
            with gzip.open(path, "rb") as packed:
                yield io.BufferedReader(packed)
        case ".zst" | ".zstd":
            with pa.input_stream(str(path), compression="zstd") as stream:
                yield io.BufferedReader(_Raw(stream))
        case _:
            with path.open("rb") as file:
                yield file


class _Raw(io.RawIOBase):
    """A stream of pyarrow in the form that Python's buffers read from."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


def _refuse_binary(path: Path, start: bytes) -> None:
    """Raises DataError where a file begins as a packed, office or picture file does."""
    kind = next((kind for mark, kind in _SIGNATURES.items() if start.startswith(mark)), None)
    if kind is not None:
        raise DataError(f"{path}: is {kind}, whatever its name says; give the text file itself")


def refuse_nul(path: Path, text: str, line: int) -> None:
    """Raises DataError where a line holds the character NUL, as a file in UTF-16 without its mark does."""
    if "\0" in text:
        raise DataError(
            f"{path}: line {line} holds NUL characters; the file may be in UTF-16 or damaged; save it as UTF-8"
        )


def require_file(path: Path) -> None:
    """Raises DataError unless `path` is a file."""
    if not path.is_file():
        raise DataError(f"{path}: no such file; check the path")


def _undecodable(path: Path) -> int:
    """Number of the first line that is not UTF-8, from 1; the decoding error itself has only a position in a buffer."""
    with opened_bytes(path) as file:
        return next((number for number, line in enumerate(file, 1) if line.decode(errors="ignore").encode() != line), 0)
