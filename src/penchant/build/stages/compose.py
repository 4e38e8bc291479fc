"""The replies and choices of each person become records with evidence, in shards of train and of test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from penchant.build.counts import Counts, StepCounts
from penchant.build.distributions import Distributions
from penchant.build.people import Chosen, Written, grouped, records_of
from penchant.build.spill import read_bucket
from penchant.build.stages.folder import BuildFolder
from penchant.build.stages.link import Reader
from penchant.persona import Demographics
from penchant.record import Record
from penchant.shards.atomic import replacing
from penchant.shards.parquet import write_shard
from penchant.space import Direction, PreferenceSpace


def compose(
    folder: BuildFolder, bucket: int, space: PreferenceSpace, profiles: Mapping[str, str], reader: Reader | None = None
) -> None:
    """Makes the records of the people of a bucket: a shard of train and one of test, if there are any.

    Args:
        profiles: author -> description.
        reader: reads the directions of descriptions.
    """
    recipe = folder.recipe
    written = {
        person: [_written(row, space) for row in rows]
        for person, rows in grouped(_rows(folder, "written", bucket), lambda row: str(row["person"]))
    }
    counts: Counts = {"people": StepCounts("pairs")}
    records: list[Record] = []
    dropped: list[tuple[str, str, str]] = []
    chose = dict(grouped(_rows(folder, "choices", bucket), lambda row: str(row["person"])))
    described = _described([person for person in chose if person in profiles], profiles, reader)
    for person, rows in chose.items():
        choices = [_chosen(row, space) for row in rows]
        theirs, step = records_of(
            person,
            written.get(person, []),
            choices,
            described.get(person),
            recipe.persona,
            rule=recipe.pairs.rule,
            seed=recipe.seed,
        )
        counts["people"].add(step)
        kept = {record.record_id for record in theirs}
        reason = next(iter(step.dropped), "")
        dropped += [(choice.id, "people", reason) for choice in choices if choice.id not in kept]
        records += theirs
    for split in ("train", "test"):
        theirs = [record for record in records if record.split == split]
        path = folder.file(f"compose-{split}", bucket, "parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        if theirs:
            with replacing(path) as temporary:
                write_shard(temporary, theirs, space)
        counts[split] = StepCounts("records", rows_in=len(theirs), rows_out=len(theirs))
    people = ([reply.direction for reply in theirs] for theirs in written.values())
    Distributions.of(people, records, len(space)).save(folder.file("compose", bucket, "npz"))
    folder.done("compose", bucket, counts, dropped)


def _described(people: Sequence[str], profiles: Mapping[str, str], reader: Reader | None) -> dict[str, Demographics]:
    items = [Demographics(profiles[person]) for person in people if profiles[person].strip()]
    people = [person for person in people if profiles[person].strip()]
    read = reader(items) if reader else [None] * len(items)
    return {
        person: replace(item, direction=direction) for person, item, direction in zip(people, items, read, strict=True)
    }


def _rows(folder: BuildFolder, kind: str, bucket: int) -> list[dict[str, object]]:
    return [row for table in read_bucket(folder.files("link", kind), bucket) for row in table.to_pylist()]


def _written(row: Mapping[str, object], space: PreferenceSpace) -> Written:
    values = {name: row[name] for name in ("id", "thread", "prompt", "text", "at", "in_test", "origin")}
    return Written(**values, direction=_dense(row["direction"], space))  # type: ignore[arg-type]


def _chosen(row: Mapping[str, object], space: PreferenceSpace) -> Chosen:
    names = ("id", "thread", "prompt", "chosen", "rejected", "at", "split", "origins", "post")
    return Chosen(**{name: row[name] for name in names}, direction=_dense(row["direction"], space))  # type: ignore[arg-type]


def _dense(entries: Sequence[Mapping[str, float]] | None, space: PreferenceSpace) -> Direction | None:
    if entries is None:
        return None
    signs, sure = np.zeros(len(space), np.int8), np.ones(len(space), np.float32)
    for entry in entries:
        signs[int(entry["row"])], sure[int(entry["row"])] = entry["sign"], entry["sure"]
    return Direction(space, signs, sure)
