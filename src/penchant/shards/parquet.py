"""penchant's own layout: a folder of Parquet shards with a manifest.

Every field of a record comes back exactly. Shards are written to a hidden folder and moved when all are complete, the
manifest last, so that a folder holds either the old records, the new ones, or no manifest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain, count, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from penchant.errors import ConfigError, DataError
from penchant.record import Record
from penchant.shards.atomic import flush_to_disk
from penchant.shards.base import Counts, Kept, Loaded, Row
from penchant.shards.codec import KEYS, decode, encode
from penchant.shards.manifest import MANIFEST, SHARD, Manifest, Shard, SpaceStamp, read_manifest, sha256_of
from penchant.shards.source import parquet_columns, parquet_length, parquet_rows
from penchant.space import PreferenceSpace

SHARD_RECORDS = 10_000
_GROUP_RECORDS = 500
"""Records of a row group: what is held in memory while writing."""

_DIRECTION = pa.list_(pa.struct([("dimension", pa.string()), ("sign", pa.int8()), ("confidence", pa.float32())]))
_EVIDENCE = pa.struct(
    [
        ("kind", pa.string()),
        ("prompt", pa.string()),
        ("text", pa.string()),
        ("chosen", pa.string()),
        ("rejected", pa.string()),
        ("answer", pa.string()),
        ("liked", pa.bool_()),
        ("direction", _DIRECTION),
    ]
)
_PROVENANCE = pa.struct([(name, pa.string()) for name in ("dataset", "attribute", "phrasing", "meta")])
_TYPES = {
    "evidence": pa.list_(_EVIDENCE),
    "direction": _DIRECTION,
    "profile": _DIRECTION,
    "golden": _DIRECTION,
    "provenance": _PROVENANCE,
}
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
    """Writes records as shards `part-00000.parquet` … and `manifest.json`; a failure leaves what was there before.

    Args:
        records: any iterable, held in memory a row group at a time. A `Loaded` passes its counts on to the manifest.
        space: the space of every direction; None when there are none.
        counts: what became of the rows that the records were made of; None takes those of a `Loaded`.
        shard_records: records per shard, at least 1.
        overwrite: replaces shards already in the folder, also those that `records` is being read from.
    Raises:
        ConfigError: shard_records below 1.
        DataError: the folder already has shards, or a text is not valid Unicode.
        SpaceError, SpaceMismatch: a direction without a space, or over another one.
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
            shards = tuple(_shards(records, Path(hidden), space, shard_records))
            rows, dropped = _source_counts(records, shards, counts)
            manifest = Manifest(SpaceStamp.of(space), shards, seed, simulated, rows, dropped)
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
        space: the space it was written for; may be None when it has no directions.
        rejected: where to leave rows that are no longer records; there are none unless a shard was edited.
        verify: compare every shard with its checksum first, which reads the folder once.
    Raises:
        DataError: no manifest, or a shard is missing, changed or broken.
        SpaceMismatch: written for another space.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    if manifest.space is not None:
        manifest.space.require(space, where=str(folder))
    if verify:
        manifest.verify(folder)
    for shard in manifest.shards:
        _require_layout(folder / shard.name, shard)

    def rows() -> Iterator[Row]:
        for shard in manifest.shards:
            yield from parquet_rows(folder / shard.name, KEYS, label=f"{shard.name} row")

    def record(row: Row) -> Kept:
        return decode(row.content, space)

    return Loaded(folder, "penchant", rows, record, rejected=rejected, simulated=manifest.simulated)


def _require_free(folder: Path) -> None:
    if (folder / MANIFEST).exists():
        raise DataError(f"{folder}: already holds records; choose another folder, or pass overwrite=True")
    if old := shard_paths(folder):
        raise DataError(
            f"{folder}: holds {old[0].name} but no {MANIFEST}, left by a broken write or another program; "
            "choose another folder, or pass overwrite=True"
        )


def shard_paths(folder: Path) -> list[Path]:
    """The shards that stand in a folder, whatever its manifest says."""
    return sorted(path for path in folder.glob("part-*.parquet") if SHARD.fullmatch(path.name))


def _shards(
    records: Iterable[Record], folder: Path, space: PreferenceSpace | None, shard_records: int
) -> Iterator[Shard]:
    stream = iter(records)
    for number in count():
        first = next(stream, None)
        if first is None:
            return
        rest = islice(stream, shard_records - 1)
        yield write_shard(folder / shard_name(number), chain([first], rest), space)


def shard_name(number: int) -> str:
    """The name of a folder's shard, numbered from 0."""
    return f"part-{number:05d}.parquet"


def write_shard(path: Path, records: Iterable[Record], space: PreferenceSpace | None) -> Shard:
    """Writes one shard until it would survive a power cut, and gives its line of the manifest; raises as `write`."""
    stream, written = iter(records), 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        while group := list(islice(stream, _GROUP_RECORDS)):
            writer.write_table(_table(group, space))
            written += len(group)
    flush_to_disk(path)
    return Shard(path.name, written, sha256_of(path))


def _table(records: list[Record], space: PreferenceSpace | None) -> pa.Table:
    rows = [encode(record, space) for record in records]
    try:
        return pa.Table.from_pylist(rows, schema=SCHEMA)
    except UnicodeEncodeError as error:
        raise DataError(
            f"records '{records[0].record_id}' to '{records[-1].record_id}': a text is not valid Unicode "
            f"(near {error.object[error.start : error.start + 20]!a}); repair or drop it"
        ) from error


def _source_counts(
    records: Iterable[Record], shards: tuple[Shard, ...], counts: Counts | None
) -> tuple[int, dict[str, int]]:
    if counts is None and isinstance(records, Loaded):
        # only now, as a pass begins new ones
        counts = records.counts
    if counts is not None:
        return counts.rows, dict(counts.dropped)
    return sum(shard.records for shard in shards), {}


def _publish(hidden: Path, folder: Path, manifest: Manifest) -> None:
    """Puts complete shards in place of older ones; on failure no shard and no manifest is left."""
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
    found = parquet_columns(path)
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise DataError(f"{path}: has no column '{missing[0]}'; write the folder again")
    if (length := parquet_length(path)) != shard.records:
        raise DataError(f"{path}: has {length} records, the manifest says {shard.records}; write the folder again")
