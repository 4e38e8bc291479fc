"""`penchant generate`: the text as it is written, or one JSON object."""

import json

import pytest

from penchant.model.fake import FakeModel
from penchant.model.local import LocalModel


@pytest.fixture
def user(tmp_path, monkeypatch):
    monkeypatch.setattr(LocalModel, "load", lambda *_args, **_options: FakeModel())
    path = tmp_path / "ann.json"
    evidence = [{"kind": "statement", "text": "I love hiking in the hills."}]
    path.write_text(json.dumps({"user_id": "ann", "evidence": evidence}), encoding="utf-8")
    return path


def test_the_text_is_printed_and_json_says_how_it_was_written(penchant, user) -> None:
    command = ["generate", "hot tea with milk", "--user", user, "--temperature", "0", "--max-tokens", "8"]
    ran = penchant(*command)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\n")
    guided = penchant(*command, "--decoder", "guidance", "--strength", "0", "--json")
    assert guided.last["text"] == "hot tea with milk"
    assert (guided.last["decoder"], guided.last["strength"], guided.last["finish"]) == ("guidance", 0.0, "stop")


def test_a_wrong_strength_is_one_sentence(penchant, user) -> None:
    ran = penchant("generate", "hot tea", "--user", user, "--decoder", "mixture", "--strength", "2")
    assert (ran.code, ran.out) == (2, "")
    assert "--strength is 2; mixture takes 0 to 1" in ran.err
