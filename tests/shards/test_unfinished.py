import json
from pathlib import Path

import pytest

from penchant import Record
from penchant.errors import DataError
from penchant.shards import parquet
from penchant.shards.manifest import read_manifest
from penchant.shards.unfinished import Unfinished, require_room, stopped

MADE_FROM = {"--data": "1", "--annotator": "2"}


def bare(first: int, last: int) -> list[Record]:
    return [Record(f"r{i}", None, f"p{i}", "y", "n") for i in range(first, last)]


def begin(folder: Path, tiny, *, resume: bool = False, overwrite: bool = False, **changes: str) -> Unfinished:
    return Unfinished.begin(folder, tiny, {**MADE_FROM, **changes}, resume=resume, overwrite=overwrite)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def whole(folder: Path, tiny) -> dict[str, bytes]:
    run = begin(folder, tiny)
    for first in (0, 2, 4):
        run.add(bare(first, first + 2))
    run.finish(rows=7, dropped={"prompt is empty": 1}, simulated=True, files={"space.toml": "x"})
    return content(folder)


def half(folder: Path, tiny, **asked: bool) -> None:
    run = begin(folder, tiny, **asked)
    run.add(bare(0, 2))
    run.add(bare(2, 4))


def test_a_folder_that_was_gone_on_with_is_that_of_a_run_in_one_go(tiny, tmp_path: Path) -> None:
    half(tmp_path / "b", tiny)
    assert stopped(tmp_path / "b")
    assert not (tmp_path / "b" / "manifest.json").exists()
    run = begin(tmp_path / "b", tiny, resume=True)
    assert [shard.records for shard in run.shards] == [2, 2]
    run.add(bare(4, 6))
    run.finish(rows=7, dropped={"prompt is empty": 1}, simulated=True, files={"space.toml": "x"})
    assert content(tmp_path / "b") == whole(tmp_path / "a", tiny)
    assert sorted(content(tmp_path / "b")) == [
        "manifest.json",
        *(f"part-0000{i}.parquet" for i in range(3)),
        "space.toml",
    ]
    assert not stopped(tmp_path / "b")
    assert [record.record_id for record in parquet.read(tmp_path / "b", tiny)] == [f"r{i}" for i in range(6)]
    manifest = read_manifest(tmp_path / "b")
    assert (manifest.rows, manifest.records, manifest.dropped, manifest.simulated) == (
        7,
        6,
        {"prompt is empty": 1},
        True,
    )


def test_a_shard_that_was_not_whole_is_written_again(tiny, tmp_path: Path) -> None:
    half(tmp_path, tiny)
    (tmp_path / ".unfinished" / "part-00002.parquet").write_bytes(b"cut off")
    run = begin(tmp_path, tiny, resume=True)
    assert len(run.shards) == 2
    run.add(bare(4, 6))
    run.finish(rows=6, dropped={}, simulated=False)
    assert [record.record_id for record in parquet.read(tmp_path, tiny)] == [f"r{i}" for i in range(6)]


@pytest.mark.parametrize("moved", [0, 1, 3])
def test_a_run_that_was_stopped_while_its_shards_moved_loses_none(
    tiny, tmp_path: Path, moved: int, monkeypatch
) -> None:
    expected = whole(tmp_path / "a", tiny)
    folder = tmp_path / "b"
    half(folder, tiny)
    run = begin(folder, tiny, resume=True)
    run.add(bare(4, 6))
    replace, moves = Path.replace, []

    def stops(self: Path, target: Path) -> Path:
        if len(moves) == moved:
            raise KeyboardInterrupt
        moves.append(target)
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stops)
        with pytest.raises(KeyboardInterrupt):
            run.finish(rows=7, dropped={"prompt is empty": 1}, simulated=True, files={"space.toml": "x"})
    assert not (folder / "manifest.json").exists()
    again = begin(folder, tiny, resume=True)
    assert len(again.shards) == 3
    again.finish(rows=7, dropped={"prompt is empty": 1}, simulated=True, files={"space.toml": "x"})
    assert content(folder) == expected


