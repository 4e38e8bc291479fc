"""Audits as a call: leaks, shortcuts, and advice where nothing is compared."""

from dataclasses import replace

import pytest

from penchant.errors import DataError
from penchant.runs.audit import audit
from penchant.shards import jsonl


@pytest.fixture
def files(planted, tmp_path):
    """The planted people who are trained on, and those tested with one of them among them."""
    train, test = ([r for r in planted if (r.split == "train") == keep] for keep in (True, False))
    test.append(replace(train[0], record_id="leaked", split="dev"))
    for name, some in (("train", train), ("test", test)):
        jsonl.write(some, tmp_path / f"{name}.jsonl", space=None)
    return tmp_path / "train.jsonl", tmp_path / "test.jsonl"


def test_a_call_returns_leaks_and_shortcuts_and_prints_nothing(files, reporter, capsys) -> None:
    train, test = files
    audited = audit(data=test, against=train, reporter=reporter)
    assert (audited.data, audited.records) == (test, 25)
    assert {leak.check: leak.count for leak in audited.leakage}["shared person"] == 1
    assert {rule.rule for rule in audited.shortcuts} == {"longer", "habit", "overlap", "style"}
    assert reporter.notes == []
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_without_training_data_nothing_is_compared_and_a_note_says_so(files, reporter) -> None:
    audited = audit(data=files[1], reporter=reporter)
    assert not any("shared" in leak.check for leak in audited.leakage)
    assert reporter.notes == ["give the training data as `against` to count people and texts that are in both"]


def test_both_sides_may_be_limited_to_a_split(files) -> None:
    audited = audit(data=files[1], split="dev", against=files[1], against_split="dev")
    assert {leak.check: leak.count for leak in audited.leakage}["shared pair"] == 25
    with pytest.raises(DataError, match="no record of split 'train'"):
        audit(data=files[1], split="train")


def test_the_seed_draws_the_intervals_and_nothing_else(files) -> None:
    first, second = (audit(data=files[1], seed=seed) for seed in (0, 1))
    assert [rule.accuracy for rule in first.shortcuts] == [rule.accuracy for rule in second.shortcuts]
    assert first.leakage == second.leakage
    assert audit(data=files[1], seed=0) == first
