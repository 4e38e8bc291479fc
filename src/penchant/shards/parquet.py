"""penchant's own layout: a folder of Parquet shards with a manifest.

Every field of a record is restored exactly. Shards are written to a hidden folder and moved when all are complete, the
manifest last. So a folder has either the old records, the new records, or no manifest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain, count, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from penchant.errors import ConfigError, DataError
from penchant.message import as_dicts
from penchant.record import Record
from penchant.shards.atomic import flush_to_disk
from penchant.shards.base import Counts, Kept, Loaded, SourceRow
from penchant.shards.codec import KEYS, decode, encode
from penchant.shards.manifest import MANIFEST, SHARD, Manifest, Shard, SpaceStamp, read_manifest, sha256_of
from penchant.shards.tables.arrow_files import parquet_columns, parquet_length, parquet_rows
from penchant.space import PreferenceSpace

SHARD_RECORDS = 10_000
_GROUP_RECORDS = 500
"""Records per row group, which are in memory together while writing."""

_DIRECTION = pa.list_(pa.struct([("dimension", pa.string()), ("sign", pa.int8()), ("confidence", pa.float32())]))
_TURNS = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_EVIDENCE = pa.struct(
    [
        ("kind", pa.string()),
        ("id", pa.string()),
        ("at", pa.string()),
        ("prompt", pa.string()),
        ("text", pa.string()),
        ("chosen", pa.string()),
        ("rejected", pa.string()),
        ("answer", pa.string()),
        ("liked", pa.bool_()),
        ("before", _TURNS),
        ("direction", _DIRECTION),
    ]
)
_PROVENANCE = pa.struct([(name, pa.string()) for name in ("dataset", "attribute", "phrasing", "meta")])
_TYPES = {
    "prompt": _TURNS,
    "chosen": _TURNS,
    "rejected": _TURNS,
    "evidence": pa.list_(_EVIDENCE),
    "direction": _DIRECTION,
    "profile": _DIRECTION,
    "golden": _DIRECTION,
    "provenance": _PROVENANCE,
}
_NEWER = ("at",)
"""Columns that older shards lack."""
SCHEMA = pa.schema([(key, _TYPES.get(key, pa.string())) for key in KEYS])


def write(
    records: Iterable[Record],
    folder: str | Path,
    *,
    space: PreferenceSpace | None,
    seed: int | None = None,
    simulated: bool = False,
    counts: Counts | None = None,
    shard_records: int = SHARD_RECORDS,
    overwrite: bool = False,
) -> Manifest:
    """Writes records as shards `part-00000.parquet` … and `manifest.json`; a failure leaves the previous content.

    Args:
        records: any iterable; one row group at a time is in memory. The counts of a `Loaded` go into the manifest.
        space: the space of every direction; None when there are no directions.
        seed: the seed that the records were made with; None without a seed.
        simulated: whether the people are simulated.
        counts: counts of the source rows; None takes those of `records` when it is a `Loaded`.
        shard_records: records per shard, at least 1.
        overwrite: replace shards already in the folder, even those that `records` is read from.
    Raises:
        ConfigError: `shard_records` is below 1.
        DataError: the folder already has shards, or a text is not valid Unicode.
        SpaceError, SpaceMismatch: a record has a direction and `space` is None or another space.
    """
    if shard_records < 1:
        raise ConfigError(f"shard_records is {shard_records}; it must be at least 1")
    folder = Path(folder)
    if not overwrite:
        _require_free(folder)
    fresh = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as hidden:
            shards = tuple(_shards(records, Path(hidden), space=space, shard_records=shard_records))
            rows, dropped = _source_counts(records, shards, counts)
            manifest = Manifest(
                space=SpaceStamp.of(space), shards=shards, seed=seed, simulated=simulated, rows=rows, dropped=dropped
            )
            _publish(Path(hidden), folder, manifest)
    finally:
        if fresh and not any(folder.iterdir()):
            folder.rmdir()
    return manifest


def read(
    path: str | Path,
    space: PreferenceSpace | None = None,
    *,
    rejected: Path | None = None,
    verify: bool = True,
) -> Loaded:
    """The records of a folder written by `write`.

    Args:
        space: the space that the folder was written for; may be None when there are no directions.
        rejected: file for rows that cannot become records; there are none unless somebody edited a shard.
        verify: first compare every shard with its checksum, which reads the folder once.
    Raises:
        DataError: there is no manifest, or a shard is missing, changed or broken.
        SpaceMismatch: the folder was written for another space.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    if manifest.space is not None:
        manifest.space.require(space, where=str(folder))
    if verify:
        manifest.verify(folder)
    for shard in manifest.shards:
        _require_layout(folder / shard.name, shard)

    def rows() -> Iterator[SourceRow]:
        for shard in manifest.shards:
            yield from parquet_rows(folder / shard.name, KEYS, label=f"{shard.name} row")

    def record(row: SourceRow) -> Kept:
        return decode(row.content, space)

    return Loaded(folder, layout="penchant", rows=rows, decode=record, rejected=rejected, simulated=manifest.simulated)


