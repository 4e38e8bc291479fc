"""`penchant rank`: answers best first, as lines and as JSON."""

import json
import re

import pytest

from penchant.encoder.fake import FakeEncoder
from penchant.shards import jsonl

ANSWERS = ("gear piston diesel clutch rotor", "rose tulip petal bloom meadow")


@pytest.fixture
def where(penchant, planted, tmp_path, monkeypatch):
    """A fitted scorer, and somebody who chose flowers."""
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    jsonl.write(planted, tmp_path / "planted.jsonl", space=None)
    assert penchant("fit", "vpl", "--data", tmp_path / "planted.jsonl", "--out", tmp_path / "vpl").code == 0
    choice = {"kind": "comparison", "prompt": "What else?", "chosen": "daisy lily fern", "rejected": "axle bolt crank"}
    path = tmp_path / "user.json"
    path.write_text(json.dumps({"user_id": "u", "evidence": [choice]}), encoding="utf-8")
    return "--user", path, "--model", tmp_path / "vpl"


def test_answers_are_printed_best_first(penchant, where) -> None:
    ran = penchant("rank", "What shall I read?", *ANSWERS, *where)
    assert ran.code == 0, ran.err
    first, second = ran.out.splitlines()
    assert first == f"1.   +0.000  {ANSWERS[1]}"
    assert re.fullmatch(rf"2\. +-\d+\.\d{{3}}  {ANSWERS[0]}", second)


def test_json_has_the_scores(penchant, where) -> None:
    ran = penchant("rank", "What shall I read?", *ANSWERS, *where, "--json")
    assert ran.code == 0, ran.err
    assert {name: ran.last[name] for name in ("user_id", "method", "prompt")} == {
        "user_id": "u",
        "method": "vpl",
        "prompt": "What shall I read?",
    }
    first, second = ran.last["answers"]
    assert (first["answer"], first["index"], second["index"]) == (ANSWERS[1], 1, 0)
    assert first["score"] > second["score"]


def test_a_wrong_argument_is_a_sentence_with_its_option(penchant, where) -> None:
    ran = penchant("rank", "What shall I read?", *ANSWERS, "--user", "u1", *where[2:])
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "--user u1 is no JSON file of one person; give one, or a user id together with --data" in ran.err
