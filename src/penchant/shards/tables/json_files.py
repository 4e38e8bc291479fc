"""Reads JSON as numbered rows, in constant memory: JSON lines, one list of rows, and tables wrapped in one object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from penchant.errors import DataError
from penchant.shards.base import SourceRow
from penchant.shards.tables.text import opened_text, refuse_nul

_CHUNK_CHARS = 1 << 16
_LONGEST_ROW_CHARS = 1 << 26
"""Longest row of a JSON list; limits memory when a list is broken."""
_WRAPPERS = ("data", "rows", "records", "examples", "train", "items", "instances", "annotations", "conversations")
"""Keys under which one object may hold the list of its rows."""


_ABOUT_TABLES = {"meta", "metadata", "models", "schema", "features", "info"}
"""Keys beside the list of rows that say something of the whole table."""
_OF_A_ROW = {
    "prompt", "question", "user_id", "id", "chosen", "rejected", "fields", "instruction", "data", "annotations",
}  # fmt: skip
_PUBLISHED = ({"info", "summaries"}, {"type", "states"}, {"mapping", "current_node"})
"""Keys of published rows that hold lists of objects; an object with all keys of one of them is a row."""
_OF_A_TURN = {"role", "from", "speaker", "author"}


def json_rows(path: Path) -> Iterator[SourceRow]:
    """The rows of a JSON file, whatever its ending: a list, one object per line, or an object that holds a table."""
    form = json_form(path)
    if form == "list":
        return json_list(path)
    if form == "lines":
        return json_lines(path)
    return _wrapped(path)


def json_form(path: Path) -> str:
    """`list`, `lines`, or `object` for a single object over several lines; by the beginning of the file."""
    with opened_text(path) as file:
        first = ""
        while not first.strip():
            first = file.readline(_CHUNK_CHARS)
            if not first:
                return "lines"
        if first.lstrip().startswith("["):
            return "list"
        # the first line of several is a whole object
        if not first.endswith("\n") or path.name.lower().split(".")[1:2] == ["jsonl"]:
            return "lines" if path.name.lower().split(".")[1:2] == ["jsonl"] else "object"
        try:
            json.loads(first)
        except (ValueError, RecursionError):
            return "object"
        return "lines" if any(line.strip() for line in file) else "object"


def json_lines(path: Path) -> Iterator[SourceRow]:
    """The objects of a JSON-lines file, numbered by line from 1; blank lines are skipped."""
    with opened_text(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            refuse_nul(path, line, number)
            with _located(path, f"line {number}"):
                content = _DECODER.decode(line)
            yield _row(path, content, location=f"line {number}", number=number)


def json_list(path: Path) -> Iterator[SourceRow]:
    """The objects of one JSON list, numbered from 0; parsed while reading, with one row in memory at a time."""
    with opened_text(path) as file:
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


def json_object(path: Path) -> dict[str, Any]:
    """The one object of a JSON file."""
    with opened_text(path) as file, _located(path, "the file"):
        content = _DECODER.decode(file.read())
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds no JSON object")
    return content


def _wrapped(path: Path) -> Iterator[SourceRow]:
    """The rows of one object: a list under a known key, or columns of equal length; else the object as one row."""
    content = json_object(path)
    if any(keys <= content.keys() for keys in _PUBLISHED):
        yield SourceRow("row 0", 0, content)
        return
    for key in _WRAPPERS:
        rows = content.get(key)
        beside = [value for name, value in content.items() if name != key and name not in _ABOUT_TABLES]
        if any(isinstance(value, list | dict) and value for value in beside):
            continue  # one row that has a list, such as the turns of a conversation
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
            for number, row in enumerate(rows):
                # the viewer of the Hub puts each row under a key `row`
                inner = row.get("row") if set(row) >= {"row_idx", "row"} else row
                yield _row(path, inner, location=f"row {number}", number=number)
            return
    if (rows := _only_table(content)) is not None:
        for number, row in enumerate(rows):
            yield _row(path, row, location=f"row {number}", number=number)
        return
    lists = [value for value in content.values() if isinstance(value, list)]
    if len(content) > 1 and len(lists) == len(content) and len({len(values) for values in lists}) == 1:
        for number, values in enumerate(zip(*lists, strict=True)):
            yield SourceRow(f"row {number}", number, dict(zip(content, values, strict=True)))
        return
    tables = [value for value in content.values() if isinstance(value, dict)]
    if len(content) > 1 and len(tables) == len(content) and len({tuple(table) for table in tables}) == 1:
        for number, label in enumerate(tables[0]):  # as pandas writes columns: name -> {row label: value}
            yield SourceRow(f"row {number}", number, {name: content[name][label] for name in content})
        return
    yield SourceRow("row 0", 0, content)


def _only_table(content: dict[str, Any]) -> list[Any] | None:
    """The only list of several objects in an object that says little else; None where it may be one row."""
    tables = [
        value
        for value in content.values()
        if isinstance(value, list) and len(value) > 1 and all(isinstance(row, dict) for row in value)
    ]
    others = {name: value for name, value in content.items() if not any(value is table for table in tables)}
    about = all(name.startswith("meta") or _is_plain(value) for name, value in others.items())
    if len(tables) != 1 or not about or others.keys() & _OF_A_ROW or tables[0][0].keys() & _OF_A_TURN:
        return None
    return tables[0]


def _is_plain(value: object) -> bool:
    """Whether a value is no list and holds none."""
    if isinstance(value, dict):
        return not any(isinstance(inner, list | dict) for inner in value.values())
    return not isinstance(value, list)


class _Window:
    """A sliding window over a JSON text: the part that is being parsed."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self._path, self._file = path, file
        self._text, self._at = "", 0

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
                value, self._at = _DECODER.raw_decode(self._text, self._at)
                return value
            except DataError as error:
                raise DataError(f"{self._path}: row {number} {error}") from error
            except RecursionError as error:
                raise DataError(f"{self._path}: row {number} {_DEEP}") from error
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


_DEEP = "is nested too deeply; no record needs so many levels, so check the file"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON, unless it names a key twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"has the key '{twice}' twice; keep one")
    return values


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


@contextmanager
def _located(path: Path, where: str) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {where} {error}") from error
    except RecursionError as error:
        raise DataError(f"{path}: {where} {_DEEP}") from error
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise DataError(f"{path}: {where} is not valid JSON ({error}); repair or delete it") from error


def _row(path: Path, content: object, *, location: str, number: int) -> SourceRow:
    if not isinstance(content, dict):
        raise DataError(f"{path}: {location} is of type {type(content).__name__}; a row must be a JSON object")
    return SourceRow(location, number, content)
