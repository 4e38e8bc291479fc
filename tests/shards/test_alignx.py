import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penchant import PreferenceSpace
from penchant.errors import DataError, RecordError, SpaceError
from penchant.persona import Comment, Comparison, Demographics
from penchant.shards import alignx
from penchant.shards.alignx import first_keys, record_of


def vector(**signs: float) -> list[float]:
    values = [0.5] * 90
    for name, value in signs.items():
        values[int(name[1:])] = value
    return values


def training_row(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "prompt": "How long should bread rise?",
        "chosen": "An hour.",
        "rejected": "It depends on many things …",
        "Preference Direction": vector(i16=1.0),
        "Demographic Information": "A young baker.",
        "User-Generated Content": [{"prompt": "post", "comment": "short", "Preference Direction": vector(i0=1.0)}],
        "Pair-wise Comparative Feedback": [
            {"prompt": "post", "chosen": "a", "rejected": "b", "Preference Direction": vector(i1=0.0, i14=0.0)}
        ],
    }
    return {**row, **changes}


def benchmark_row(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "prompt": "p",
        "chosen": "y",
        "rejected": "n",
        "Demographic Information": None,
        "Pair-wise Comparative Feedback": [{"prompt": "q", "chosen": "a", "rejected": "b"}],
        "profile": "Concise communication style, Strong need for Order (neatness, organization, avoiding chaos)",
        "ground_truth_persona": "You like short answers.",
    }
    return {**row, **changes}


def as_json(folder: Path, *rows: object) -> Path:
    path = folder / "rows.json"
    path.write_text(json.dumps(rows))
    return path


def as_parquet(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


@pytest.mark.parametrize("store", [as_json, as_parquet])
def test_a_training_row_becomes_a_record(store, tmp_path: Path, alignx90: PreferenceSpace) -> None:
    loaded = alignx.read(store(tmp_path, training_row(), training_row()), alignx90)
    record, second = loaded.records()
    assert (record.record_id, second.record_id, record.user_id) == ("rows-000000", "rows-000001", None)
    assert record.persona.evidence == (
        Comment("post", "short", alignx90.direction({"age_group": 1})),
        Comparison("post", "a", "b", alignx90.direction({"gender": -1, "interaction_depth": -1})),
        Demographics("A young baker."),
    )
    assert record.direction == alignx90.direction({"communication_length": 1})
    assert (record.profile, record.split, record.provenance.dataset) == (None, "train", "rows")


@pytest.mark.parametrize(("index", "positive"), [(0, "Young"), (1, "Female"), (16, "Concise communication style")])
def test_one_is_the_positive_pole_and_zero_the_negative(index: int, positive: str, alignx90, tmp_path: Path) -> None:
    rows = [training_row(**{"Preference Direction": vector(**{f"i{index}": value})}) for value in (1.0, 0.0)]
    first, second = alignx.read(as_json(tmp_path, *rows), alignx90)
    assert [dimension.positive for dimension, _ in first.direction.poles()] == [positive]
    assert (first.direction.signs[index], second.direction.signs[index]) == (1, -1)


@pytest.mark.parametrize("store", [as_json, as_parquet])
def test_a_benchmark_row_has_a_profile_and_its_persona_sentence_is_provenance(store, tmp_path, alignx90) -> None:
    [record] = alignx.read(store(tmp_path, benchmark_row()), alignx90)
    assert record.profile == alignx90.direction({"communication_length": 1, "order": 1})
    assert record.persona.evidence == (Comparison("q", "a", "b"),)
    assert record.direction is None
    assert record.provenance.attribute == "You like short answers."


@pytest.mark.parametrize(
    ("row", "split"),
    [
        (training_row(), "train"),
        (benchmark_row(), "test"),
        (training_row(profile="Young"), "test"),
        (training_row(ground_truth_persona="x"), "test"),
        ({"prompt": "p", "chosen": "y", "rejected": "n", "Demographic Information": "x"}, "test"),
    ],
)
def test_benchmark_rows_are_of_the_test_split_unless_told_otherwise(row, split: str, alignx90, tmp_path: Path) -> None:
    path = as_json(tmp_path, row)
    assert [record.split for record in alignx.read(path, alignx90)] == [split]
    assert [record.split for record in alignx.read(path, alignx90, split="dev")] == ["dev"]


@pytest.mark.parametrize("absent", [None, []])
def test_rows_may_lack_any_part_of_the_history(absent, alignx90: PreferenceSpace) -> None:
    keys = ("User-Generated Content", "Pair-wise Comparative Feedback")
    row = training_row(**dict.fromkeys(keys, absent), **{"Demographic Information": None, "Preference Direction": None})
    kept = record_of(row, alignx90, record_id="r", dataset="d")
    assert (len(kept.entries[0].persona), kept.entries[0].direction, kept.lost) == (0, None, ())
    bare = {key: row[key] for key in ("prompt", "chosen", "rejected")}
    assert record_of(bare, None, record_id="r", dataset="d").entries[0] == kept.entries[0]


def test_rows_of_pandas_with_numpy_arrays_are_read_alike(alignx90: PreferenceSpace) -> None:
    row = training_row()
    [comment] = row["User-Generated Content"]
    comment = {**comment, "Preference Direction": np.array(comment["Preference Direction"], dtype=np.float32)}
    arrays = training_row(
        **{
            "Preference Direction": np.array(row["Preference Direction"]),
            "User-Generated Content": np.array([comment], dtype=object),
        }
    )
    assert record_of(arrays, alignx90, record_id="r", dataset="d") == record_of(
        row, alignx90, record_id="r", dataset="d"
    )


@pytest.mark.parametrize("key", ["prompt", "chosen", "rejected"])
@pytest.mark.parametrize("empty", [None, "", " \n "])
def test_a_row_without_a_text_is_set_aside_counted_and_named(key: str, empty, alignx90, tmp_path: Path) -> None:
    loaded = alignx.read(as_json(tmp_path, training_row(), training_row(**{key: empty}), training_row()), alignx90)
    assert [record.record_id for record in loaded] == ["rows-000000", "rows-000002"]
    assert (loaded.counts.rows, loaded.counts.kept, loaded.counts.dropped) == (3, 2, {f"{key} is empty": 1})
    assert loaded.counts.examples[0].location == "row 1"
    with pytest.raises(RecordError, match=f"{key} is empty"):
        record_of(training_row(**{key: empty}), alignx90, record_id="r", dataset="d")


def test_an_empty_item_is_left_out_and_counted(alignx90: PreferenceSpace, tmp_path: Path) -> None:
    loaded = alignx.read(
        as_json(tmp_path, training_row(**{"User-Generated Content": [{"prompt": "p", "comment": ""}]})), alignx90
    )
    assert len(loaded.records()[0].persona) == 2
    assert loaded.counts.lost_items == {"comment: comment is empty": 1}


@pytest.mark.parametrize("where", ["row", "comment", "pair"])
@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([0.5] * 89, SpaceError, "has 89 values, space 'alignx90' has 90"),
        ([], SpaceError, "has 0 values"),
        (vector(i3=0.7), SpaceError, "'Preference Direction' of 'extraversion' is 0.7"),
        (vector(i3=float("nan")), SpaceError, "of 'extraversion' is nan"),
        (["x"] * 90, DataError, "has 'x' at index 0"),
        ([0.5, True] + [0.5] * 88, DataError, "has True at index 1"),
        ([[0.5] * 90], DataError, "at index 0; allowed are 0, 0.5 and 1"),
        ("0.5", DataError, "it must be a list"),
    ],
)
def test_a_vector_that_is_none_is_an_error_with_the_row(where, values, kind, message, alignx90, tmp_path) -> None:
    row = training_row()
    holders = {
        "row": row,
        "comment": row["User-Generated Content"][0],
        "pair": row["Pair-wise Comparative Feedback"][0],
    }
    holders[where]["Preference Direction"] = values
    with pytest.raises(kind, match=f"rows.json: row 1: .*{message}"):
        alignx.read(as_json(tmp_path, training_row(), row), alignx90).records()


