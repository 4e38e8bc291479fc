"""The result of every reader of record files, with the counts of rows.

A reader turns one path into a `Loaded`, which reads records lazily and counts rows; rows = kept + dropped at all times.
A row that cannot become a record is dropped with a reason. A file that cannot be trusted raises an error. This module
knows no particular layout.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from penchant.errors import ConfigError, DataError, RecordError, SpaceError
from penchant.persona import Item
from penchant.record import Question, Record
from penchant.shards.atomic import replacing
from penchant.space import PreferenceSpace

EXAMPLES = 5
"""How many rows set aside are kept as examples; all of them are counted."""
_REJECTED = ".rejected.jsonl"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a file."""

    location: str
    """The row's location, for people: `row 17` (tables and lists, from 0) or `line 18` (JSON lines, from 1)."""
    number: int
    """The number of the row or line."""
    content: Mapping[str, object]
    """Column or key -> value."""
    broken: str = ""
    """Why the row cannot be read, such as a wrong number of cells; empty for a sound row."""


@dataclass(frozen=True, slots=True)
class PersonItems:
    """What a row says of a person without a prompt to answer: evidence alone, such as a thumb or a profile."""

    user_id: str
    items: tuple[Item, ...]
    named: bool = True
    """Whether the file names the person; else `user_id` is the id of the row, a person of its own."""


Entry = Record | Question | PersonItems
"""What one row may hold: a choice, a question without answers, or evidence alone."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a row became."""

    entries: tuple[Entry, ...]
    lost: tuple[str, ...] = ()
    """One reason for each evidence item that was left out; empty when all items were kept."""
    silent: tuple[str, ...] = ()
    """One reason for each part of the row that states no preference, such as a tie."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row that was set aside."""

    location: str
    reason: str


@dataclass(slots=True)
class Counts:
    """Counts of the rows of one pass; rows = kept + the sum of dropped at all times."""

    rows: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Reason -> number of rows set aside."""
    lost_items: dict[str, int] = field(default_factory=dict)
    """Reason -> number of evidence items left out of kept rows."""
    silent: dict[str, int] = field(default_factory=dict)
    """Reason -> number of parts of kept rows that state no preference."""
    examples: list[Example] = field(default_factory=list)
    """The first few rows set aside."""
    complete: bool = False
    """True once the pass has reached the end of the file."""

    def keep(self, lost: Iterable[str] = (), silent: Iterable[str] = ()) -> None:
        """Counts a row that became an entry or several."""
        self.rows += 1
        self.kept += 1
        for reason in lost:
            self.lost_items[reason] = self.lost_items.get(reason, 0) + 1
        for reason in silent:
            self.silent[reason] = self.silent.get(reason, 0) + 1

    def drop(self, location: str, reason: str) -> None:
        """Counts a row that was set aside."""
        self.rows += 1
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(Example(location, reason))

    def summary(self) -> str:
        """One line for a report: `3,445 rows: 3,443 kept, 2 dropped (prompt is empty: 2)`."""
        reasons = "; ".join(f"{reason}: {count:,}" for reason, count in sorted(self.dropped.items()))
        tail = f" ({reasons})" if reasons else ""
        return f"{self.rows:,} rows: {self.kept:,} kept, {sum(self.dropped.values()):,} dropped{tail}"


Rows = Callable[[], Iterator[SourceRow]]
"""Starts a fresh pass over the rows of a file."""
Decode = Callable[[SourceRow], Kept]
"""Row -> record. Raises RecordError to set the row aside, with the reason as message; raises DataError to stop."""


@dataclass(eq=False)
class Loaded:
    """The records of one path, read lazily. Each iteration starts again from the first row.

    Iterating raises DataError or SpaceError at the first broken row; the message names path and row.
    """

    path: Path
    layout: str
    """The name of the layout, such as `penchant` or `trl`."""
    rows: Rows
    decode: Decode
    rejected: Path | None = None
    """File to which a complete pass writes the rows set aside; None writes nothing."""
    ignored: tuple[str, ...] = ()
    """Columns or keys of the file that the reader ignores."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What is read -> the column that it is read from, where the columns have names of their own."""
    simulated: bool | None = None
    """Whether the people are simulated; None when the layout does not say."""
    counts: Counts = field(default_factory=Counts, init=False)
    """Counts of the latest pass; final once `counts.complete`."""

    def __post_init__(self) -> None:
        if self.rejected is not None and not self.rejected.name.endswith(_REJECTED):
            raise ConfigError(f"{self.rejected}: rows set aside go to a file that ends with '{_REJECTED}'; rename it")

    def __iter__(self) -> Iterator[Record]:
        return self._entries(Record)

    def entries(self) -> Iterator[Entry]:
        """Everything that the rows hold: records, and also questions and evidence alone."""
        return self._entries(object)

    def _entries(self, wanted: type[Any]) -> Iterator[Any]:
        counts = self.counts = Counts()
        names: set[str] = set()
        with _rejecting(self.rejected) as reject:
            for row in self.rows():
                try:
                    if row.broken:
                        raise RecordError(row.broken)
                    kept = self._decoded(row)
                    found, silent = _distinct([one for one in kept.entries if isinstance(one, wanted)], names)
                    if not found:
                        raise RecordError([*silent, *kept.silent, _without_choice(kept)][0])
                except RecordError as error:
                    counts.drop(row.location, str(error))
                    reject(row, str(error))
                    continue
                counts.keep(kept.lost, (*silent, *kept.silent))
                yield from found
            counts.complete = True

    def records(self) -> list[Record]:
        """All records in memory, from one complete pass."""
        return list(self)

    def _decoded(self, row: SourceRow) -> Kept:
        try:
            return self.decode(row)
        except (DataError, SpaceError) as error:
            located = type(error)(f"{self.path}: {row.location}: {error}")
            raise located from error


