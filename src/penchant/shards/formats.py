"""Recognises the layout of a path by its name and its first keys, and reads its records."""

from __future__ import annotations

from pathlib import Path

from penchant.errors import DataError
from penchant.shards import alignx, jsonl, parquet, users
from penchant.shards.base import Loaded, Reader
from penchant.shards.codec import KEYS as OWN_KEYS
from penchant.space import PreferenceSpace

READERS: dict[str, Reader] = {
    "alignx": alignx.read,
    "jsonl": jsonl.read,
    "penchant": parquet.read,
    "users": users.read,
}
_TABLES = {"alignx": alignx.REQUIRED, "users": users.REQUIRED}
"""Layouts of a single Parquet file or JSON list, with their required keys."""


def read_records(path: str | Path, *, space: PreferenceSpace | None, rejected: Path | None = None) -> Loaded:
    """The records of a folder of shards, a JSON-lines file, or a published Parquet or JSON file.

    Args:
        space: the space of the directions; may be None for files without directions.
        rejected: file for the rows that a pass sets aside; its name must end with `.rejected.jsonl`.
    Raises:
        DataError: the path is missing, broken or in no known layout. Also while iterating, with the row.
        SpaceError, SpaceMismatch: directions do not fit `space`. Also while iterating, with the row.
    """
    return READERS[recognise(path)](path, space, rejected=rejected)


def recognise(path: str | Path) -> str:
    """The layout of a path, as a key of `READERS`. Raises DataError when it has no known layout."""
    path = Path(path)
    if path.is_dir():
        return "penchant"
    if not path.is_file():
        raise DataError(f"{path}: no such file or folder; check the path")
    if path.suffix == ".jsonl":
        return "jsonl"
    if path.suffix not in (".json", ".parquet"):
        raise DataError(f"{path}: unknown kind of file; known are .parquet, .json, .jsonl and folders of shards")
    keys = alignx.first_keys(path)
    if set(OWN_KEYS) <= set(keys):
        raise DataError(f"{path}: is one shard of a folder; pass the folder, whose manifest says for which space it is")
    if path.suffix == ".json" or set(alignx.SIGNS) & set(keys):
        return "alignx"
    if set(users.REQUIRED) <= set(keys):
        return "users"
    raise DataError(_unknown(path, keys))


def _unknown(path: Path, keys: list[str]) -> str:
    absent = {name: [key for key in required if key not in keys] for name, required in _TABLES.items()}
    shared = {name: len(required) - len(absent[name]) for name, required in _TABLES.items()}
    nearest = max(shared, key=lambda name: shared[name])
    # prompt, chosen and rejected alone do not make an AlignX row: it also needs a history or a direction
    lacking = ", ".join(f"'{key}'" for key in absent[nearest] or [alignx.DIRECTION])
    return f"{path}: unknown layout; the nearest is '{nearest}', which has {lacking}; this file has: {', '.join(keys)}"
