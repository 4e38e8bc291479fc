"""Reads records and their space.

The space holds the preference dimensions that the records' directions refer to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from penchant.config import Recipe
from penchant.errors import ConfigError, DataError, SpaceError, SpaceMismatch
from penchant.history import Asked, Historied, History, item_of, with_evidence, with_history
from penchant.manner import manner_space, measured
from penchant.persona import Item
from penchant.record import Question, Record
from penchant.reporter import QUIET, Reporter
from penchant.space import PreferenceSpace, find_space_file, load_space

if TYPE_CHECKING:
    from penchant.shards.base import Loaded
    from penchant.shards.person_file import Individual


@dataclass(frozen=True, slots=True)
class Data:
    """A path, and what else the user says of how to read it. Wherever a run takes `data`, a plain path will do."""

    path: Path
    columns: str | None = None
    """Which column holds what: `field=column,…`, or a YAML file; see `shards.layouts.mapped`."""
    history: str | None = None
    """Which other rows of a person become evidence: `others`, `earlier` or `first:K`; see `penchant.history`."""
    evidence: Path | None = None
    """A file with further evidence of the people, joined by user id."""

    @property
    def name(self) -> str:
        """Name of the file or folder."""
        return self.path.name

    @property
    def stem(self) -> str:
        """The name without the ending, which names the data in tables."""
        return self.path.stem

    def __str__(self) -> str:
        return str(self.path)

    def digest(self) -> str:
        """What decides the records: the checksum of the files, and how they are read. Equal for equal records."""
        from penchant.shards.manifest import digest_of

        def of(path: Path) -> str:
            return digest_of(path) if path.exists() else str(path)  # a data set of the Hub is named, not here

        more = [str(part) for part in (self.columns, self.history) if part is not None]
        more += [] if self.evidence is None else [of(self.evidence)]
        return " ".join([of(self.path), *more])


def as_data(data: str | Path | Data) -> Data:
    """A path as data that is read as it stands."""
    return data if isinstance(data, Data) else Data(Path(data))


_ADVICE = {
    "evidence alone, without two answers": "; `ratings` of penchant train reads thumbs, `penchant show users` beliefs "
    "from any evidence, and to measure a model takes two answers to a prompt",
    "a question without two answers": "; `penchant show prompt` and `penchant infer` read questions",
}
"""Reason for which every row was left out -> what can be done with the rows."""

Directions = Literal["given", "measured"]
"""Where the directions of evidence come from: the data, or a measurement of its texts (`penchant.manner`)."""
DIRECTIONS: tuple[Directions, ...] = ("given", "measured")


def recipe_space(recipe: Recipe) -> PreferenceSpace:
    """The space of a recipe, or the part of it that the recipe's dimensions name.

    Raises:
        ConfigError: the space lacks a dimension; the nearest one is named.
    """
    space = load_space(recipe.space)
    if recipe.dimensions is None:
        return space
    try:
        return space.subset(recipe.dimensions, name=f"{space.name}-{recipe.name}")
    except SpaceError as error:
        raise ConfigError(f"recipe '{recipe.name}', dimensions: {error}") from error


def space_for(data: Path | Data, name: str | None, *, directions: str = "given") -> PreferenceSpace:
    """The space to read a file in: the one named, else the space file beside the data, else alignx90.

    Measured directions have a space of their own, whatever space the file was written for.

    Raises:
        ConfigError: `directions` is not one of DIRECTIONS.
    """
    if directions not in DIRECTIONS:
        raise ConfigError(f"`directions` {directions}: choose from {', '.join(DIRECTIONS)}")
    if name is not None:
        return load_space(name)
    if directions == "measured":
        return manner_space()
    beside = find_space_file(as_data(data).path)
    return load_space(str(beside)) if beside else load_space()


def report_space(data: Path | Data, space: PreferenceSpace, named: str | None, *, reporter: Reporter) -> None:
    """Notes the space that data is read in, unless the user named it, and its protected dimensions."""
    path = as_data(data).path
    if named is None:
        why = f"of {beside}" if (beside := find_space_file(path)) else "default"
        reporter.note(f"{path}: read in space {space.name} ({why}); `space` names another")
    protected = [dimension.id for dimension, kept in zip(space.dimensions, space.withheld, strict=True) if kept]
    if protected:
        reporter.note(
            f"nothing is concluded of {', '.join(protected)}, which are protected; "
            f"`space` {space.name}+demographics allows it"
        )


def read(
    data: Path | Data,
    space: PreferenceSpace,
    *,
    split: str | None = None,
    limit: int | None = None,
    rejected: Path | None = None,
    reporter: Reporter = QUIET,
) -> list[Record]:
    """The records of a path; rows that are left out are reported with their reasons.

    Args:
        split: only records of this split.
        limit: reading stops after this many records.
        rejected: a file that receives the rows left out; its name ends with `.rejected.jsonl`.
    Raises:
        DataError: the path holds nothing usable, or nothing of the split.
        SpaceMismatch: the data was written for another space.
    """
    splits: set[str] = set()

    def wanted(record: Record) -> bool:
        splits.add(record.split)
        return split in (None, record.split)

    path, source = as_data(data).path, as_data(data)
    first = None if source.history is not None else limit  # the history of the first records may be in later rows
    with opened(data, space, rejected) as loaded:
        rows = list(islice(filter(wanted, loaded), first))
        report_losses(loaded, reporter)
    if not rows:
        refuse(loaded, split, splits)
    records = [one for one in joined(rows, source, space, reporter=reporter) if isinstance(one, Record)]
    if limit is not None and (len(records) > limit or not loaded.counts.complete):
        records = records[:limit]
        people = len({record.person_id for record in records})
        reporter.note(
            f"{path}: only the first {len(records):,} records are read, as `limit` says, of {people:,} people"
        )
    return records


def joined(
    records: Sequence[Asked], data: Data, space: PreferenceSpace, *, reporter: Reporter = QUIET
) -> Sequence[Asked]:
    """The records with the evidence from other rows and from another file that `data` asks for.

    Raises:
        ConfigError: `history` has another form, or the rows have no times.
        DataError: no record is left, or the file of evidence holds none.
    """
    if data.evidence is not None:
        added = with_evidence(records, evidence_of(data.evidence, space, reporter=reporter))
        reached = len({r.user_id for r, before in zip(added.records, records, strict=True) if r is not before})
        reporter.note(f"{data.evidence}: {added.items:,} items added to the records of {reached:,} people")
        _report_withheld(added, reporter)
        records = added.records
    if data.history is None:
        return records
    made = with_history(records, History.parse(data.history))
    kept = f"; {made.as_history:,} rows are history and not asked about" if made.as_history else ""
    reporter.note(f"{data}: {len(made.records):,} records with {made.items:,} items of history{kept}")
    if not made.items:
        reporter.note(
            f"{data}: `history` {data.history} gives no row any history: are people named, and do times differ?"
        )
    _report_withheld(made, reporter)
    for reason, count in sorted(made.dropped.items()):
        reporter.note(f"{data}: {count:,} rows left out ({reason})")
    if not any(isinstance(one, Record) for one in records):
        raise DataError(f"{data}: `history` makes a person's other choices evidence, and there are none; leave it out")
    if not made.records:
        raise DataError(f"{data}: `history` {data.history} leaves no record to ask about; try others, or a smaller K")
    return made.records


@contextmanager
def streamed(
    data: Path | Data, space: PreferenceSpace, rejected: Path | None, *, reporter: Reporter = QUIET
) -> Iterator[Loaded]:
    """As `opened`; with history or further evidence, for which all rows must be known, the records in memory."""
    source = as_data(data)
    if source.history is None and source.evidence is None:
        with opened(data, space, rejected) as loaded:
            yield loaded
        return
    from penchant.shards.base import Kept, SourceRow
    from penchant.shards.base import Loaded as Records

    records = read(data, space, rejected=rejected, reporter=reporter)
    rows = [SourceRow(f"record {number}", number, {"record": record}) for number, record in enumerate(records)]
    yield Records(source.path, "records", lambda: iter(rows), lambda row: Kept((records[row.number],)), simulated=None)


def _report_withheld(made: Historied, reporter: Reporter) -> None:
    if made.withheld:
        reporter.note(f"{made.withheld:,} items were not shown to rows whose prompt or answers they hold")


def evidence_of(path: Path, space: PreferenceSpace, *, reporter: Reporter = QUIET) -> dict[str, list[Item]]:
    """Evidence of people from a file of any layout: comments, thumbs and descriptions, and choices as comparisons.

    Raises:
        DataError: the file holds nothing that names a person.
    """
    from penchant.shards.base import PersonItems

    people: dict[str, list[Item]] = {}
    with opened(path, space, None) as loaded:
        for entry in loaded.entries():
            name = entry.user_id
            if name is None or (isinstance(entry, PersonItems) and not entry.named):
                continue
            items = people.setdefault(name, [])
            if isinstance(entry, Record):
                items += [*entry.persona.items, item_of(entry)]
            else:
                items += entry.items if not isinstance(entry, Question) else entry.persona.items
        report_losses(loaded, reporter)
    if not any(people.values()):
        raise DataError(f"{path}: holds no evidence that names a person; it needs a column such as user_id and a text")
    return {name: list(dict.fromkeys(items)) for name, items in people.items()}


def directed(records: list[Record], directions: str) -> list[Record]:
    """The records with the directions that the data gives, or with directions measured on the evidence's texts."""
    if directions == "given":
        return records
    return [replace(record, persona=measured(record.persona)) for record in records]


