"""Reads the published AlignX layouts: training rows as Parquet, training and benchmark rows as one JSON list.

Benchmark rows have a `profile` of pole phrases instead of directions in their history. P-Soups rows also state the
persona that they were made from; it goes into the provenance, never to a model. Published rows have no user ids. Record
ids consist of the file's stem and the row number. Source: AlignX, arXiv:2503.15463, and its released files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from penchant.errors import DataError, SpaceError
from penchant.message import conversation
from penchant.record import Provenance, Record
from penchant.shards.base import Kept, Loaded, SourceRow
from penchant.shards.fields import Content, sequence, text, text_or_empty
from penchant.shards.history import HistoryKeys, history
from penchant.shards.profile import parse_profile
from penchant.shards.tables.arrow_files import parquet_columns, parquet_rows
from penchant.shards.tables.json_files import json_list
from penchant.space import Direction, PreferenceSpace

DIRECTION = "Preference Direction"
HISTORY = HistoryKeys(
    ugc="User-Generated Content", pair="Pair-wise Comparative Feedback", demo="Demographic Information"
)
PROFILE = "profile"
PERSONA_SENTENCE = "ground_truth_persona"
REQUIRED = ("prompt", "chosen", "rejected")
SIGNS = (DIRECTION, HISTORY.ugc, HISTORY.pair, HISTORY.demo, PROFILE)
"""A row of AlignX has at least one of these keys."""
KEYS = (*REQUIRED, *SIGNS, PERSONA_SENTENCE)


def read(
    path: str | Path,
    space: PreferenceSpace | None = None,
    *,
    rejected: Path | None = None,
    split: str | None = None,
) -> Loaded:
    """The records of a published file, `.parquet` or `.json`.

    Args:
        space: the space of the directions and profiles; may be None when the file has neither.
        rejected: file for rows that are set aside because prompt or answers are missing.
        split: the split of every record. None means `test` for benchmark rows (those with a profile or without a
            direction of the pair), so that no run trains on them by accident, and `train` for other rows.
    Raises:
        DataError: the file is missing, broken, or without the keys of AlignX. Iterating raises DataError and SpaceError
            that name the row.
    """
    path = Path(path)
    rows, keys = _rows(path)
    missing = [key for key in REQUIRED if key not in keys]
    if keys and (missing or not set(SIGNS) & set(keys)):
        wanted = f"'{missing[0]}'" if missing else " or ".join(f"'{key}'" for key in SIGNS)
        raise DataError(f"{path}: not an AlignX file, it has no {wanted}; it has: {', '.join(keys)}")
    benchmark = DIRECTION not in keys or PROFILE in keys or PERSONA_SENTENCE in keys
    chosen_split = split if split is not None else "test" if benchmark else "train"

    def record(row: SourceRow) -> Kept:
        record_id = f"{path.stem}-{row.number:06d}"
        return record_of(row.content, space, record_id=record_id, dataset=path.stem, split=chosen_split)

    ignored = tuple(key for key in keys if key not in KEYS)
    return Loaded(path, layout="alignx", rows=rows, decode=record, rejected=rejected, ignored=ignored)


def record_of(
    content: Content, space: PreferenceSpace | None, *, record_id: str, dataset: str, split: str = "train"
) -> Kept:
    """A record from one published row, with values as JSON, Parquet, pandas or numpy return them.

    Raises:
        RecordError: prompt or an answer is missing or empty; the caller sets the row aside.
        DataError: a value has the wrong type, or the profile contains unknown text.
        SpaceError: a vector has the wrong length or values other than 0, 0.5 and 1; or `space` is None and the row has
            directions.
    """

    def direction(content: Content) -> Direction | None:
        values = sequence(content, DIRECTION)
        return None if values is None else _published(values, _needed(space, DIRECTION))

    profile = text_or_empty(content, PROFILE).strip()
    prompt, chosen, rejected = (text(content, key) for key in REQUIRED)
    persona, lost = history(content, HISTORY, direction)
    record = Record(
        record_id=record_id,
        user_id=None,
        prompt=conversation(prompt),
        chosen=chosen,
        rejected=rejected,
        persona=persona,
        direction=direction(content),
        profile=parse_profile(profile, _needed(space, PROFILE)) if profile else None,
        split=split,
        provenance=Provenance(dataset=dataset, attribute=text_or_empty(content, PERSONA_SENTENCE)),
    )
    return Kept((record,), lost)


def first_keys(path: Path) -> list[str]:
    """The columns of a Parquet file, or the keys of the first row of a JSON list; empty for an empty list."""
    if path.suffix == ".parquet":
        return parquet_columns(path)
    first = next(json_list(path), None)
    return [] if first is None else list(first.content)


def _rows(path: Path) -> tuple[Callable[[], Iterator[SourceRow]], list[str]]:
    if path.suffix not in (".parquet", ".json"):
        raise DataError(f"{path}: published AlignX files end with .parquet or .json; convert or rename it")
    keys = first_keys(path)
    if path.suffix == ".parquet":
        return lambda: parquet_rows(path, KEYS), keys
    return lambda: json_list(path), keys


def _published(values: list[object], space: PreferenceSpace) -> Direction:
    if not {*map(type, values)} <= {int, float}:  # this runs for every item of every row
        index, value = next((i, value) for i, value in enumerate(values) if type(value) not in (int, float))
        raise DataError(f"'{DIRECTION}' has {value!r} at index {index}; allowed are 0, 0.5 and 1")
    return Direction.from_published(space, cast(list[float], values))


def _needed(space: PreferenceSpace | None, key: str) -> PreferenceSpace:
    if space is None:
        raise SpaceError(f"the row has '{key}', and no space was given; pass load_space('alignx90')")
    return space
