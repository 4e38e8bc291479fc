import itertools
import json
import tempfile
import typing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant import PreferenceSpace, Record
from penchant.errors import ConfigError, DataError, RecordError, SpaceError, SpaceMismatch
from penchant.message import as_dicts, as_value
from penchant.persona import Evidence, Persona
from penchant.shards import parquet
from penchant.shards.base import Counts, Kept, Loaded, SourceRow
from penchant.shards.codec import decode
from penchant.shards.manifest import read_manifest


def bare(count: int) -> list[Record]:
    return [Record(f"r{i}", None, f"p{i}", "y", "n") for i in range(count)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", typing.get_args(Evidence))
@pytest.mark.parametrize("signs", [None, {}, {"length": 1, "depth": -1}], ids=["none", "neutral", "signs"])
def test_every_kind_of_evidence_comes_back_as_it_was(kind, signs, tiny, example_of, tmp_path: Path) -> None:
    item = example_of(kind, None if signs is None else tiny.direction(signs))
    record = Record("r", None, "p", "y", "n", Persona((item,)))
    parquet.write([record], tmp_path, space=tiny)
    assert parquet.read(tmp_path, tiny).records() == [record]


@pytest.mark.parametrize("keys", [("prompt", "chosen", "rejected"), ("chosen", "rejected")])
def test_a_folder_of_an_earlier_version_with_plain_texts_is_read(tmp_path: Path, monkeypatch, keys) -> None:
    schema = parquet.SCHEMA
    for key in keys:
        schema = schema.set(schema.get_field_index(key), pa.field(key, pa.string()))
    monkeypatch.setattr(parquet, "SCHEMA", schema)
    made = {"prompt": lambda record: as_value(record.prompt) if "prompt" in keys else as_dicts(record.prompt)}
    made |= {key: lambda record, key=key: getattr(record, key) for key in ("chosen", "rejected")}
    monkeypatch.setattr(parquet, "_turns", lambda record: {key: value(record) for key, value in made.items()})
    parquet.write(bare(3), tmp_path, space=None)
    monkeypatch.undo()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    assert isinstance(pq.read_table(tmp_path / "part-00000.parquet")["chosen"].to_pylist()[0], str)
    assert parquet.read(tmp_path).records() == bare(3)


def test_trl_takes_a_shard_as_it_is(tmp_path: Path) -> None:
    from datasets import load_dataset
    from trl.data_utils import is_conversational

    parquet.write(bare(3), tmp_path, space=None)
    rows = load_dataset("parquet", data_files=str(tmp_path / "*.parquet"), split="train", cache_dir=str(tmp_path / "c"))
    assert is_conversational({key: rows[0][key] for key in ("prompt", "chosen", "rejected")})
    assert rows[0]["chosen"] == [{"role": "assistant", "content": bare(1)[0].chosen}]


def test_an_answer_of_several_turns_is_set_aside(tmp_path: Path) -> None:
    row = {"prompt": "p", "chosen": [{"role": "user", "content": "y"}], "rejected": "n"}
    with pytest.raises(RecordError, match="chosen is not one turn of the assistant"):
        decode(row, None)


def test_every_field_comes_back_as_it_was_in_order(full_record, tiny: PreferenceSpace, tmp_path: Path) -> None:
    records = [full_record(f"r{i}") for i in range(5)]
    parquet.write(records, tmp_path, space=tiny, shard_records=2)
    loaded = parquet.read(tmp_path, tiny)
    assert loaded.records() == records
    assert (loaded.layout, loaded.counts.rows, loaded.counts.lost_items) == ("penchant", 5, {})


@settings(max_examples=25)
@given(st.data())
def test_any_records_come_back_as_they_were(any_record, tiny: PreferenceSpace, data: st.DataObject) -> None:
    records = data.draw(st.lists(any_record, max_size=4, unique_by=lambda record: record.record_id))
    with tempfile.TemporaryDirectory() as folder:
        parquet.write(records, folder, space=tiny, shard_records=3, overwrite=True)
        assert parquet.read(folder, tiny).records() == records


def test_the_manifest_says_what_was_written(full_record, tiny: PreferenceSpace, tmp_path: Path) -> None:
    records = [full_record(f"r{i}") for i in range(5)]
    manifest = parquet.write(records, tmp_path, space=tiny, seed=3, simulated=True, shard_records=2)
    assert names(tmp_path) == ["manifest.json", "part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert read_manifest(tmp_path) == manifest
    content = json.loads((tmp_path / "manifest.json").read_text())
    assert content["space"] == {"name": "tiny", "digest": tiny.digest}
    assert (content["format"], content["records"], content["seed"], content["simulated"]) == (2, 5, 3, True)
    assert [shard["records"] for shard in content["shards"]] == [2, 2, 1]
    assert parquet.read(tmp_path, tiny).simulated is True


def test_what_was_set_aside_on_the_way_in_stands_in_the_manifest(tmp_path: Path) -> None:
    rows = [SourceRow(f"row {i}", i, {}) for i in range(3)]

    def decode(row: SourceRow) -> Kept:
        if row.number == 1:
            raise RecordError("prompt is empty")
        return Kept((bare(3)[row.number],))

    manifest = parquet.write(Loaded(Path("in"), "alignx", lambda: iter(rows), decode), tmp_path / "out", space=None)
    assert (manifest.rows, manifest.records, manifest.dropped) == (3, 2, {"prompt is empty": 1})


def test_counts_that_are_given_stand_in_the_manifest(tmp_path: Path) -> None:
    counts = Counts(rows=5, kept=2, dropped={"asked twice": 3})
    parquet.write(bare(2), tmp_path, space=None, counts=counts)
    manifest = read_manifest(tmp_path)
    assert (manifest.rows, manifest.records, manifest.dropped) == (5, 2, {"asked twice": 3})


def test_no_records_are_a_complete_folder_without_shards(tmp_path: Path) -> None:
    parquet.write([], tmp_path / "out", space=None)
    assert names(tmp_path / "out") == ["manifest.json"]
    assert parquet.read(tmp_path / "out").records() == []


def test_directions_are_stored_as_ids_and_signs(tiny: PreferenceSpace, tmp_path: Path) -> None:
    record = Record("r", None, "p", "y", "n", direction=tiny.direction({"depth": -1}))
    parquet.write([record], tmp_path, space=tiny)
    [row] = pq.read_table(tmp_path / "part-00000.parquet").to_pylist()
    assert row["direction"] == [{"dimension": "depth", "sign": -1, "confidence": None}]


def failing(records: list[Record], error: BaseException):
    yield from records
    raise error


@pytest.mark.parametrize("error", [DataError("row 3"), KeyboardInterrupt(), OSError("disk full")])
def test_an_interrupted_write_leaves_no_manifest_no_shard_and_no_folder(tmp_path: Path, error) -> None:
    with pytest.raises(type(error)):
        parquet.write(failing(bare(5), error), tmp_path / "out", space=None, shard_records=2)
    assert names(tmp_path) == []


def test_an_interrupted_overwrite_leaves_the_old_records(tmp_path: Path) -> None:
    parquet.write(bare(3), tmp_path, space=None)
    before = names(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        parquet.write(failing(bare(5), KeyboardInterrupt()), tmp_path, space=None, shard_records=2, overwrite=True)
    assert names(tmp_path) == before
    assert parquet.read(tmp_path).records() == bare(3)


def test_a_failure_while_the_shards_are_moved_leaves_no_manifest_and_no_shard(tmp_path: Path, monkeypatch) -> None:
    moves = itertools.count()
    replace = Path.replace

    def third_fails(self: Path, target: Path) -> Path:
        if next(moves) == 2:
            raise OSError("disk full")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", third_fails)
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(OSError, match="disk full"):
        parquet.write(bare(6), tmp_path, space=None, shard_records=2)
    assert names(tmp_path) == ["kept.txt"]


def test_records_may_be_written_over_the_folder_they_are_read_from(tmp_path: Path) -> None:
    parquet.write(bare(5), tmp_path, space=None, shard_records=2)
    parquet.write((r for r in parquet.read(tmp_path) if r.record_id != "r2"), tmp_path, space=None, overwrite=True)
    assert [r.record_id for r in parquet.read(tmp_path)] == ["r0", "r1", "r3", "r4"]
    assert names(tmp_path) == ["manifest.json", "part-00000.parquet"]


def test_a_folder_with_records_is_not_overwritten_unasked(tmp_path: Path) -> None:
    parquet.write(bare(1), tmp_path, space=None)
    with pytest.raises(DataError, match="already holds records; choose another folder, or pass overwrite=True"):
        parquet.write(bare(2), tmp_path, space=None)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(DataError, match=r"holds part-00000\.parquet but no manifest\.json"):
        parquet.write(bare(2), tmp_path, space=None)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    parquet.write(bare(1), tmp_path, space=None)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(DataError, match=r"has no manifest\.json"):
        parquet.read(tmp_path)


def test_another_space_is_refused_before_a_row_is_read(full_record, tiny: PreferenceSpace, tmp_path: Path) -> None:
    parquet.write([full_record("r")], tmp_path, space=tiny)
    other = tiny.subset(["length"], name="one")
    with pytest.raises(SpaceMismatch, match=f"written for space 'tiny' \\({tiny.digest}\\), loaded with 'one'"):
        parquet.read(tmp_path, other)
    with pytest.raises(SpaceMismatch, match="loaded without a space; pass space 'tiny'"):
        parquet.read(tmp_path)


def test_directions_without_or_over_another_space_are_not_written(full_record, tiny, tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="record 'r0' has a direction"):
        parquet.write([full_record("r0")], tmp_path / "a", space=None)
    with pytest.raises(SpaceMismatch, match="record 'r0': written for space 'tiny'"):
        parquet.write([full_record("r0")], tmp_path / "b", space=tiny.subset(["length"], name="one"))
    assert names(tmp_path) == []


def test_a_changed_shard_is_found_by_its_checksum_unless_told_not_to_look(tmp_path: Path) -> None:
    parquet.write(bare(2), tmp_path, space=None)
    other = tmp_path / "other"
    parquet.write([Record(f"x{i}", None, "p", "y", "n") for i in range(2)], other, space=None)
    (other / "part-00000.parquet").replace(tmp_path / "part-00000.parquet")
    with pytest.raises(DataError, match=r"part-00000\.parquet: changed since it was written"):
        parquet.read(tmp_path)
    assert [r.record_id for r in parquet.read(tmp_path, verify=False)] == ["x0", "x1"]


def test_a_shard_of_another_length_or_layout_is_refused_even_unverified(tmp_path: Path) -> None:
    parquet.write(bare(2), tmp_path / "a", space=None)
    parquet.write(bare(3), tmp_path / "b", space=None)
    shard = tmp_path / "a" / "part-00000.parquet"
    (tmp_path / "b" / "part-00000.parquet").replace(shard)
    with pytest.raises(DataError, match="has 3 records, the manifest says 2"):
        parquet.read(tmp_path / "a", verify=False)
    pq.write_table(pq.read_table(shard).drop_columns(["chosen"]), shard)
    with pytest.raises(DataError, match="has no column 'chosen'"):
        parquet.read(tmp_path / "a", verify=False)


def test_text_that_is_not_unicode_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"records 'r0' to 'bad': a text is not valid Unicode \(near '\\ud800"):
        parquet.write([*bare(1), Record("bad", None, "a\ud800", "y", "n")], tmp_path / "out", space=None)
    assert names(tmp_path) == []


def test_a_shard_holds_at_least_one_record(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="shard_records is 0; it must be at least 1"):
        parquet.write(bare(1), tmp_path, space=None, shard_records=0)


def test_an_error_in_a_row_names_the_shard_and_the_row(tiny: PreferenceSpace, tmp_path: Path) -> None:
    records = [Record(f"r{i}", None, "p", "y", "n", direction=tiny.direction({"length": 1})) for i in range(3)]
    parquet.write(records, tmp_path, space=tiny, shard_records=2)
    shard = tmp_path / "part-00001.parquet"
    table = pq.read_table(shard)
    [row] = table.to_pylist()
    row["direction"][0]["sign"] = 5
    pq.write_table(table.from_pylist([row], schema=table.schema), shard)
    with pytest.raises(DataError, match=r"part-00001\.parquet row 0: 'direction' of 'length' has sign 5"):
        parquet.read(tmp_path, tiny, verify=False).records()