def of_attribute(records: list[Record], attribute: str | None, path: Path | Data) -> list[Record]:
    """The records of one subset: of a dimension (`plain_warm`) or of one of its poles (`plain_warm/warm`).

    Raises:
        ConfigError: there is no such subset.
    """
    if attribute is None:
        return records
    named = [(record, record.provenance.attribute) for record in records]
    kept = [record for record, name in named if attribute in (name, name.split("/")[0])]
    if not kept:
        names = sorted({name.split("/")[0] for _, name in named})
        raise ConfigError(f"{path} has no record of '{attribute}'; there are: {', '.join(names)}")
    return kept


def find(data: Path | Data, space: PreferenceSpace, record_id: str | None) -> Record | Question:
    """One record by its id, or the first one; reads no further than that.

    Raises:
        DataError: there is no such record.
        SpaceMismatch: the data was written for another space.
    """
    first = None
    path = as_data(data).path
    if as_data(data).history or as_data(data).evidence:
        with opened(data, space, None) as loaded:
            rows = [entry for entry in loaded.entries() if isinstance(entry, Record | Question)]
        if not rows:
            refuse(loaded)
        asked = joined(rows, as_data(data), space)
        found = next((record for record in asked if record_id in (None, record.record_id)), None)
        if found is not None:
            return found
        raise DataError(f"{path} has no record '{record_id}'; the first is '{asked[0].record_id}'")
    with opened(data, space, None) as loaded:
        for record in loaded.entries():
            if isinstance(record, Record | Question):
                if record_id in (None, record.record_id):
                    return record
                first = first or record
    if first is None and loaded.counts.kept:
        raise DataError(f"{path} holds evidence, but nothing that is asked; `penchant show users` reads it")
    if first is None:
        refuse(loaded)
    named = f"; the first is '{first.record_id}'" if first else ""
    aside = sum(loaded.counts.dropped.values())
    dropped = f"; {aside:,} rows are set aside, see penchant data {path}" if aside else ""
    raise DataError(f"{path} has no record '{record_id}'{named}{dropped}")


