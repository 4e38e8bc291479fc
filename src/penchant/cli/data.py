"""Records and their space from the paths that verbs are given."""

from __future__ import annotations

from pathlib import Path

from penchant.cli.output import say
from penchant.config import Recipe
from penchant.errors import DataError
from penchant.record import Record
from penchant.space import PreferenceSpace, load_space

SPACE_FILE = "space.toml"
"""Written beside simulated shards: the dimensions that were in play."""


def recipe_space(recipe: Recipe) -> PreferenceSpace:
    """The space of a recipe: all of it, or the dimensions named."""
    space = load_space(recipe.space)
    return space.subset(recipe.dimensions, name=f"{space.name}-{recipe.name}") if recipe.dimensions else space


def space_for(path: Path, name: str | None) -> PreferenceSpace:
    """The space that a file was written for: the one named, else the file beside the data, else alignx90."""
    if name is not None:
        return load_space(name)
    for folder in (path, path.parent):
        if (folder / SPACE_FILE).is_file():
            return load_space(str(folder / SPACE_FILE))
    return load_space()


def read(path: Path, space: PreferenceSpace, *, limit: int | None = None) -> list[Record]:
    """The records of a path; what was set aside is said on stderr with its reasons.

    Raises:
        DataError: nothing usable in it.
    """
    from penchant.shards import read_records

    loaded = read_records(path, space=space)
    records = loaded.records()
    if loaded.counts.dropped:
        say(f"{path}: {loaded.counts.summary()}")
    if not records:
        raise DataError(f"{path} holds no usable record; see the reasons above")
    return records[:limit]
