"""Records and their space from the paths that verbs are given."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.output import say
from penchant.config import Recipe
from penchant.errors import ConfigError, DataError, SpaceError, SpaceMismatch
from penchant.manner import manner_space, measured
from penchant.record import Record
from penchant.space import PreferenceSpace, find_space_file, load_space

if TYPE_CHECKING:
    from penchant.shards.base import Loaded
    from penchant.shards.individual import Individual

SpaceOption = Annotated[
    str | None,
    typer.Option(help="Space name or .toml, +demographics to open it; default: beside the data, else alignx90."),
]
RejectedOption = Annotated[
    Path | None, typer.Option("--rejected", help="Receives the rows set aside: NAME.rejected.jsonl.")
]
DIRECTIONS = ("given", "measured")
DirectionsOption = Annotated[
    str, typer.Option("--directions", help="Of the evidence, for PBA: given in the data, or measured on its texts.")
]


def recipe_space(recipe: Recipe) -> PreferenceSpace:
    """The space of a recipe: all of it, or the dimensions named.

    Raises:
        ConfigError: a dimension that the space does not have; the nearest is named.
    """
    space = load_space(recipe.space)
    if recipe.dimensions is None:
        return space
    try:
        return space.subset(recipe.dimensions, name=f"{space.name}-{recipe.name}")
    except SpaceError as error:
        raise ConfigError(f"recipe '{recipe.name}', dimensions: {error}") from error


def space_for(path: Path, name: str | None, *, directions: str = "given") -> PreferenceSpace:
    """The space that a file was written for: the one named, else the file beside the data, else alignx90.

    Directions that are measured are of a space of their own, whatever the file was written for.

    Raises:
        ConfigError: unknown kind of directions.
    """
    if directions not in DIRECTIONS:
        raise ConfigError(f"--directions {directions}: known are {', '.join(DIRECTIONS)}")
    if name is not None:
        return load_space(name)
    if directions == "measured":
        return manner_space()
    beside = find_space_file(path)
    return load_space(str(beside)) if beside else load_space()


def say_space(path: Path, space: PreferenceSpace, named: str | None) -> None:
    """Says which space data was read in, unless it was named, and of which of its dimensions nothing is concluded."""
    if named is None:
        why = f"of {beside}" if (beside := find_space_file(path)) else "default"
        say(f"{path}: read in space {space.name} ({why}); --space names another")
    kept = [dimension.id for dimension, kept in zip(space.dimensions, space.withheld, strict=True) if kept]
    if kept:
        say(
            f"nothing is concluded of {', '.join(kept)}, which are protected; "
            f"--space {space.name}+demographics allows it"
        )


def read(
    path: Path,
    space: PreferenceSpace,
    *,
    split: str | None = None,
    limit: int | None = None,
    rejected: Path | None = None,
) -> list[Record]:
    """The records of a path; what was set aside is said on stderr with its reasons.

    Args:
        split: only records of this split.
        limit: reading stops after so many of them.
        rejected: receives the rows set aside; its name ends with `.rejected.jsonl`.
    Raises:
        DataError: nothing usable in it, or nothing of the split.
        SpaceMismatch: written for another space.
    """
    splits: set[str] = set()

    def wanted(record: Record) -> bool:
        splits.add(record.split)
        return split in (None, record.split)

    with opened(path, space, rejected) as loaded:
        records = list(islice(filter(wanted, loaded), limit))
        say_losses(loaded)
        if limit is not None and not loaded.counts.complete:
            people = len({record.person_id for record in records})
            say(f"{path}: only the first {len(records):,} records are read, as --limit says, of {people:,} people")
    if not records:
        refuse(loaded, split, splits)
    return records


def directed(records: list[Record], directions: str) -> list[Record]:
    """The records with directions on their evidence as they are given, or as measured on its texts."""
    if directions == "given":
        return records
    return [replace(record, persona=measured(record.persona)) for record in records]


def find(path: Path, space: PreferenceSpace, record_id: str | None) -> Record:
    """One record by its id, or the first; reads no further than that.

    Raises:
        DataError: there is none.
        SpaceMismatch: written for another space.
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


def individual(path: Path, space: PreferenceSpace) -> Individual | None:
    """The person of a file that holds one and no records, None of any other; items left out are said on stderr.

    Raises:
        DataError: a JSON object of another shape.
        SpaceMismatch: its directions are of another space.
    """
    from penchant.shards.individual import is_individual, read

    if not is_individual(path):
        return None
    with _advised(path):
        found = read(path, space)
    for place, reason in found.lost.items():
        say(f"{path}: evidence[{place}] left out ({reason})")
    return found


@contextmanager
def opened(path: Path, space: PreferenceSpace, rejected: Path | None) -> Iterator[Loaded]:
    """The records of a path as a stream; inside the block, errors say what to do on the command line.

    Raises:
        DataError: nothing there that can be read.
        SpaceMismatch: written for another space.
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
            f"leave out --space, as {beside} stands beside the data" if beside else "give its .toml file by --space"
        )
        raise SpaceMismatch(f"{error}: {advice}") from error


def say_losses(loaded: Loaded) -> None:
    """Says on stderr which rows and items were left out, and why."""
    counts = loaded.counts
    if counts.dropped:
        places = ", ".join(example.location for example in counts.examples)
        kept = f"; kept aside in {loaded.rejected}" if loaded.rejected else ""
        say(f"{loaded.path}: {counts.summary()}; first: {places}{kept}")
    for reason, count in sorted(counts.lost_items.items()):
        _say_lost(loaded.path, count, reason)


def _say_lost(path: Path, count: int, reason: str) -> None:
    say(f"{path}: {count:,} items of evidence left out ({reason})")


def refuse(loaded: Loaded, split: str | None = None, splits: Collection[str] = ()) -> None:
    """Raises DataError: there is nothing usable in it, or nothing of a split; `splits` are those there are."""
    counts = loaded.counts
    if not counts.rows:
        raise DataError(f"{loaded.path} holds no rows; check the path")
    if not counts.kept:
        raise DataError(f"{loaded.path} holds no usable record; {counts.summary()}")
    raise DataError(f"{loaded.path} has no record of split '{split}'; there are: {', '.join(sorted(splits))}")