def individual(data: Path | Data, space: PreferenceSpace, *, reporter: Reporter = QUIET) -> Individual | None:
    """The person of a file that holds one person and no records; None for any other file.

    Raises:
        DataError: the file holds a JSON object of another shape.
        SpaceMismatch: its directions are of another space.
    """
    from penchant.shards.person_file import is_individual, read

    path = as_data(data).path
    if not is_individual(path):
        return None
    with _advised(path):
        person = read(path, space)
    for position, reason in person.lost.items():
        reporter.note(f"{path}: evidence[{position}] left out ({reason})")
    return person


@contextmanager
def opened(data: Path | Data, space: PreferenceSpace, rejected: Path | None) -> Iterator[Loaded]:
    """The records of a path as a stream; errors inside the block say what to do.

    Raises:
        DataError: there is nothing that can be read.
        SpaceMismatch: the data was written for another space.
    """
    from penchant.shards import read_records
    from penchant.shards.layouts.mapped import parse_columns
    from penchant.shards.manifest import MANIFEST

    path, columns = as_data(data).path, as_data(data).columns
    parts = sorted(entry.parent.name for entry in path.glob(f"*/{MANIFEST}"))
    if parts and not (path / MANIFEST).is_file():
        raise DataError(f"{path} holds the folders {', '.join(parts)}; name one, for instance {path / parts[0]}")
    with _advised(path):
        stated = None if columns is None else parse_columns(columns)
        yield read_records(path, space=space, rejected=rejected, columns=stated)


@contextmanager
def _advised(path: Path) -> Iterator[None]:
    try:
        yield
    except SpaceMismatch as error:
        beside = find_space_file(path)
        advice = (
            f"leave out `space`, as {beside} stands beside the data" if beside else "give its .toml file as `space`"
        )
        raise SpaceMismatch(f"{error}: {advice}") from error


def report_losses(loaded: Loaded, reporter: Reporter) -> None:
    """Notes how many rows and items of evidence were left out, and why."""
    counts = loaded.counts
    if counts.dropped:
        places = ", ".join(example.location for example in counts.examples)
        kept = f"; kept aside in {loaded.rejected}" if loaded.rejected else ""
        reporter.note(f"{loaded.path}: {counts.summary()}; first: {places}{kept}")
    for reason, count in sorted(counts.lost_items.items()):
        reporter.note(f"{loaded.path}: {count:,} items of evidence left out ({reason})")


def refuse(loaded: Loaded, split: str | None = None, splits: Collection[str] = ()) -> None:
    """Raises DataError: there is nothing usable in the data, or nothing of the split; `splits` are those there are."""
    counts = loaded.counts
    if not counts.rows:
        raise DataError(f"{loaded.path} holds no rows; check the path")
    if not counts.kept:
        advice = next((text for reason, text in _ADVICE.items() if reason in counts.dropped), "")
        raise DataError(f"{loaded.path} holds no usable record; {counts.summary()}{advice}")
    raise DataError(f"{loaded.path} has no record of split '{split}'; there are: {', '.join(sorted(splits))}")
