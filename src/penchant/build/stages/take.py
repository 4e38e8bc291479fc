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
    tested = _Tested(_test_prompts(folder), set())
    splits = ["train"]
    if section.share is None:
        for record in loaded:
            if _split(record, folder.recipe) == "test":
                tested.add(record)
                splits = ["train", "test"]
    limit = None if section.share is None else _limit(loaded, _trained(folder), section.share, seed)
    counts: Counts = {"records": StepCounts("rows"), "take": StepCounts("records")}
    dropped: list[tuple[str, str, str]] = []
    for split in splits:
        kept = _kept(loaded, split, folder.recipe, tested, limit, counts["take"], dropped)
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


class _Tested(NamedTuple):
    """What must not be in train, as numbers."""

    prompts: set[int]
    people: set[int]

    def add(self, record: Record) -> None:
        self.prompts.add(draw(0, "prompt", record.task))
        self.people.add(draw(0, "person", record.person_id))

    def reason(self, record: Record) -> str | None:
        """Why a record cannot be in train."""
        if draw(0, "prompt", record.task) in self.prompts:
            return "its prompt is in test"
        return "its person is in test" if draw(0, "person", record.person_id) in self.people else None


def _split(record: Record, recipe: BuildRecipe) -> str:
    """A record that its file calls test, or dev, is in test; others go where their person goes."""
    return "test" if record.split != "train" else split_of(record.person_id, recipe.seed, recipe.test)


def _kept(
    loaded: Loaded,
    split: str,
    recipe: BuildRecipe,
    tested: _Tested,
    limit: int | None,
    counts: StepCounts,
    dropped: list[tuple[str, str, str]],
) -> Iterator[Record]:
    """The records of one split; each record is counted in the pass of its split."""
    for record in loaded:
        theirs = "train" if limit is not None else _split(record, recipe)
        if theirs != split:
            continue
        counts.rows_in += 1
        reason = None
        if limit is not None and draw(recipe.seed, "share", record.record_id) > limit:
            reason = "beyond its share"
        elif split == "train":
            reason = tested.reason(record)
        if reason:
            counts.drop(reason)
            dropped.append((record.record_id, "take", reason))
            continue
        counts.rows_out += 1
        yield replace(record, split=split)


def _test_prompts(folder: BuildFolder) -> set[int]:
    """The prompts of test so far."""
    prompts = (
        row["prompt"][-1]["content"]
        for path in folder.files("compose-test", "parquet")
        for row in pq.read_table(path, columns=["prompt"]).to_pylist()
    )
    return {draw(0, "prompt", prompt) for prompt in prompts}


def _trained(folder: BuildFolder) -> int:
    return sum(pq.read_metadata(path).num_rows for path in folder.files("compose-train", "parquet"))


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
