"""A list of answers and the best one, by its number, its text or its id."""

import pytest

from penchant.errors import DataError
from penchant.message import Message
from penchant.shards.layouts import recognise
from penchant.shards.layouts.base import Choice, Sample
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


def test_candidates_of_nova_are_preferred_or_not(statements) -> None:
    def said(text: str, label: str) -> dict[str, object]:
        return {"content": [{"text": text}], "preferenceLabel": label}

    asked = {"role": "user", "content": [{"text": "Tea?"}]}
    last = {"role": "assistant", "candidates": [said("No.", "non-preferred"), said("Yes.", "preferred")]}
    name, found = statements({"system": [{"text": "Be kind."}], "messages": [asked, last]})
    assert name == "nova candidates"
    assert found == [Choice((Message("system", "Be kind."), *PROMPT), "Yes.", "No.")]


def test_objects_without_ids_hold_no_choice() -> None:
    row = {"context": "Tea?", "responses": [{"response": "No.", "natural": [1, 3]}, {"response": "Yes."}]}
    assert recognise(Sample.of([row]), {}) is None
