"""Three answers or more in columns of their own, and which is best."""

import pytest

from penchant.errors import DataError
from penchant.message import Message
from penchant.shards.layouts.base import Choice
from penchant.shards.layouts.scores import UNRATED
from penchant.shards.layouts.verdicts import NO_VERDICT, TIE

PROMPT = (Message("user", "Tea?"),)
LETTERS = {"question": "Tea?", "answer_a": "No.", "answer_b": "Yes.", "answer_c": "Never."}
NUMBERS = {"question": "Tea?", "response_1": "No.", "response_2": "Yes.", "response_3": "Never."}
YES = [Choice(PROMPT, "Yes.", "No."), Choice(PROMPT, "Yes.", "Never.")]
NEVER = [Choice(PROMPT, "Never.", "No."), Choice(PROMPT, "Never.", "Yes.")]


def test_an_order_in_one_cell_names_columns_by_their_ends(statements) -> None:
    name, found = statements({**LETTERS, "ranking": "B>A>C"}, {**LETTERS, "ranking": "A=B>C"})
    assert name == "ranking"
    assert found == [*YES, TIE, Choice(PROMPT, "No.", "Never.")]


@pytest.mark.parametrize("best", ["b", "B", "Answer B", "answer_b", "Yes.", 2, "2"])
def test_the_best_of_lettered_answers_beats_every_other(statements, best: object) -> None:
    name, found = statements({**LETTERS, "best": 3}, {**LETTERS, "best": 1}, {**LETTERS, "best": best})
    assert name == "best of several"
    assert found[-2:] == YES


def test_numbers_name_numbered_columns_and_the_worst_is_not_read(statements) -> None:
    name, found = statements({**NUMBERS, "best": "3", "worst": "1"}, {**NUMBERS, "best": "Response 2", "worst": "1"})
    assert (name, found) == ("best of several", [*NEVER, *YES])


def test_a_count_from_0_is_seen(statements) -> None:
    assert statements({**LETTERS, "best": 0}, {**LETTERS, "best": 1})[1][-2:] == YES


def test_numbers_that_may_count_from_0_or_1_are_refused(statements) -> None:
    with pytest.raises(DataError, match="'best' holds numbers that may count answer_a to answer_c from 0 or from 1"):
        statements({**LETTERS, "best": 1}, {**LETTERS, "best": 2})


@pytest.mark.parametrize(("said", "expected"), [("tie", TIE), ("D", NO_VERDICT), ("4.5", NO_VERDICT), ("", NO_VERDICT)])
def test_a_verdict_that_names_no_answer_states_nothing(statements, said: str, expected) -> None:
    assert statements({**LETTERS, "best": "b"}, {**LETTERS, "best": said})[1] == [*YES, expected]


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (("score_1", "score_2", "score_3"), (2, 5, 1)),
        (("rank_1", "rank_2", "rank_3"), (2, 1, 3)),
        (("response_1_rating", "response_2_rating", "response_3_rating"), ("2", "4,5", "1")),
    ],
    ids=["scores", "ranks", "ratings named after the answers"],
)
def test_a_number_for_each_answer_decides(statements, names, numbers) -> None:
    name, found = statements({**NUMBERS, **dict(zip(names, numbers, strict=True))})
    assert (name, found) == ("scores", YES)


def test_an_answer_without_a_score_is_left_out(statements) -> None:
    rows = [{**NUMBERS, "score_1": 1, "score_2": 2, "score_3": third} for third in (1, None)]
    rows.append({**NUMBERS, "score_1": 1, "score_2": None, "score_3": None})
    assert statements(*rows)[1] == [*YES, YES[0], UNRATED]


def test_remarks_in_the_header_hide_no_answer(statements) -> None:
    row = {"question": "Tea?", "Answer A (x)": "No.", "Answer B (our model)": "Yes.", "Answer C (y)": "Never."}
    assert statements({**row, "best": "B"}, {**row, "best": "C"})[1] == [*YES, *NEVER]
    numbered = {"question": "Tea?", "Answer 1 (x)": "No.", "Answer 2 (y)": "Yes."}
    assert statements({**numbered, "winner": 2})[1] == [YES[0]]
