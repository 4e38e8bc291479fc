import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penchant import Record
from penchant.errors import DataError
from penchant.shards import READERS, jsonl, parquet, read_records
from penchant.shards.users import REQUIRED

RECORD = Record("r", None, "p", "y", "n")
TEXTS = {"prompt": "p", "chosen": "y", "rejected": "n"}


def table(folder: Path, **columns: object) -> Path:
    path = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pylist([columns]), path)
    return path


def shards(folder: Path) -> Path:
    parquet.write([RECORD], folder / "out", space=None)
    return folder / "out"


def lines(folder: Path) -> Path:
    jsonl.write([RECORD], folder / "rows.jsonl", space=None)
    return folder / "rows.jsonl"


def benchmark(folder: Path) -> Path:
    path = folder / "rows.json"
    path.write_text(json.dumps([{**TEXTS, "Demographic Information": "x"}]))
    return path


def training(folder: Path) -> Path:
    return table(folder, **TEXTS, **{"Preference Direction": None, "User-Generated Content": None})


def people(folder: Path) -> Path:
    return table(folder, **{**dict.fromkeys(REQUIRED), **TEXTS, "record_id": "r", "split": "dev"})


@pytest.mark.parametrize(
    ("store", "layout"),
    [(shards, "penchant"), (lines, "jsonl"), (benchmark, "alignx"), (training, "alignx"), (people, "users")],
)
def test_each_layout_is_recognised_and_read(store, layout: str, tmp_path: Path) -> None:
    path = store(tmp_path)
    for given in (path, str(path)):
        loaded = read_records(given, space=None)
        assert loaded.layout == layout
        assert [(r.task, r.chosen, r.rejected) for r in loaded] == [("p", "y", "n")]
        assert (loaded.counts.rows, loaded.counts.complete) == (1, True)


def test_every_reader_leaves_rejected_rows_where_it_is_told(tmp_path: Path) -> None:
    for name, (store, change) in {
        "jsonl": (lines, {"prompt": ""}),
        "alignx": (benchmark, {"prompt": ""}),
        "users": (people, {"prompt": ""}),
        "penchant": (shards, None),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        path = store(folder)
        if path.suffix in (".json", ".jsonl"):
            path.write_text(path.read_text().replace('"p"', '""'))
        elif change:
            pq.write_table(pa.Table.from_pylist([{**pq.read_table(path).to_pylist()[0], **change}]), path)
        rejected = folder / "x.rejected.jsonl"
        loaded = read_records(path, space=None, rejected=rejected)
        assert loaded.layout == name
        assert len(loaded.records()) == (0 if change else 1)
        assert rejected.exists() == bool(change)
    assert set(READERS) == {"jsonl", "alignx", "users", "penchant"}


def test_an_unknown_layout_names_its_columns_and_the_option_that_states_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unknown layout; it has the columns colour, size; .*--columns user_id="):
        read_records(table(tmp_path, colour="x", size=3), space=None)


def test_a_survey_with_a_column_for_each_question_says_what_to_make_of_it(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("StartDate,EndDate,ResponseId,Q1,Q2\n2024,2024,R_1,Response A,Response B\n")
    with pytest.raises(DataError, match="a survey of Qualtrics .* make each answer a row of its own, with columns"):
        read_records(path, space=None)


def test_true_and_false_are_no_votes_of_people(tmp_path: Path) -> None:
    texts = {"prompt": "How do I sleep better?", "reply_x": "Keep the room dark.", "reply_y": "Sleep is important now."}
    tags = {"useful_x": "True", "useful_y": "False", "complete_x": "True"}
    path = tmp_path / "rows.jsonl"
    rows = [{**texts, **tags}, {**texts, "useful_x": "False", "useful_y": "True", "complete_x": "False"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match="unknown layout") as refused:
        read_records(path, space=None)
    assert "votes" not in str(refused.value)


def test_a_single_shard_is_sent_to_its_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is one shard of a folder; pass the folder"):
        read_records(shards(tmp_path) / "part-00000.parquet", space=None)


def test_a_folder_without_anything_to_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no manifest\.json of shards and no file that can be read"):
        read_records(tmp_path, space=None)


def test_shards_without_their_manifest_are_refused(tmp_path: Path) -> None:
    (shards(tmp_path) / "manifest.json").unlink()
    with pytest.raises(DataError, match=r"has no manifest\.json"):
        read_records(tmp_path / "out", space=None)


def test_a_missing_path_and_an_unknown_kind_of_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: no such file or folder"):
        read_records(tmp_path / "none", space=None)
    (tmp_path / "rows.docx").write_text("a,b")
    with pytest.raises(DataError, match=r"rows\.docx: unknown kind of file"):
        read_records(tmp_path / "rows.docx", space=None)


def test_texts_to_train_a_base_model_on_are_no_records(shared_data: Path) -> None:
    with pytest.raises(DataError, match="text, source, licence, split; nothing says which answers"):
        read_records(shared_data / "pretrain_text.parquet", space=None)


def test_evidence_under_a_misspelt_key_is_refused(tmp_path) -> None:
    row = {"prompt": "q", "chosen": "a", "rejected": "b", "evidense": [{"kind": "comment", "text": "short"}]}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(DataError, match="'evidense' holds items of evidence, whose key is 'evidence'; rename it"):
        read_records(tmp_path / "rows.jsonl", space=None)
