"""Saved data sets and folders of files."""

import json
from pathlib import Path

import pytest

from penchant.shards.tables import open_table

ROWS = [{"prompt": "é", "n": 1}, {"prompt": "two\nlines", "n": 2}]


def contents(path: Path) -> list[dict[str, object]]:
    return [dict(row.content) for row in open_table(path).rows()]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_folders_of_files_and_of_saved_data_sets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    saved = datasets.Dataset.from_list([{"prompt": f"p{i}"} for i in range(5)])
    saved.save_to_disk(tmp_path / "plain")
    assert [row["prompt"] for row in contents(tmp_path / "plain")] == [f"p{i}" for i in range(5)]
    saved.shuffle(seed=1).select(range(3)).save_to_disk(tmp_path / "chosen")
    chosen = [row["prompt"] for row in saved.shuffle(seed=1).select(range(3))]
    assert [row["prompt"] for row in contents(tmp_path / "chosen")] == chosen
    datasets.DatasetDict({"train": saved, "test": saved.select([4])}).save_to_disk(tmp_path / "splits")
    assert [row["split"] for row in contents(tmp_path / "splits")] == ["train"] * 5 + ["test"]
    (tmp_path / "files").mkdir()
    for name in ("train-00000.jsonl", "train-00001.jsonl", "test-00000.jsonl"):
        (tmp_path / "files" / name).write_text(lines([{"prompt": name}]))
    assert [(row["split"], row["prompt"]) for row in contents(tmp_path / "files")] == [
        ("test", "test-00000.jsonl"),
        ("train", "train-00000.jsonl"),
        ("train", "train-00001.jsonl"),
    ]
