"""Verdicts of several judges, each in a column."""

import pytest

from penchant.errors import DataError
from penchant.message import Message
from penchant.shards.layouts import recognise
from penchant.shards.layouts.base import Choice, Sample
from penchant.shards.layouts.verdicts import NO_VERDICT, TIE

TEXTS = {"instruction": "Tea?", "input": "Green.", "response1": "Yes.", "response2": "No."}
ASKED = (Message("user", "Tea?\n\nGreen."),)


def test_each_judge_is_a_person_and_zero_is_a_tie(statements) -> None:
    name, found = statements({**TEXTS, "annotator1": 1, "annotator2": 2, "annotator3": 0})
    assert name == "a column for each judge"
    assert found == [Choice(ASKED, "Yes.", "No.", "annotator1"), Choice(ASKED, "No.", "Yes.", "annotator2"), TIE]


def test_letters_name_sides_and_a_missing_verdict_is_none(statements) -> None:
    texts = {"prompt": "Tea?", "answer_a": "Yes.", "answer_b": "No."}
    name, found = statements({**texts, "Rater 1": "B", "Rater 2": "tie"}, {**texts, "Rater 1": "A", "Rater 2": ""})
    tea = (Message("user", "Tea?"),)
    assert name == "a column for each judge"
    assert found == [
        Choice(tea, "No.", "Yes.", "Rater 1"),
        TIE,
        Choice(tea, "Yes.", "No.", "Rater 1"),
        NO_VERDICT,
    ]


def test_numbers_that_count_no_answer_state_nothing(statements) -> None:
    found = statements({**TEXTS, "annotator1": 1, "annotator2": 2}, {**TEXTS, "annotator1": "", "annotator2": None})[1]
    assert found[2:] == [NO_VERDICT, NO_VERDICT]


def test_scores_of_two_judges_are_no_verdicts(statements) -> None:
    row = {"prompt": "Tea?", "answer_a": "Yes.", "answer_b": "No.", "winner": "a", "rater1": 4, "rater2": 5}
    assert statements(row)[0] == "battles"


ANSWERS = {"prompt": "Tea?", "answer_a": "Yes.", "answer_b": "No."}


def test_verdicts_under_unknown_names_are_refused_with_what_to_do(statements) -> None:
    with pytest.raises(DataError, match=r"^ann, bob each .* one person: .*=answer_b,label=ann\+bob; .* label=ann$"):
        statements({**ANSWERS, "ann": "A", "bob": "B"}, {**ANSWERS, "ann": "B", "bob": "B"})
    with pytest.raises(DataError, match=r"^'mine' names .*chosen=answer_a,rejected=answer_b,label=mine$"):
        statements({**ANSWERS, "mine": "A"}, {**ANSWERS, "mine": "B"})


@pytest.mark.parametrize("values", [("left", "left"), ("none", "none"), ("a cat", "tea")], ids=["one", "ties", "words"])
def test_a_column_that_never_decides_is_no_verdict(values) -> None:
    rows = [{**ANSWERS, "mine": value} for value in values]
    assert recognise(Sample.of(rows), {}) is None
