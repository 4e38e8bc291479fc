import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Record
from penchant.errors import ConfigError, DataError, RecordError, SpaceError, SpaceMismatch
from penchant.shards.base import EXAMPLES, Counts, Kept, Loaded, SourceRow, rejected_path


def loaded(fates: list[str], *, rejected: Path | None = None) -> Loaded:
    """A reader whose rows are kept, set aside with their `fate` as the reason, or broken."""

    def rows():
        return (SourceRow(f"row {i}", i, {"fate": fate}) for i, fate in enumerate(fates))

    def decode(row: SourceRow) -> Kept:
        match str(row.content["fate"]):
            case "kept":
                return Kept((Record(str(row.number), None, "p", "y", "n"),))
            case "kept, but":
                return Kept((Record(str(row.number), None, "p", "y", "n"),), ("comment: text is empty",))
            case "broken":
                raise DataError("'prompt' is of type int; it must be text")
            case "mismatch":
                raise SpaceMismatch("written for another")
            case reason:
                raise RecordError(reason)

    return Loaded(Path("in.json"), "alignx", rows, decode, rejected=rejected)


@given(st.lists(st.sampled_from(["kept", "kept, but", "prompt is empty", "chosen is empty"]), max_size=20), st.data())
def test_rows_in_are_rows_out_and_counted_drops_at_every_moment(fates: list[str], data: st.DataObject) -> None:
    source = loaded(fates)
    stop = data.draw(st.integers(0, len(fates)))
    for out, _ in enumerate(source, start=1):
        counts = source.counts
        assert (counts.rows, counts.kept) == (counts.kept + sum(counts.dropped.values()), out)
        if out == stop:
            break
    source.records()
    assert source.counts.rows == len(fates)
    assert source.counts.kept == sum(fate.startswith("kept") for fate in fates)
    for reason in ("prompt is empty", "chosen is empty"):
        assert source.counts.dropped.get(reason, 0) == fates.count(reason)
    assert sum(source.counts.lost_items.values()) == fates.count("kept, but")


def test_counts_stay_balanced_when_a_broken_row_stops_the_pass() -> None:
    source = loaded(["kept", "prompt is empty", "broken", "kept"])
    with pytest.raises(DataError):
        source.records()
    assert (source.counts.rows, source.counts.kept, source.counts.dropped) == (2, 1, {"prompt is empty": 1})
    assert not source.counts.complete


@pytest.mark.parametrize(("fate", "kind"), [("broken", DataError), ("mismatch", SpaceMismatch)])
def test_a_broken_row_is_an_error_of_its_kind_with_path_and_row(fate: str, kind: type[SpaceError]) -> None:
    with pytest.raises(kind, match=r"^in\.json: row 1: "):
        loaded(["kept", fate]).records()


def test_every_iteration_starts_from_the_first_row_with_fresh_counts() -> None:
    source = loaded(["kept", "prompt is empty", "kept"])
    assert source.records() == source.records()
    assert source.counts.rows == 3
    next(iter(source))
    assert (source.counts.rows, source.counts.complete) == (1, False)


def test_nothing_is_decoded_before_it_is_asked_for() -> None:
    assert next(iter(loaded(["kept", "broken"]))).record_id == "0"


def test_examples_name_the_first_rows_set_aside_and_no_more() -> None:
    source = loaded(["kept"] + ["prompt is empty"] * (EXAMPLES + 3))
    source.records()
    assert [example.location for example in source.counts.examples] == [f"row {i}" for i in range(1, EXAMPLES + 1)]
    assert source.counts.dropped == {"prompt is empty": EXAMPLES + 3}


def test_rows_set_aside_are_written_whole_beside_the_output(tmp_path: Path) -> None:
    path = rejected_path(tmp_path / "out")
    loaded(["kept", "lone \ud800", "prompt is empty"], rejected=path).records()
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == [
        {"place": "row 1", "reason": "lone \ud800", "content": {"fate": "lone \ud800"}},
        {"place": "row 2", "reason": "prompt is empty", "content": {"fate": "prompt is empty"}},
    ]


@pytest.mark.parametrize("fates", [["kept"], ["prompt is empty", "broken"]])
def test_no_rejected_file_is_left_when_nothing_was_set_aside_or_the_pass_broke(tmp_path: Path, fates) -> None:
    source = loaded(fates, rejected=tmp_path / "a.rejected.jsonl")
    if "broken" in fates:
        with pytest.raises(DataError):
            source.records()
    else:
        source.records()
    assert list(tmp_path.iterdir()) == []


def test_a_pass_given_up_leaves_no_rejected_file(tmp_path: Path) -> None:
    records = iter(loaded(["prompt is empty", "kept", "kept"], rejected=tmp_path / "a.rejected.jsonl"))
    next(records)
    records.close()
    assert list(tmp_path.iterdir()) == []


def test_a_later_clean_pass_removes_what_an_earlier_one_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.rejected.jsonl"
    loaded(["prompt is empty"], rejected=path).records()
    assert path.exists()
    loaded(["kept"], rejected=path).records()
    assert not path.exists()


def test_rows_set_aside_never_overwrite_a_file_of_another_name() -> None:
    with pytest.raises(ConfigError, match=r"data\.jsonl.*rejected\.jsonl"):
        loaded([], rejected=Path("data.jsonl"))


@pytest.mark.parametrize("output", ["run/out", "run/out.jsonl"])
def test_the_rejected_file_is_named_after_the_output(output: str) -> None:
    assert rejected_path(output) == Path("run/out.rejected.jsonl")


def test_a_summary_is_one_line_with_every_reason() -> None:
    counts = Counts()
    for _ in range(1200):
        counts.keep()
    counts.drop("row 7", "prompt is empty")
    assert counts.summary() == "1,201 rows: 1,200 kept, 1 dropped (prompt is empty: 1)"
    assert Counts().summary() == "0 rows: 0 kept, 0 dropped"
