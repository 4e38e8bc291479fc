from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penchant import Record
from penchant.errors import DataError
from penchant.persona import Comment, Comparison, Demographics, Persona
from penchant.record import Provenance
from penchant.shards import users

REAL = ("attr4_topicalchat", "general_pairs", "persona_chat", "reddit_community", "style3_open")


def row(**changes: object) -> dict[str, object]:
    return {
        "record_id": "made-up-0",
        "user_id": "u1",
        "prompt": "p",
        "chosen": "y",
        "rejected": "n",
        "demographic": "a cook",
        "ugc": [{"prompt": "q", "comment": "c"}],
        "pair": [{"prompt": "q", "chosen": "a", "rejected": "b"}],
        "attribute": "tone/warm",
        "dataset": "made_up",
        "meta": '{"licence": "MIT"}',
        "split": "dev",
        **changes,
    }


def stored(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "made_up.parquet"
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def test_a_row_becomes_a_record_of_its_user(tmp_path: Path) -> None:
    assert users.read(stored(tmp_path, row())).records() == [
        Record(
            "made-up-0",
            "u1",
            "p",
            "y",
            "n",
            Persona((Comment("q", "c"), Comparison("q", "a", "b"), Demographics("a cook"))),
            split="dev",
            provenance=Provenance("made_up", "tone/warm", "", '{"licence": "MIT"}'),
        )
    ]


def test_nulls_are_nothing_known(tmp_path: Path) -> None:
    nothing = {"record_id": "other", **dict.fromkeys(("user_id", "demographic", "ugc", "pair", "attribute", "meta"))}
    [first, second] = users.read(stored(tmp_path, row(), row(**nothing)))
    assert first.user_id == "u1"
    assert (second.user_id, second.persona, second.provenance) == (None, Persona(), Provenance("made_up"))


@pytest.mark.parametrize("key", ["prompt", "chosen", "rejected"])
@pytest.mark.parametrize("empty", [None, "", " \n"])
def test_a_row_without_a_text_is_set_aside_and_counted(key: str, empty: str | None, tmp_path: Path) -> None:
    loaded = users.read(stored(tmp_path, row(), row(**{key: empty})))
    assert len(loaded.records()) == 1
    assert (loaded.counts.rows, loaded.counts.dropped) == (2, {f"{key} is empty": 1})


@pytest.mark.parametrize("key", ["record_id", "split"])
def test_a_row_without_an_id_or_split_is_an_error(key: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"made_up.parquet: row 1: '{key}' is empty"):
        users.read(stored(tmp_path, row(), row(**{key: ""}))).records()


@pytest.mark.parametrize("missing", users.REQUIRED)
def test_a_missing_column_is_named(missing: str, tmp_path: Path) -> None:
    content = row()
    del content[missing]
    with pytest.raises(DataError, match=f"made_up.parquet: has no column '{missing}'"):
        users.read(stored(tmp_path, content))


def test_columns_that_no_field_takes_are_named(tmp_path: Path) -> None:
    assert users.read(stored(tmp_path, row(more="x"))).ignored == ("more",)


@pytest.mark.parametrize("name", REAL)
def test_the_real_files_load_and_no_row_is_lost_uncounted(name: str, shared_data: Path) -> None:
    path = shared_data / f"{name}.parquet"
    loaded = users.read(path)
    records = loaded.records()
    assert loaded.counts.rows == pq.read_metadata(path).num_rows
    assert loaded.counts.rows == len(records) + sum(loaded.counts.dropped.values())
    assert len(records) >= 0.99 * loaded.counts.rows
    assert {record.split for record in records} == {"train", "dev"}
    assert len({record.record_id for record in records}) == len(records)


@pytest.mark.parametrize("missing", users.OPTIONAL)
def test_a_file_that_does_not_say_where_its_rows_come_from_is_read(missing: str, tmp_path: Path) -> None:
    content = row()
    del content[missing]
    loaded = users.read(stored(tmp_path, content))
    assert getattr(loaded.records()[0].provenance, missing) == ""
    assert loaded.ignored == ()


def test_a_second_row_of_the_same_id_is_set_aside_and_counted(tmp_path: Path) -> None:
    loaded = users.read(stored(tmp_path, row(), {**row(), "record_id": "made-up-0", "prompt": "another"}))
    assert [record.task for record in loaded.records()] == ["p"]
    assert loaded.counts.dropped == {"a row before it has the same record_id": 1}
