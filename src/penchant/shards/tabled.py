"""Reads tables of other programs: rows become records, questions or evidence, by the layout of their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path

from penchant.errors import DataError, RecordError
from penchant.message import conversation
from penchant.persona import Comment, Demographics, Item, Rating
from penchant.record import Provenance, Question, Record
from penchant.shards.base import Entry, Kept, Loaded, SourceRow
from penchant.shards.base import PersonItems as Evidence
from penchant.shards.codec import made_id, with_extra
from penchant.shards.fields import Content, identifier, text_or_empty
from penchant.shards.identity import Identity, person_name
from penchant.shards.layouts import recognise
from penchant.shards.layouts.base import (
    SAMPLE_ROWS,
    Choice,
    Described,
    Layout,
    Nothing,
    PromptOnly,
    Sample,
    Statement,
    Verdict,
    Wrote,
    cell,
)
from penchant.shards.tables import Table
from penchant.shards.times import time_of


def read(
    table: Table, sample: Sample, *, columns: Mapping[str, str] | None = None, rejected: Path | None = None
) -> Loaded | None:
    """The rows of a table; None where its layout is not known.

    Args:
        sample: the first rows of the table.
        columns: what the user says of the columns: field -> column.
        rejected: file for the rows that a pass sets aside.
    Raises:
        ConfigError: the user names a column that is not there, or fields that make no preference.
        DataError: labels could mean two things.
    """
    stated = dict(columns or {})
    try:
        layout = recognise(sample, stated)
    except (DataError, RecordError) as error:
        raise DataError(f"{table.path}: {error}") from error
    if layout is None:
        return None
    identity = Identity.of(sample, layout, stated)
    taken = layout.columns | set(identity.columns.values())
    taken |= {name.split(".")[0] for name in taken if name not in sample.columns}
    decoder = _Decoder(layout, identity, taken, table.path.name)
    return Loaded(
        table.path,
        layout=layout.name,
        rows=table.rows if layout.group is None else _grouped(table.rows, layout.group, apart=layout.apart),
        decode=decoder.decode,
        rejected=rejected,
        fields={**identity.columns, **layout.fields},
        ignored=tuple(name for name in sample.columns if name not in taken),
    )


def sampled(table: Table) -> Sample:
    """The first rows of a table, up to one that is broken. Raises DataError where the first row is."""
    contents: list[Content] = []
    try:
        contents.extend(row.content for row in islice(table.rows(), SAMPLE_ROWS) if not row.broken)
    except DataError:
        if not contents:
            raise
    return Sample.of(contents)


@dataclass(frozen=True, slots=True)
class _Decoder:
    layout: Layout
    identity: Identity
    taken: set[str]
    dataset: str

    def decode(self, row: SourceRow) -> Kept:
        """What a row holds. Raises RecordError to set it aside."""
        content = row.content
        shared: Content = content["rows"][0] if self.layout.group else content  # type: ignore[index]
        statements = list(self.layout.read(content))
        silent = [one.reason for one in statements if isinstance(one, Nothing)]
        said = [one for one in statements if not isinstance(one, Nothing)]
        if not said:
            raise RecordError(silent[0] if silent else "the row states nothing")
        identity = self.identity
        user = identity.user_of(shared)
        at = time_of(cell(shared, identity.at)) if identity.at is not None else None
        named = identifier(shared, identity.record) if identity.record is not None else None
        provenance = Provenance(
            dataset=self.dataset, attribute=text_or_empty(shared, identity.attribute) if identity.attribute else ""
        )
        provenance = with_extra(provenance, shared, [name for name in shared if name not in self.taken])
        split = (identifier(shared, identity.split) if identity.split is not None else None) or "train"
        base = named or made_id(shared, row.number)
        entries = []
        for place, one in enumerate(said):
            record_id = base if len(said) == 1 else f"{base}-{place + 1}"
            person = user if one.user is None else person_name(one.user, "the annotator")
            entries.append(_entry(one, record_id, person, one.at or at, split, provenance))
        return Kept(tuple(entries), silent=tuple(silent))


def _entry(
    statement: Statement, record_id: str, user: str | None, at: datetime | None, split: str, provenance: Provenance
) -> Entry:
    match statement:
        case Choice():
            return Record(
                record_id,
                user,
                conversation(statement.prompt),
                statement.chosen,
                statement.rejected,
                split=split,
                provenance=provenance,
                at=at,
            )
        case Verdict():
            *before, last = conversation(statement.prompt)
            rating = Rating(last.content, statement.answer, liked=statement.liked, before=tuple(before))
            return Evidence(user or record_id, (Item(rating, id=record_id, at=at),), named=user is not None)
        case Wrote():
            comment = Item(Comment(statement.prompt, statement.text), id=record_id, at=at)
            return Evidence(user or record_id, (comment,), named=user is not None)
        case Described():
            described = Item(Demographics(statement.text), id=record_id, at=at)
            return Evidence(user or record_id, (described,), named=user is not None)
        case PromptOnly():
            return Question(record_id, user, conversation(statement.prompt), split=split, provenance=provenance, at=at)
        case Nothing():  # pragma: no cover - sorted out before
            raise RecordError(statement.reason)


def _grouped(rows: Callable[[], Iterator[SourceRow]], column: str, *, apart: bool) -> Callable[[], Iterator[SourceRow]]:
    """Rows of the same value in a column, one after the other, as one row `{"rows": […]}`."""

    def grouped() -> Iterator[SourceRow]:
        seen: set[object] = set()
        for value, group in groupby(rows(), key=lambda row: row.content.get(column)):
            several = list(group)
            if value in seen and not apart:
                raise DataError(
                    f"{several[0].location}: the rows of '{column}' {value} do not stand together; sort the file by it"
                )
            seen.add(value)
            broken = next((row.broken for row in several if row.broken), "")
            first, last = several[0], several[-1]
            where = first.location if len(several) == 1 else f"{first.location} to {last.number}"
            yield SourceRow(where, first.number, {"rows": [row.content for row in several]}, broken)

    return grouped
