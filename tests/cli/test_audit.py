"""`penchant audit`: leaks and shortcuts, as text and as JSON."""

import json
from dataclasses import replace

import pytest

from penchant.shards import jsonl


@pytest.fixture
def files(planted, tmp_path):
    """The planted people who are trained on, and those tested with one of them among them."""
    train, test = ([r for r in planted if (r.split == "train") == keep] for keep in (True, False))
    test.append(replace(train[0], record_id="leaked", split="dev"))
    paths = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    for path, some in zip(paths, (train, test), strict=True):
        jsonl.write(some, path, space=None)
    return paths


def test_leaks_and_shortcuts_are_told(penchant, files) -> None:
    train, test = files
    ran = penchant("audit", "--data", test, "--against", train)
    assert ran.code == 0, ran.err
    assert "25 records" in ran.out
    assert "4.0 %  shared person: the other data contain the person   leaked" in ran.out
    assert "overlap: the answer that shares words with the history  <- a score on this data" in ran.out


def test_the_same_as_json_and_without_other_data(penchant, files) -> None:
    train, test = files
    found = penchant("audit", "--data", test, "--against", train, "--json").last
    counts = {one["check"]: one["count"] for one in found["leakage"]}
    assert (counts["shared person"], counts["shared pair"], counts["own pair"]) == (1, 1, 0)
    assert {one["rule"] for one in found["shortcuts"]} == {"longer", "habit", "overlap", "style"}
    alone = penchant("audit", "--data", test)
    assert "shared" not in alone.out
    assert "give the training data as --against" in alone.err


def test_one_split_alone_is_audited(penchant, files) -> None:
    both = ("audit", "--data", files[1], "--against", files[1], "--against-split", "dev", "--json")
    assert {one["check"]: one["count"] for one in penchant(*both).last["leakage"]}["shared pair"] == 25
    assert penchant("audit", "--data", files[1], "--split", "dev", "--json").last["records"] == 25
    refused = penchant("audit", "--data", files[1], "--split", "train")
    assert (refused.code, refused.out) == (2, "")
    assert json.dumps("train")[1:-1] in refused.err
