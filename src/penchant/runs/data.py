"""Reads records and their space.

The space holds the preference dimensions that the records' directions refer to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from penchant.config import Recipe
from penchant.errors import ConfigError, DataError, SpaceError, SpaceMismatch
from penchant.manner import manner_space, measured
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.space import PreferenceSpace, find_space_file, load_space

if TYPE_CHECKING:
    from penchant.shards.base import Loaded
    from penchant.shards.person_file import Individual

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


def space_for(path: Path, name: str | None, *, directions: str = "given") -> PreferenceSpace:
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
    beside = find_space_file(path)
    return load_space(str(beside)) if beside else load_space()


def report_space(path: Path, space: PreferenceSpace, named: str | None, *, reporter: Reporter) -> None:
    """Notes the space that data is read in, unless the user named it, and its protected dimensions."""
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
    path: Path,
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

    with opened(path, space, rejected) as loaded:
        records = list(islice(filter(wanted, loaded), limit))
        report_losses(loaded, reporter)
        if limit is not None and not loaded.counts.complete:
            people = len({record.person_id for record in records})
            reporter.note(
                f"{path}: only the first {len(records):,} records are read, as `limit` says, of {people:,} people"
            )
    if not records:
        refuse(loaded, split, splits)
    return records


def directed(records: list[Record], directions: str) -> list[Record]:
    """The records with the directions that the data gives, or with directions measured on the evidence's texts."""
    if directions == "given":
        return records
    return [replace(record, persona=measured(record.persona)) for record in records]


def of_attribute(records: list[Record], attribute: str | None, path: Path) -> list[Record]:
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


def find(path: Path, space: PreferenceSpace, record_id: str | None) -> Record:
    """One record by its id, or the first one; reads no further than that.

    Raises:
        DataError: there is no such record.
        SpaceMismatch: the data was written for another space.
    """
    first = None
    with opened(path, space, None) as loaded:
        for record in loaded:
            if record_id in (None, record.record_id):
                return record
            first = first or record
    if first is None:
        refuse(loaded)
    named = f"; the first is '{first.record_id}'" if first else ""
    raise DataError(f"{path} has no record '{record_id}'{named}")


def individual(path: Path, space: PreferenceSpace, *, reporter: Reporter = QUIET) -> Individual | None:
    """The person of a file that holds one person and no records; None for any other file.

    Raises:
        DataError: the file holds a JSON object of another shape.
        SpaceMismatch: its directions are of another space.
    """
    from penchant.shards.person_file import is_individual, read

    if not is_individual(path):
        return None
    with _advised(path):
        person = read(path, space)
    for position, reason in person.lost.items():
        reporter.note(f"{path}: evidence[{position}] left out ({reason})")
    return person


@contextmanager
def opened(path: Path, space: PreferenceSpace, rejected: Path | None) -> Iterator[Loaded]:
    """The records of a path as a stream; errors inside the block say what to do.

    Raises:
        DataError: there is nothing that can be read.
        SpaceMismatch: the data was written for another space.
    """
    from penchant.shards import read_records
    from penchant.shards.manifest import MANIFEST

    parts = sorted(entry.parent.name for entry in path.glob(f"*/{MANIFEST}"))
    if parts and not (path / MANIFEST).is_file():
        raise DataError(f"{path} holds the folders {', '.join(parts)}; name one, for instance {path / parts[0]}")
    with _advised(path):
        yield read_records(path, space=space, rejected=rejected)


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
        raise DataError(f"{loaded.path} holds no usable record; {counts.summary()}")
    raise DataError(f"{loaded.path} has no record of split '{split}'; there are: {', '.join(sorted(splits))}")
