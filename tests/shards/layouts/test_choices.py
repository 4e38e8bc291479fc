"""A list of answers and the best one, by its number, its text or its id."""

import pytest

from penchant.errors import DataError
from penchant.message import Message
from penchant.shards.layouts.base import Choice
from penchant.shards.layouts.verdicts import NO_VERDICT

PROMPT = (Message("user", "Tea?"),)
BEST = Choice(PROMPT, "Yes.", "No.")
TEXTS = {"prompt": "Tea?", "responses": ["No.", "Yes."]}


@pytest.mark.parametrize(
    ("numbers", "expected"), [((1, 0), BEST), ((2, 1), BEST)], ids=["counted from 0", "counted from 1"]
)
def test_the_number_of_the_best_counts_as_the_file_does(statements, numbers, expected) -> None:
    found = statements(*({**TEXTS, "preferred": number} for number in numbers))[1]
    assert found == [expected, Choice(PROMPT, "No.", "Yes.")]


def test_numbers_that_may_count_from_0_or_1_are_refused(statements) -> None:
    with pytest.raises(DataError, match=r"first=0 \(or first=1\)"):
        statements({**TEXTS, "preferred": 1})


@pytest.mark.parametrize(("best", "expected"), [("Yes.", BEST), ("Maybe.", NO_VERDICT)])
def test_the_text_of_the_best(statements, best: str, expected) -> None:
    assert statements({**TEXTS, "preferred": "No."}, {**TEXTS, "preferred": best})[1][1] == expected


@pytest.mark.parametrize(("best", "expected"), [("b", BEST), (["b"], BEST), (["a", "b"], NO_VERDICT)])
def test_the_id_of_the_best_may_stand_in_a_list(statements, best: object, expected) -> None:
    options = [{"id": "a", "text": "No."}, {"id": "b", "text": "Yes."}]
    row = {"text": "Tea?", "options": options}
    assert statements({**row, "accept": ["a"]}, {**row, "accept": best})[1][1] == expected