@pytest.mark.parametrize("row", [training_row(), benchmark_row()])
def test_directions_and_profiles_need_a_space(row, tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match=r"row 0: the row has '.*', and no space was given; pass"):
        alignx.read(as_json(tmp_path, row)).records()


def test_rows_without_directions_and_profile_need_no_space(tmp_path: Path) -> None:
    [record] = alignx.read(as_json(tmp_path, benchmark_row(profile="")))
    assert record.profile is None


def test_unknown_text_in_a_profile_names_the_row_and_the_text(alignx90: PreferenceSpace, tmp_path: Path) -> None:
    rows = (benchmark_row(), benchmark_row(profile="Young, Likes brevity"))
    with pytest.raises(DataError, match=r"rows\.json: row 1: .*'Likes brevity'"):
        alignx.read(as_json(tmp_path, *rows), alignx90).records()


@pytest.mark.parametrize("store", [as_json, as_parquet])
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": "p", "chosen": "y", "profile": "Young"}, "it has no 'rejected'; it has: prompt, chosen, profile"),
        ({"prompt": "p", "chosen": "y", "rejected": "n"}, "it has no 'Preference Direction' or"),
    ],
)
def test_a_file_without_the_keys_of_alignx_names_the_first_missing_one(store, row, message, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        alignx.read(store(tmp_path, row))


def test_columns_that_no_field_takes_are_named(alignx90: PreferenceSpace, tmp_path: Path) -> None:
    loaded = alignx.read(as_parquet(tmp_path, training_row(extra="x")), alignx90)
    assert loaded.ignored == ("extra",)
    assert len(loaded.records()) == 1


def test_an_empty_list_has_no_records(tmp_path: Path) -> None:
    assert alignx.read(as_json(tmp_path)).records() == []
    assert first_keys(tmp_path / "rows.json") == []


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_another_kind_of_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"end with \.parquet or \.json"):
        alignx.read(tmp_path / name)
