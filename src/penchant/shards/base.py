"""The result of every reader of record files, with the counts of rows.

A reader turns one path into a `Loaded`, which reads records lazily and counts rows; rows = kept + dropped at all times.
A row that cannot become a record is dropped with a reason. A file that cannot be trusted raises an error. This module
knows no particular layout.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from penchant.errors import ConfigError, DataError, RecordError, SpaceError
from penchant.record import Record
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


@dataclass(frozen=True, slots=True)
class Kept:
    """A row that became a record."""

    record: Record
    lost: tuple[str, ...] = ()
    """One reason for each evidence item that was left out; empty when all items were kept."""


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
    examples: list[Example] = field(default_factory=list)
    """The first few rows set aside."""
    complete: bool = False
    """True once the pass has reached the end of the file."""

    def keep(self, lost: tuple[str, ...] = ()) -> None:
        """Counts a row that became a record."""
        self.rows += 1
        self.kept += 1
        for reason in lost:
            self.lost_items[reason] = self.lost_items.get(reason, 0) + 1

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
    """`penchant`, `jsonl`, `alignx` or `users`."""
    rows: Rows
    decode: Decode
    rejected: Path | None = None
    """File to which a complete pass writes the rows set aside; None writes nothing."""
    ignored: tuple[str, ...] = ()
    """Columns or keys of the file that the reader ignores."""
    simulated: bool | None = None
    """Whether the people are simulated; None when the layout does not say."""
    counts: Counts = field(default_factory=Counts, init=False)
    """Counts of the latest pass; final once `counts.complete`."""

    def __post_init__(self) -> None:
        if self.rejected is not None and not self.rejected.name.endswith(_REJECTED):
            raise ConfigError(f"{self.rejected}: rows set aside go to a file that ends with '{_REJECTED}'; rename it")

    def __iter__(self) -> Iterator[Record]:
        counts = self.counts = Counts()
        names: set[str] = set()
        with _rejecting(self.rejected) as reject:
            for row in self.rows():
                try:
                    kept = self._decoded(row)
                    _refuse_one_answer(kept.record)
                    if kept.record.record_id in names:
                        raise RecordError("a row before it has the same record_id")
                except RecordError as error:
                    counts.drop(row.location, str(error))
                    reject(row, str(error))
                    continue
                names.add(kept.record.record_id)
                counts.keep(kept.lost)
                yield kept.record
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


def _refuse_one_answer(record: Record) -> None:
    """Two equal answers carry no preference; every metric would count the pair as half right."""
    if record.chosen.strip() == record.rejected.strip():
        raise RecordError("chosen and rejected are the same answer")
