"""Which layout a path holds, told from its name and its first keys."""

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
"""Layouts of one Parquet file or JSON list, with the keys each must have."""


def read_records(path: str | Path, *, space: PreferenceSpace | None, rejected: Path | None = None) -> Loaded:
    """The records of a folder of shards, a JSON-lines file, or a published Parquet or JSON file.

    Args:
        space: the space of the directions; may be None where a file has none.
        rejected: where a pass leaves the rows it sets aside, a name ending with `.rejected.jsonl`.
    Raises:
        DataError: missing, broken, or in no known layout; while iterating, with the row.
        SpaceError, SpaceMismatch: directions that do not fit `space`; while iterating, with the row.
    """
    return READERS[recognise(path)](path, space, rejected=rejected)


def recognise(path: str | Path) -> str:
    """The name of the layout at a path, a key of `READERS`. Raises DataError when there is none."""
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
    # the three texts alone are no AlignX row: it needs a history or a direction besides
    lacking = ", ".join(f"'{key}'" for key in absent[nearest] or [alignx.DIRECTION])
    return f"{path}: unknown layout; the nearest is '{nearest}', which has {lacking}; this file has: {', '.join(keys)}"
