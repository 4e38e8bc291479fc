"""Of mirrored pairs, a record whose mirror was left out is left out too: each pair is there twice, or not at all."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from penchant.build.counts import StepCounts
from penchant.build.pairs import mirrored
from penchant.build.stages.folder import BuildFolder
from penchant.shards.atomic import replacing


def mirror(folder: BuildFolder) -> None:
    """Writes the shards of `compose` without records that have no mirror. In memory: one shard, and all ids."""
    shards = [(split, path) for split in ("train", "test") for path in folder.files(f"compose-{split}", "parquet")]
    ids = {name for _, path in shards for name in _ids(path)}
    counts = {"mirror": StepCounts("records")}
    dropped: list[tuple[str, str, str]] = []
    for split, path in shards:
        names = _ids(path)
        kept = [mirrored(name) in ids for name in names]
        counts["mirror"].rows_in += len(names)
        counts["mirror"].rows_out += sum(kept)
        dropped += [(name, "mirror", _REASON) for name, keep in zip(names, kept, strict=True) if not keep]
        if any(kept):
            _write(path, folder.file(f"mirror-{split}", int(path.stem), "parquet"), kept)
    counts["mirror"].drop(_REASON, len(dropped))
    folder.done("mirror", 0, counts, dropped)


_REASON = "its mirror was left out"


def _ids(path: Path) -> list[str]:
    names: list[str] = pq.read_table(path, columns=["record_id"])["record_id"].to_pylist()
    return names


def _write(path: Path, final: Path, kept: list[bool]) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    table = pq.read_table(path)
    if not all(kept):
        table = table.filter(pa.array(kept))
    with replacing(final) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=500)
