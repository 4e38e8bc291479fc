"""`penchant annotator`: fitted on records whose evidence carries directions."""

import json

import pytest


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
