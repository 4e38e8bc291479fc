"""Choices that exist already are taken over: rows of AlignX with their people, or preferences without a person.

AlignX's own formatter mixes the histories of users into each other's profiles; a record here keeps its own evidence,
and its profile is computed from that alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from penchant.build.counts import Counts, StepCounts
from penchant.build.draws import draw, split_of
from penchant.build.recipe import BuildRecipe
from penchant.build.stages.folder import BuildFolder
from penchant.record import Record
from penchant.shards.atomic import replacing
from penchant.shards.base import Loaded
from penchant.shards.formats import read_records
from penchant.shards.parquet import SHARD_RECORDS, write_shard
from penchant.space import PreferenceSpace

_PARTS = 1000
"""Most shards of one file in a split."""


def take(folder: BuildFolder, number: int, space: PreferenceSpace) -> None:
    """Writes the records of one file as shards of train and of test, in passes that hold one shard in memory."""
    section, seed = folder.recipe.records[number], folder.recipe.seed
    path = Path(section.path)
    rejected = folder.file("take", number, "rejected.jsonl")
    rejected.parent.mkdir(parents=True, exist_ok=True)
    loaded = read_records(path, space=space, columns=section.columns or None, rejected=rejected)
    trained, tested = _made(folder, "train"), _made(folder, "test")
    ids = trained.ids | tested.ids
    splits = ["train"]
    for place, other in enumerate(folder.recipe.records):
        if place >= number and other.share is not None:
            continue  # a share is of train alone, and of equal ids the first one is kept
        rows = loaded if place == number else read_records(other.path, space=space, columns=other.columns or None)
        for record in rows:
            if other.share is None and _split(record, folder.recipe) == "test":
                splits = ["train", "test"] if place == number else splits
                if trained.reason(record) is None:
                    tested.add(record)
            if place < number:
                ids.add(draw(0, "record", record.record_id))
    limit = None if section.share is None else _limit(loaded, _trained(folder), section.share, seed)
    counts: Counts = {"records": StepCounts("rows"), "take": StepCounts("records")}
    dropped: list[tuple[str, str, str]] = []
    for split in splits:
        not_in = tested if split == "train" else trained
        kept = _kept(loaded, split, folder.recipe, not_in, ids, limit, counts["take"], dropped)
        for part in range(_PARTS):
            records = list(islice(kept, SHARD_RECORDS))
            if not records:
                break
            shard = folder.file(f"take-{split}", number * _PARTS + part, "parquet")
            shard.parent.mkdir(parents=True, exist_ok=True)
            with replacing(shard) as temporary:
                write_shard(temporary, records, space)
    read = loaded.counts
    counts["records"] = StepCounts("rows", read.rows, read.kept, dict(read.dropped))
    dropped += _rejected(path, rejected)
    folder.done("take", number, counts, dropped)


class _Half(NamedTuple):
    """What one split holds, as numbers: none of it may be in the other."""

    name: str
    prompts: set[int]
    people: set[int]
    ids: set[int]

    def add(self, record: Record) -> None:
        self.prompts.add(draw(0, "prompt", record.task))
        self.people.add(draw(0, "person", record.person_id))

    def reason(self, record: Record) -> str | None:
        """Why a record cannot be in the other split."""
        if draw(0, "prompt", record.task) in self.prompts:
            return f"its prompt is in {self.name}"
        return f"its person is in {self.name}" if draw(0, "person", record.person_id) in self.people else None


def _made(folder: BuildFolder, split: str) -> _Half:
    """What the posts gave to a split."""
    half = _Half(split, set(), set(), set())
    for path in _shards(folder, split):
        for row in pq.read_table(path, columns=["record_id", "user_id", "prompt"]).to_pylist():
            half.prompts.add(draw(0, "prompt", row["prompt"][-1]["content"]))
            half.people.add(draw(0, "person", row["user_id"] or row["record_id"]))
            half.ids.add(draw(0, "record", row["record_id"]))
    return half


def _shards(folder: BuildFolder, split: str) -> list[Path]:
    return folder.files(f"{'mirror' if folder.recipe.pairs.mirrored else 'compose'}-{split}", "parquet")


def _split(record: Record, recipe: BuildRecipe) -> str:
    """A record that its file calls test, or dev, is in test; others go where their person goes."""
    return "test" if record.split != "train" else split_of(record.person_id, recipe.seed, recipe.test)


def _kept(
    loaded: Loaded,
    split: str,
    recipe: BuildRecipe,
    not_in: _Half,
    ids: set[int],
    limit: int | None,
    counts: StepCounts,
    dropped: list[tuple[str, str, str]],
) -> Iterator[Record]:
    """The records of one split; each record is counted in the pass of its split.

    Args:
        not_in: the other split.
        ids: of the records so far; it grows.
    """
    for record in loaded:
        theirs = "train" if limit is not None else _split(record, recipe)
        if theirs != split:
            continue
        counts.rows_in += 1
        name = draw(0, "record", record.record_id)
        if name in ids:
            reason: str | None = "a record before it has the same id"
        elif limit is not None and draw(recipe.seed, "share", record.record_id) > limit:
            reason = "beyond its share"
        else:
            reason = not_in.reason(record)
        if reason:
            counts.drop(reason)
            dropped.append((record.record_id, "take", reason))
            continue
        ids.add(name)
        counts.rows_out += 1
        yield replace(record, split=split)


def _trained(folder: BuildFolder) -> int:
    return sum(pq.read_metadata(path).num_rows for path in _shards(folder, "train"))


def _limit(loaded: Loaded, trained: int, share: float, seed: int) -> int:
    """The largest draw that is kept, so that these records have their share of train."""
    wanted = round(trained * share / (1 - share))
    draws: NDArray[np.uint64] = np.fromiter((draw(seed, "share", record.record_id) for record in loaded), np.uint64)
    if wanted <= 0:
        return -1
    return int(np.sort(draws)[wanted - 1]) if wanted < len(draws) else 2**64


def _rejected(path: Path, file: Path) -> list[tuple[str, str, str]]:
    if not file.is_file():
        return []
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [(f"{path.name} {line['place']}", "records", line["reason"]) for line in lines]