def _require_free(folder: Path) -> None:
    if (folder / MANIFEST).exists():
        raise DataError(f"{folder}: already holds records; choose another folder, or pass overwrite=True")
    if old := shard_paths(folder):
        raise DataError(
            f"{folder}: holds {old[0].name} but no {MANIFEST}, left by a broken write or another program; "
            "choose another folder, or pass overwrite=True"
        )


def shard_paths(folder: Path) -> list[Path]:
    """The paths of the shards in a folder, whether or not its manifest lists them."""
    return sorted(path for path in folder.glob("part-*.parquet") if SHARD.fullmatch(path.name))


def _shards(
    records: Iterable[Record], folder: Path, *, space: PreferenceSpace | None, shard_records: int
) -> Iterator[Shard]:
    stream = iter(records)
    for number in count():
        first = next(stream, None)
        if first is None:
            return
        rest = islice(stream, shard_records - 1)
        yield write_shard(folder / shard_name(number), chain([first], rest), space)


def shard_name(number: int) -> str:
    """The file name of shard `number`, from 0."""
    return f"part-{number:05d}.parquet"


def write_shard(path: Path, records: Iterable[Record], space: PreferenceSpace | None) -> Shard:
    """Writes one shard, waits until it is on disk, and returns its manifest entry. Raises as `write`."""
    stream, written = iter(records), 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        while group := list(islice(stream, _GROUP_RECORDS)):
            writer.write_table(_table(group, space))
            written += len(group)
    flush_to_disk(path)
    return Shard(path.name, written, sha256_of(path))


def _table(records: list[Record], space: PreferenceSpace | None) -> pa.Table:
    # a column has one type: the turns, even of a single text; so TRL takes a shard as it is
    rows = [{**encode(record, space), **_turns(record)} for record in records]
    try:
        return pa.Table.from_pylist(rows, schema=SCHEMA)
    except UnicodeEncodeError as error:
        raise DataError(
            f"records '{records[0].record_id}' to '{records[-1].record_id}': a text is not valid Unicode "
            f"(near {error.object[error.start : error.start + 20]!a}); repair or drop it"
        ) from error


def _turns(record: Record) -> dict[str, object]:
    answers = {key: [{"role": "assistant", "content": getattr(record, key)}] for key in ("chosen", "rejected")}
    return {"prompt": as_dicts(record.prompt), **answers}


def _source_counts(
    records: Iterable[Record], shards: tuple[Shard, ...], counts: Counts | None
) -> tuple[int, dict[str, int]]:
    if counts is None and isinstance(records, Loaded):
        # read the counts only after the pass, which replaces them
        counts = records.counts
    if counts is not None:
        return counts.rows, dict(counts.dropped)
    return sum(shard.records for shard in shards), {}


def _publish(hidden: Path, folder: Path, manifest: Manifest) -> None:
    """Replaces older shards with the complete new ones; a failure leaves no shard and no manifest."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for old in shard_paths(folder):
        old.unlink()
    try:
        for shard in manifest.shards:
            (hidden / shard.name).replace(folder / shard.name)
        # manifest last: its presence means every shard is complete
        manifest.write(folder)
    except BaseException:
        for shard in manifest.shards:
            (folder / shard.name).unlink(missing_ok=True)
        raise


def _require_layout(path: Path, shard: Shard) -> None:
    columns = parquet_columns(path)
    missing = [key for key in KEYS if key not in columns and key not in _NEWER]
    if missing:
        raise DataError(f"{path}: has no column '{missing[0]}'; write the folder again")
    if (length := parquet_length(path)) != shard.records:
        raise DataError(f"{path}: has {length} records, the manifest says {shard.records}; write the folder again")
