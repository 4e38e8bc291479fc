import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penchant.build.draws import split_of
from penchant.errors import ConfigError
from penchant.runs.build import build
from penchant.runs.built import explain
from penchant.shards.parquet import read
from penchant.space import load_space

from ..conftest import rows_of, write_forum


def rows(count: int, *, users: bool) -> list[dict[str, object]]:
    made = []
    for number in range(count):
        row = {"record_id": f"r{number}", "prompt": f"question {number % 40}?", "chosen": "Yes, do.", "rejected": "No."}
        evidence = [{"kind": "comment", "prompt": "a post", "text": f"I am person {number % 9}."}]
        made.append({**row, "user_id": f"person {number % 9}", "evidence": evidence} if users else row)
    return made


def write(path: Path, lines: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_rows_with_people_keep_their_evidence_and_no_prompt_is_in_both_splits(tmp_path: Path) -> None:
    write(tmp_path / "people.jsonl", [*rows(90, users=True), {"prompt": "a", "chosen": "", "rejected": "b"}])
    recipe = write_forum(tmp_path, [], sources=[], records=[{"path": "people.jsonl"}])
    manifest = build(config=recipe, out=tmp_path / "data")
    steps = manifest["steps"]
    assert (steps["records"]["in"], steps["records"]["out"]) == (91, 90)
    assert steps["take"]["in"] == 90 == steps["take"]["out"] + sum(steps["take"]["dropped"].values())
    found = {}
    for split in ("train", "test"):
        found[split] = read(tmp_path / "data" / split, load_space("alignx90")).records()
        for record in found[split]:
            assert split_of(record.user_id, 0, 0.3) == split == record.split
            assert record.persona.evidence[0].text == f"I am {record.user_id}."
    assert not {record.task for record in found["train"]} & {record.task for record in found["test"]}
    assert steps["take"]["dropped"].keys() == {"its prompt is in test"}
    reasons = pq.read_table(tmp_path / "data" / "dropped.parquet").to_pylist()
    assert len(reasons) == 91 - sum(manifest["records"].values())
    assert any(row["step"] == "records" and row["origin"] == "people.jsonl line 91" for row in reasons)
    told = explain(tmp_path / "data", found["train"][0].record_id)
    assert told["records"][0]["person"] == found["train"][0].user_id


def test_rows_that_their_file_calls_test_are_in_test_with_all_of_their_person(tmp_path: Path) -> None:
    lines = [{**row, "prompt": f"question {i}?", "split": "test"} for i, row in enumerate(rows(4, users=True))]
    lines += [{**row, "prompt": f"ask {i}?", "record_id": f"more{i}"} for i, row in enumerate(rows(18, users=True))]
    write(tmp_path / "people.jsonl", lines)
    manifest = build(records=[tmp_path / "people.jsonl"], out=tmp_path / "data")
    assert manifest["records"] == {"train": 10, "test": 4}
    assert manifest["steps"]["take"]["dropped"] == {"its person is in test": 8}
    assert manifest["name"] == "people"


def test_what_the_posts_gave_to_a_split_is_not_taken_into_the_other_nor_twice(tmp_path: Path) -> None:
    first = build(config=write_forum(tmp_path, rows_of(40)), out=tmp_path / "data")
    assert first["shared"] == {"people": 0, "prompts": 0}
    (tmp_path / "more").mkdir()
    sections = [{"path": str(tmp_path / "data" / split)} for split in ("train", "test")]
    recipe = write_forum(tmp_path / "more", rows_of(40), records=sections, seed=1)
    second = build(config=recipe, out=tmp_path / "again")
    assert second["shared"] == {"people": 0, "prompts": 0}
    dropped = second["steps"]["take"]["dropped"]
    assert {"a record before it has the same id", "its person is in train"} <= dropped.keys()
    records = [read(tmp_path / "again" / split, load_space("alignx90")).records() for split in ("train", "test")]
    names = [record.record_id for split in records for record in split]
    assert len(names) == len(set(names)) == sum(second["records"].values())


def test_published_rows_become_shards_without_a_recipe(tmp_path: Path) -> None:
    signs = [1.0, 0.0, *[0.5] * 88]
    history = {"prompt": "a post", "comment": "my words", "Preference Direction": signs}
    row = {"prompt": "q", "chosen": "a", "rejected": "b", "Preference Direction": signs}
    published = [{**row, "prompt": f"q{i}", "User-Generated Content": [history]} for i in range(5)]
    pq.write_table(pa.Table.from_pylist(published), tmp_path / "alignx.parquet")
    manifest = build(records=[tmp_path / "alignx.parquet"], out=tmp_path / "data")
    assert manifest["records"] == {"train": 5, "test": 0}
    records = read(tmp_path / "data" / "train", load_space("alignx90")).records()
    assert [record.task for record in records] == [f"q{i}" for i in range(5)]
    assert records[0].persona.evidence[0].direction.signs[:3].tolist() == [1, -1, 0]


def test_choices_without_a_person_have_their_share_of_train(tmp_path: Path) -> None:
    write(tmp_path / "values.jsonl", rows(400, users=False))
    recipe = write_forum(tmp_path, rows_of(60), records=[{"path": "values.jsonl", "share": 0.25}])
    manifest = build(config=recipe, out=tmp_path / "data")
    records = read(tmp_path / "data" / "train", load_space("alignx90")).records()
    shared = [record for record in records if record.user_id is None]
    assert len(shared) / len(records) == pytest.approx(0.25, abs=0.01)
    assert manifest["steps"]["take"]["dropped"]["beyond its share"] == 400 - len(shared)
    assert "| values.jsonl | records, 25 % of train |" in (tmp_path / "data" / "README.md").read_text()
    again = build(config=recipe, out=tmp_path / "again", workers=2)
    assert again["files"] == manifest["files"]


def test_a_recipe_without_anything_to_read_or_to_share_with_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names neither `sources`"):
        build(config=write_forum(tmp_path, [], sources=[]), out=tmp_path / "data")
    shared = write_forum(tmp_path, [], sources=[], records=[{"path": "a.jsonl", "share": 0.5}])
    with pytest.raises(ConfigError, match=r"`records.share` is a share beside `sources`"):
        build(config=shared, out=tmp_path / "data")
