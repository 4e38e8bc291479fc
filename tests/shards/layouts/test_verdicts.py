"""Which value means which answer, and what is refused."""

import pytest

from penchant.errors import DataError
from penchant.message import Message
from penchant.shards.layouts.base import Choice
from penchant.shards.layouts.verdicts import NO_VERDICT, TIE, number_of, side_of


@pytest.mark.parametrize(
    ("value", "side"),
    [
        *(
            (value, "first")
            for value in ("a", "A", "model_a", "response_a", "Response A", "left", "A is better", "[[A]]")
        ),
        *((value, "second") for value in ("b", "model_b", "Right", "second", "B-is-slightly-better", "rightvote"[:5])),
        *(
            (value, "tie")
            for value in ("tie", "Tie", "tie (bothbad)", "both_bad", "Both bad", "neither", "equal", "draw")
        ),
        *((value, None) for value in ("a long sentence about a cat and its owner", "c", "", None, 1, "a or b")),
    ],
)
def test_a_value_names_a_side_or_none(value: object, side: str | None) -> None:
    assert side_of(value, "response_a", "response_b") == side


def row(verdict: object, name: str = "winner", ends: tuple[str, str] = ("a", "b")) -> dict[str, object]:
    return {"question": "Tea?", f"answer_{ends[0]}": "Yes.", f"answer_{ends[1]}": "No.", name: verdict}


@pytest.mark.parametrize(
    ("one", "name", "ends", "chosen"),
    [
        ("B", "winner", ("a", "b"), "No."),
        ("Yes.", "preferred", ("a", "b"), "Yes."),
        (2, "label", ("1", "2"), "No."),
        (0, "better_response_id", ("0", "1"), "Yes."),
        (1, "choice", ("0", "1"), "No."),
        ("left", "choice", ("left", "right"), "Yes."),
        (-2, "overall_preference", ("1", "2"), "Yes."),
        (3, "preference_strength", ("1", "2"), "No."),
    ],
)
def test_verdicts_of_every_kind(statements, one: object, name: str, ends: tuple[str, str], chosen: str) -> None:
    (choice,) = statements(row(one, name, ends))[1]
    assert isinstance(choice, Choice)
    assert choice.chosen == chosen


@pytest.mark.parametrize("values", [(0, 1), ("0", "1"), (True, False), (1,), (1.0, 0.5)])
def test_numbers_that_could_mean_either_are_refused_with_what_settles_it(
    statements, values: tuple[object, ...]
) -> None:
    with pytest.raises(DataError, match="which may count the answers from zero, .*first=VALUE"):
        statements(*(row(value, "label") for value in values))


def test_ties_and_unclear_verdicts_state_nothing(statements) -> None:
    assert statements(row("tie"), row("a"), row("?"))[1][::2] == [TIE, NO_VERDICT]


def test_scores_decide_where_there_is_no_verdict(statements) -> None:
    rows = [
        {"prompt": "Tea?", "response_0": "Yes.", "score_0": s, "response_1": "No.", "score_1": 0.5} for s in (0.9, 0.5)
    ]
    first, second = statements(*rows)[1]
    assert (first.chosen, second) == ("Yes.", TIE)


@pytest.mark.parametrize(
    ("value", "number"), [("1", 1.0), (True, 1.0), (" 2.5 ", 2.5), ("x", None), (None, None), ([], None)]
)
def test_numbers_may_be_texts(value: object, number: float | None) -> None:
    assert number_of(value) == number


def test_two_verdicts_that_disagree_are_refused_and_two_that_agree_are_not(statements) -> None:
    agreed = {**row("A", "helpful_preference"), "honest_preference": "tie"}
    assert statements(agreed)[1] == [Choice((Message("user", "Tea?"),), "Yes.", "No.")]
    with pytest.raises(DataError, match="'winner' and 'helpful_preference' both seem to say .*label=winner"):
        statements({**row("A"), "helpful_preference": "B"})
    with pytest.raises(DataError, match="'helpful_preference' and 'honest_preference' both seem to say .*name the one"):
        statements(agreed, {**agreed, "honest_preference": "B"})
