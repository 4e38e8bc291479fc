from dataclasses import replace

import pytest

from penchant import Comparison, Persona, Record, RecordError
from penchant.audit.shortcuts import RULES, shortcuts
from penchant.rules import CONTROLS


def records(rule: bool) -> list[Record]:
    """Twenty people with four pairs each; with the rule, everybody prefers the longer answer."""
    made = []
    for number in range(80):
        long, short = f"some words that go on {number}", f"brief {number}"
        chosen, rejected = (long, short) if rule or number % 2 else (short, long)
        persona = Persona((Comparison("p", "one two three", "one"),))
        made.append(Record(f"r{number}", f"u{number // 4}", "q", chosen, rejected, persona))
    return made


def test_a_rule_that_solves_the_file_is_first_and_marked() -> None:
    results = {one.rule: one for one in shortcuts(records(rule=True))}
    assert (results["longer"].accuracy, results["habit"].accuracy) == (1, 1)
    assert results["longer"].suspicious
    assert (results["longer"].n, results["longer"].users, results["longer"].macro) == (80, 20, 1)
    ranked = [one.accuracy for one in shortcuts(records(rule=True))]
    assert ranked == sorted(ranked, reverse=True)


def test_a_fair_file_has_no_mark() -> None:
    assert not any(one.suspicious for one in shortcuts(records(rule=False)) if one.rule in ("longer", "habit"))


def test_a_rule_that_is_always_wrong_is_a_shortcut_as_well() -> None:
    turned = [replace(r, chosen=r.rejected, rejected=r.chosen) for r in records(rule=True)]
    results = {one.rule: one for one in shortcuts(turned)}
    assert results["longer"].accuracy == 0
    assert results["longer"].suspicious


def test_every_rule_is_put_into_words_and_no_records_are_refused() -> None:
    assert set(RULES) == set(CONTROLS)
    with pytest.raises(RecordError, match="no records to audit"):
        shortcuts([])
