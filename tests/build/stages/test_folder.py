from pathlib import Path

import numpy as np

from penchant.build.counts import StepCounts
from penchant.build.recipe import BuildRecipe
from penchant.build.stages.folder import BuildFolder, save_array
from penchant.config import parse

RECIPE = parse(BuildRecipe, {"name": "a", "sources": [{"kind": "reddit", "path": "RC.zst"}]}, where="a")


def test_a_task_is_done_when_its_counts_are_there(tmp_path: Path) -> None:
    folder = BuildFolder(tmp_path, RECIPE)
    assert folder.counts("read", 3) is None
    counts = {"parse": StepCounts("rows", rows_in=2, rows_out=1, dropped={"no id": 1})}
    folder.done("read", 3, counts, [("a line 1", "parse", "no id")])
    folder.done("read", 4, counts)
    assert folder.counts("read", 3) == counts
    assert [path.name for path in folder.files("read", "json")] == ["000003.json", "000004.json"]
    rows = [row for table in folder.dropped() for row in table.to_pylist()]
    assert rows == [{"origin": "a line 1", "step": "parse", "reason": "no id"}]


def test_an_array_is_written_whole(tmp_path: Path) -> None:
    save_array(tmp_path / "x.npy", np.arange(3))
    assert np.load(tmp_path / "x.npy").tolist() == [0, 1, 2]