class Reader(Protocol):
    """A function that reads one layout. `space` may be None for files without directions."""

    def __call__(
        self, path: str | Path, space: PreferenceSpace | None = None, *, rejected: Path | None = None
    ) -> Loaded:
        """Checks everything that needs no rows, and returns the records of `path`.

        Raises:
            DataError: the file is missing, broken or in another layout.
            SpaceMismatch: the file was written for another space.
        """
        ...


def rejected_path(output: str | Path) -> Path:
    """The file for the rows set aside while `output` is made: `out` or `out.jsonl` -> `out.rejected.jsonl`."""
    output = Path(output)
    return output.with_name(output.name.removesuffix(".jsonl") + _REJECTED)


@contextmanager
def _rejecting(path: Path | None) -> Iterator[Callable[[SourceRow, str], None]]:
    """Writes the rows set aside in one pass; replaces the file of an earlier pass, and leaves no empty file."""
    if path is None:
        yield _count_only
        return
    count = 0
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:

        def reject(row: SourceRow, reason: str) -> None:
            nonlocal count
            count += 1
            line = {"place": row.location, "reason": reason, "content": row.content}
            # ASCII, because a row may be rejected for text that is not valid Unicode
            file.write(json.dumps(line, default=repr) + "\n")

        yield reject
    if not count:
        path.unlink()


def _count_only(_row: SourceRow, _reason: str) -> None:
    """Does nothing: Loaded already counts the rows set aside."""


def _distinct(entries: Sequence[Entry], names: set[str]) -> tuple[list[Entry], list[str]]:
    """The entries that are new, and reasons for the others; `names` are the ids so far, and grow."""
    found: list[Entry] = []
    reasons: list[str] = []
    for entry in entries:
        if isinstance(entry, Record) and entry.chosen.strip() == entry.rejected.strip():
            # they carry no preference; every metric would count the pair as half right
            reasons.append("chosen and rejected are the same answer")
        elif not isinstance(entry, PersonItems) and entry.record_id in names:
            reasons.append("a row before it has the same record_id")
        else:
            found.append(entry)
            if not isinstance(entry, PersonItems):
                names.add(entry.record_id)
    return found, reasons


def _without_choice(kept: Kept) -> str:
    kinds = {type(entry) for entry in kept.entries}
    if Question in kinds:
        return "a question without two answers"
    return "evidence alone, without two answers" if PersonItems in kinds else "the row states nothing"
