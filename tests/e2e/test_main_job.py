"""The main job from an empty folder to a table, through the command line only."""

import re
from dataclasses import fields
from itertools import product

import pytest

from penchant.eval.rows import Row

ROW_KEYS = {field.name for field in fields(Row)}
CONTROLS = {"longer", "habit", "overlap", "style"}
SHOWN = ("ugc", "pair", "demo", "mixed")
VARIANTS = ("", "same_prompt", "raw", "normalised")


@pytest.fixture(scope="module")
def measured(penchant, small_forum, aligned):
    ran = penchant("eval", "accuracy", aligned["ica"], aligned["pba"], "--data", small_forum / "test", "--json")
    assert ran.code == 0, ran.err
    return ran


def test_stdout_is_one_json_object_and_progress_goes_to_stderr(measured) -> None:
    assert measured.out.count("\n") == 1
    assert set(measured.last) == {"question", "rows", "contrasts", "seconds", "seed", "versions"}
    assert "simulated records; golden directions explain 91.0 % of choices" in measured.err


def test_every_row_has_exactly_the_keys_of_a_row_and_lies_within_bounds(measured) -> None:
    for row in measured.last["rows"]:
        assert set(row) == ROW_KEYS
        low, high = row["ci95"]
        assert 0 <= low <= row["accuracy"] <= high <= 1
        assert 0 <= row["ties"] <= row["n"]
        assert 1 <= row["users"] <= row["n"]
        assert 0.5 <= row["ceiling"] <= 0.91 + 1e-6


def test_every_method_control_and_limit_has_its_rows(measured) -> None:
    found = {(row["method"], row["variant"], row["persona"]) for row in measured.last["rows"]}
    expected = set(product((*CONTROLS, "ideal", "coverage", "few_shot"), ("",), SHOWN))
    expected |= set(product(("ica", "pba"), VARIANTS, SHOWN))
    expected |= {("chance", "", "none"), ("base", "", "none")}
    expected |= set(product(("ica", "pba"), ("",), ("none", "shuffled")))
    expected |= {("pba", "golden", "mixed"), ("pba", "golden_same_prompt", "mixed")}
    assert found == expected


def test_each_row_is_given_for_known_and_unseen_phrasings_on_all_test_people(measured) -> None:
    main = [row for row in measured.last["rows"] if row["attribute"] == "all"]
    assert {row["phrasing"] for row in main} == {"known", "unseen"}
    assert {(row["n"], row["users"]) for row in main} == {(24, 8)}


def test_where_nothing_true_is_shown_the_limit_is_chance_and_chance_only_ties(measured) -> None:
    blind = [row for row in measured.last["rows"] if row["persona"] in ("none", "shuffled")]
    assert {row["ceiling"] for row in blind} == {0.5}
    chance = [row for row in blind if row["method"] == "chance"]
    assert all(row["accuracy"] == 0.5 and row["ties"] == row["n"] for row in chance)


def test_the_same_seed_gives_the_same_rows(penchant, measured, small_forum, aligned) -> None:
    where = ("--data", small_forum / "test", "--personas", "mixed", "--json")
    again = penchant("eval", "accuracy", aligned["ica"], *where)
    assert again.code == 0, again.err
    before = [row for row in measured.last["rows"] if row["method"] == "ica" and row["persona"] == "mixed"]
    assert [row for row in again.last["rows"] if row["method"] == "ica" and row["persona"] == "mixed"] == before


def test_the_prompt_that_was_scored_can_be_read(penchant, small_forum, aligned) -> None:
    for method, folder in aligned.items():
        where = ("--data", small_forum / "test", "--method", method, "--model", folder)
        ran = penchant("show", "prompt", *where)
        assert ran.code == 0, ran.err
        assert re.match(r"<\|system\|>.*<\|user\|><notes>\n.*</notes>\n\n.*<\|assistant\|>\n\Z", ran.out, re.DOTALL)
