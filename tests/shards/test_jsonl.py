import json
import tempfile
import typing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant import PreferenceSpace, Record
from penchant.errors import DataError, SpaceError, SpaceMismatch
from penchant.persona import Evidence, Persona
from penchant.shards import jsonl

BARE = '{"record_id": "r", "prompt": "p", "chosen": "y", "rejected": "n"%s}\n'


def by_hand(folder: Path, *extras: str) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(BARE % extra for extra in extras))
    return path


@pytest.mark.parametrize("kind", typing.get_args(Evidence))
def test_every_kind_of_evidence_comes_back_as_it_was(kind, tiny, example_of, tmp_path: Path) -> None:
    record = Record("r", None, "p", "y", "n", Persona((example_of(kind, tiny.direction({"humour": -1})),)))
    jsonl.write([record], tmp_path / "a.jsonl", space=tiny)
    assert jsonl.read(tmp_path / "a.jsonl", tiny).records() == [record]


@settings(max_examples=40)
@given(st.data())
def test_any_records_come_back_as_they_were(any_record, tiny: PreferenceSpace, data: st.DataObject) -> None:
    records = data.draw(st.lists(any_record, max_size=4, unique_by=lambda record: record.record_id))
    with tempfile.TemporaryDirectory() as folder:
        assert jsonl.write(records, f"{folder}/a.jsonl", space=tiny) == len(records)
        assert jsonl.read(f"{folder}/a.jsonl", tiny).records() == records


def test_lines_can_be_joined_and_shuffled_and_keep_their_space(full_record, tiny, tmp_path: Path) -> None:
    jsonl.write([full_record("a"), full_record("b")], tmp_path / "a.jsonl", space=tiny)
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "b.jsonl").write_text("".join(reversed(lines)), encoding="utf-8")
    assert jsonl.read(tmp_path / "b.jsonl", tiny).records() == [full_record("b"), full_record("a")]
    with pytest.raises(SpaceMismatch, match=r"b\.jsonl: line 1: directions: written for space 'tiny'"):
        jsonl.read(tmp_path / "b.jsonl", tiny.subset(["length"], name="one")).records()


def test_records_without_directions_need_no_space(tmp_path: Path) -> None:
    record = Record("r", None, "p", "y", "n")
    jsonl.write([record], tmp_path / "a.jsonl", space=None)
    assert jsonl.read(tmp_path / "a.jsonl").records() == [record]


def test_a_line_by_hand_needs_an_id_and_three_texts(tmp_path: Path) -> None:
    assert jsonl.read(by_hand(tmp_path, "")).records() == [Record("r", None, "p", "y", "n")]


@pytest.mark.parametrize(
    "extra",
    [', "golden": []', ', "evidence": [{"kind": "statement", "text": "x", "direction": []}]'],
    ids=["record", "evidence"],
)
def test_directions_that_do_not_say_their_space_are_refused_with_what_to_add(extra: str, tiny, tmp_path: Path) -> None:
    path = by_hand(tmp_path, "", extra)
    with pytest.raises(DataError, match=f'line 2: .*add "space": {{"name": "tiny", "digest": "{tiny.digest}"}}'):
        jsonl.read(path, tiny).records()
    with pytest.raises(SpaceError, match=r"line 2: (evidence\[0\]: 'direction'|'golden') is"):
        jsonl.read(path).records()


def test_what_the_error_says_to_add_is_enough(tiny: PreferenceSpace, tmp_path: Path) -> None:
    stamp = json.dumps({"name": "tiny", "digest": tiny.digest})
    extra = f', "golden": [{{"dimension": "depth", "sign": 1}}], "space": {stamp}'
    [record] = jsonl.read(by_hand(tmp_path, extra), tiny)
    assert record.golden == tiny.direction({"depth": 1})


@pytest.mark.parametrize("extra", [', "evidense": [1]', ', "prompt": "twice"', ', "space": "tiny"'])
def test_a_line_out_of_the_layout_is_named(extra: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl: line 3"):
        jsonl.read(by_hand(tmp_path, "", "", extra)).records()


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = by_hand(tmp_path, "")
    path.write_text(path.read_text() + '{"record_id": ')
    with pytest.raises(DataError, match=r"rows\.jsonl: line 2 is not valid JSON"):
        jsonl.read(path).records()


def test_a_line_without_an_answer_is_set_aside_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    row = {"record_id": "r", "prompt": "p", "chosen": "y", "rejected": "n"}
    path.write_text(
        "".join(json.dumps({**row, **change}) + "\n" for change in ({}, {"chosen": " "}, {"prompt": "\ud800"}))
    )
    loaded = jsonl.read(path)
    assert len(loaded.records()) == 1
    assert loaded.counts.dropped == {"chosen is empty": 1, "prompt is not valid Unicode": 1}
    assert [example.location for example in loaded.counts.examples] == ["line 2", "line 3"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = by_hand(tmp_path, "")
    before = path.read_text()

    def records():
        yield Record("new", None, "p", "y", "n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jsonl.write(records(), path, space=None)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_text_that_is_not_unicode_is_named_by_record(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="record 'bad': a text is not valid Unicode"):
        jsonl.write([Record("bad", None, "a\ud800", "y", "n")], tmp_path / "a.jsonl", space=None)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.jsonl: no such file"):
        jsonl.read(tmp_path / "none.jsonl")


def test_a_choice_between_an_answer_and_itself_is_set_aside_with_its_reason(tmp_path) -> None:
    path = tmp_path / "same.jsonl"
    row = '{"record_id": "%s", "prompt": "p", "chosen": "a", "rejected": "%s"}\n'
    path.write_text(row % ("one", " a ") + row % ("two", "b"), encoding="utf-8")
    loaded = jsonl.read(path)
    assert [record.record_id for record in loaded] == ["two"]
    assert loaded.counts.dropped == {"chosen and rejected are the same answer": 1}
