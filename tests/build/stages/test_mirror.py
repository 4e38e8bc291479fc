from pathlib import Path

import pyarrow.parquet as pq

from penchant import Comment, Persona, Record
from penchant.build.recipe import BuildRecipe
from penchant.build.stages.folder import BuildFolder
from penchant.build.stages.mirror import mirror
from penchant.config import parse
from penchant.shards.parquet import write_shard

RECIPE = parse(BuildRecipe, {"name": "a", "sources": [{"kind": "reddit", "path": "RC.zst"}]}, where="a")


def record(name: str) -> Record:
    return Record(name, "ann", "p", "y", "n", Persona((Comment("", "tea"),)))


def test_a_record_without_its_mirror_is_left_out(tmp_path: Path) -> None:
    folder = BuildFolder(tmp_path, RECIPE)
    for bucket, names in enumerate((["a > b", "c > d"], ["b > a"], ["e > f"])):
        path = folder.file("compose-train", bucket, "parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_shard(path, [record(name) for name in names], None)
    mirror(folder)
    kept = [pq.read_table(path)["record_id"].to_pylist() for path in folder.files("mirror-train", "parquet")]
    assert kept == [["a > b"], ["b > a"]]
    assert sorted(row["origin"] for table in folder.dropped() for row in table.to_pylist()) == ["c > d", "e > f"]
    counts = folder.counts("mirror", 0)
    assert counts is not None
    assert (counts["mirror"].rows_in, counts["mirror"].rows_out) == (4, 2)
