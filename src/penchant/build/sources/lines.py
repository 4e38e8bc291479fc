"""Raw rows of files, whatever is in them: a broken line is a row with a reason and stops nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from penchant.errors import DataError
from penchant.shards.tables import open_table
from penchant.shards.tables.text import opened_bytes

LONGEST = 4_000_000
"""Bytes of a line; a longer one is dropped."""
_PART = 1 << 16
_LONG_WINDOW = 1 << 31
"""Memory that a dump packed with `zstd --long=31` needs."""
_EMPTY: Mapping[str, object] = {}


class Line(NamedTuple):
    """One row of a file, not yet parsed; a tuple, as millions go from one process to another."""

    origin: str
    """File and row."""
    raw: bytes = b""
    row: Mapping[str, object] | None = None
    """The row of a table, which its reader has parsed."""
    broken: str = ""
    """Why there is no row."""

    def content(self) -> tuple[Mapping[str, object], str]:
        """The row, and the reason why there is none, or an empty text."""
        if self.broken or self.row is not None:
            return self.row or _EMPTY, self.broken
        try:
            value = json.loads(self.raw.decode("utf-8"))
        except UnicodeDecodeError:
            return _EMPTY, "not UTF-8"
        except RecursionError:
            return _EMPTY, "nested too deeply"
        except ValueError:
            return _EMPTY, "a NUL character" if b"\0" in self.raw else "not JSON"
        return (value, "") if isinstance(value, dict) else (_EMPTY, "not a JSON object")


def table_lines(file: Path) -> Iterator[Line]:
    """The rows of a table: CSV, Parquet, a JSON list, a folder."""
    for row in open_table(file).rows():
        yield Line(f"{file.name} {row.location}", row=row.content, broken=row.broken)


def json_lines(file: Path) -> Iterator[Line]:
    """The lines of a file of JSON lines, packed or not; blank lines are none."""
    with _opened(file) as stream:
        number = 0
        while True:
            number += 1
            origin = f"{file.name} line {number}"
            try:
                raw = stream.readline(LONGEST)
                if not raw:
                    return
                if len(raw) == LONGEST and not raw.endswith(b"\n"):
                    _skip_line(stream)
                    yield Line(origin, broken=f"a line of more than {LONGEST:,} bytes")
                    continue
            except (DataError, OSError, EOFError, ValueError, _broken_archive()) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise  # a disk that fails is no broken file
                yield Line(origin, broken="the packed file ends early or is damaged")
                return
            if raw.strip():
                yield Line(origin, raw=raw)


def _opened(file: Path) -> AbstractContextManager[io.BufferedReader]:
    if file.suffix.lower() not in (".zst", ".zstd"):
        return opened_bytes(file)
    return io.BufferedReader(_Unpacked(file), buffer_size=_PART)


class _Unpacked(io.RawIOBase):
    """The content of a zstd file; reading raises DataError where the file ends within a frame."""

    def __init__(self, file: Path) -> None:
        import zstandard  # only dumps need its long windows

        self._new = zstandard.ZstdDecompressor(max_window_size=_LONG_WINDOW).decompressobj
        self._frame = self._new()
        self._packed = file.open("rb")
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            packed = (self._frame.unused_data if self._frame.eof else b"") or self._packed.read(_PART)
            if not packed:
                if self._frame.eof:
                    return 0
                raise DataError("the file ends within a frame")
            if self._frame.eof:
                self._frame = self._new()
            self._left = self._frame.decompress(packed)
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._packed.close()
        super().close()


def _broken_archive() -> type[Exception]:
    try:
        from zstandard import ZstdError
    except ImportError:  # then no zstd file was opened
        return EOFError
    error: type[Exception] = ZstdError
    return error


def _skip_line(stream: io.BufferedReader) -> None:
    while (part := stream.readline(LONGEST)) and not part.endswith(b"\n"):
        pass
