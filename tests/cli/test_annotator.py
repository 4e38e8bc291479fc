"""`penchant annotator`: fitted on records whose evidence carries directions."""

import json

import pytest

from penchant.cli.data import read, space_for
from penchant.shards import jsonl


@pytest.fixture
def annotate(penchant, small_forum, small_base, tmp_path):
    def run(*arguments: object, data=None):
        where = ("--data", data or small_forum / "train", "--out", tmp_path / "annotator")
        return penchant("annotator", "--encoder", small_base, "--steps", 5, *where, *arguments)

    return run


def test_an_annotator_is_fitted_and_described(annotate, small_base, tmp_path) -> None:
    ran = annotate("--json")
    assert ran.code == 0, ran.err
    assert ran.last["items"] > ran.last["people"] > 1
    card = json.loads((tmp_path / "annotator" / "annotator.json").read_text(encoding="utf-8"))
    assert (card["source"], card["items"]) == (str(small_base), ran.last["items"])
    assert "embedding clauses" in ran.err
    assert card["held_out"] == ran.last["held_out"]
    assert ran.last["held_out"]["people"] == 2  # a tenth of 24
    assert ran.last["held_out"]["cells"] > 0


def test_what_it_is_worth_on_people_held_out_is_told(annotate, tmp_path) -> None:
    ran = annotate()
    assert ran.code == 0, ran.err
    card = json.loads((tmp_path / "annotator" / "annotator.json").read_text(encoding="utf-8"))
    figures = card["held_out"]
    assert f"held out: 2 people, {figures['cells']:,} cells (item x dimension) that speak for a pole" in ran.out
    assert f"on the right side: {100 * figures['side']:.1f} %, found: {100 * figures['found']:.1f} %" in ran.out
    assert f"calibration error of the {figures['stated']:,} poles stated: " in ran.out


def test_too_few_people_to_measure_are_said(annotate, small_forum, tmp_path) -> None:
    space = space_for(small_forum / "train", None)
    records = read(small_forum / "train", space)
    names = sorted({record.user_id for record in records})[:12]
    jsonl.write([record for record in records if record.user_id in names], tmp_path / "few.jsonl", space=space)
    where = ("--space", small_forum / "space.toml", "--overwrite")
    assert "held out: nobody is measured; that takes twenty" in annotate(*where, data=tmp_path / "few.jsonl").out
    assert annotate(*where, "--json", data=tmp_path / "few.jsonl").last["held_out"] is None


def test_an_annotator_is_replaced_only_when_asked(annotate) -> None:
    assert annotate().code == 0
    ran = annotate()
    assert ran.code == 2
    assert "annotator.json is there already; give another --out, or add --overwrite" in ran.err
    assert annotate("--overwrite").code == 0


def test_records_without_directions_are_refused(annotate, tmp_path) -> None:
    path = tmp_path / "rows.jsonl"
    row = {"record_id": "r", "user_id": "u", "prompt": "p", "chosen": "a", "rejected": "b", "evidence": []}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    ran = annotate(data=path)
    assert ran.code == 2
    assert "has no evidence with directions" in ran.err