def test_records_that_are_replaced_stay_until_the_new_ones_are_complete(tiny, tmp_path: Path) -> None:
    parquet.write(bare(50, 60), tmp_path, space=tiny, shard_records=2)
    before = parquet.read(tmp_path, tiny).records()
    half(tmp_path, tiny, overwrite=True)
    assert parquet.read(tmp_path, tiny).records() == before
    begin(tmp_path, tiny, resume=True).finish(rows=4, dropped={}, simulated=False)
    assert sorted(content(tmp_path)) == ["manifest.json", "part-00000.parquet", "part-00001.parquet"]
    assert [record.record_id for record in parquet.read(tmp_path, tiny)] == ["r0", "r1", "r2", "r3"]


def test_a_run_that_was_stopped_is_neither_lost_nor_gone_on_with_unasked(tiny, tmp_path: Path) -> None:
    half(tmp_path, tiny)
    with pytest.raises(DataError, match="holds a run that was stopped; go on with `resume`, or start anew with `over"):
        begin(tmp_path, tiny)
    assert stopped(tmp_path)
    assert begin(tmp_path, tiny, overwrite=True).shards == []
    assert not stopped(tmp_path)


def test_complete_records_and_shards_of_others_are_not_replaced_unasked(tiny, tmp_path: Path) -> None:
    whole(tmp_path, tiny)
    with pytest.raises(DataError, match="holds records already; give another `out`, or add `overwrite`"):
        require_room(tmp_path, resume=False, overwrite=False)
    with pytest.raises(DataError, match="holds a finished run, and there is nothing to go on with"):
        require_room(tmp_path, resume=True, overwrite=False)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(DataError, match=r"holds part-00000\.parquet but no manifest\.json"):
        require_room(tmp_path, resume=True, overwrite=False)


def test_nothing_to_go_on_with_is_a_beginning(tiny, tmp_path: Path) -> None:
    assert begin(tmp_path / "new", tiny, resume=True).shards == []
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"--data": "9"}, "another --data"),
        ({"--data": "9", "--annotator": "9"}, "another --data and another --annotator"),
        ({"--limit": "5"}, "another --limit"),
    ],
)
def test_a_run_made_from_something_else_is_refused_and_what_differs_named(tiny, tmp_path, changes, named: str) -> None:
    half(tmp_path, tiny)
    with pytest.raises(DataError, match=f"the run that was stopped there had {named}; give what it had, or start anew"):
        begin(tmp_path, tiny, resume=True, **changes)
    assert len(begin(tmp_path, tiny, resume=True).shards) == 2


@pytest.mark.parametrize("damage", ["changed", "missing", "list", "name"])
def test_what_was_left_damaged_is_refused(tiny, tmp_path: Path, damage: str) -> None:
    half(tmp_path, tiny)
    shard, progress = (tmp_path / ".unfinished" / name for name in ("part-00001.parquet", "progress.json"))
    match damage:
        case "changed":
            shard.write_bytes(shard.read_bytes()[:-1])
        case "missing":
            shard.unlink()
        case "list":
            progress.write_text("[]")
        case "name":
            progress.write_text(progress.read_text().replace("part-00001", "../part-00001"))
    broken = r"progress\.json: broken" if damage in ("list", "name") else r"part-00001\.parquet: missing, or changed"
    with pytest.raises(DataError, match=f"{broken}.*start anew with `overwrite` in place of `resume`"):
        begin(tmp_path, tiny, resume=True)


def test_the_list_names_what_the_run_was_made_from(tiny, tmp_path: Path) -> None:
    half(tmp_path, tiny)
    assert json.loads((tmp_path / ".unfinished" / "progress.json").read_text())["made_from"] == MADE_FROM
