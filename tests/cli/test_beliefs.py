"""What is believed of somebody, as it is told."""

import json

import pytest

from penchant import Comment, PreferenceSpace
from penchant.cli.beliefs import Inferred, Known, tell
from penchant.person import Correction


@pytest.fixture
def known(tiny: PreferenceSpace) -> Known:
    evidence = (Comment("p", "short, please", tiny.direction({"length": 1})), Comment("p", "hello", tiny.direction()))
    return Known(evidence, (2, 5), (Correction("length", -1), Correction("humour", 0)))


def told(known: Known, space: PreferenceSpace, capsys, *, caution: str | None = None, as_json: bool) -> str:
    tell({"u": known}, space, Inferred({item: item for item in known.evidence}, caution=caution), json=as_json)
    return capsys.readouterr().out


def test_items_are_named_by_their_places_in_the_file(known: Known, tiny: PreferenceSpace, capsys) -> None:
    found = json.loads(told(known, tiny, capsys, caution="with care", as_json=True))
    (length,) = [one for one in found["beliefs"] if one["dimension"] == "length"]
    assert [reason["item"] for reason in length["because"]] == [2]
    assert found["silent"] == [5]
    assert found["caution"] == "with care"


def test_the_persons_own_word_stands_first_and_above_what_was_read(known: Known, tiny: PreferenceSpace, capsys) -> None:
    found = json.loads(told(known, tiny, capsys, as_json=True))
    assert [(one["dimension"], one["sign"], one["own_word"]) for one in found["beliefs"]] == [
        ("length", -1, True),
        ("humour", 0, True),
    ]
    text = told(known, tiny, capsys, as_json=False)
    assert (
        f"length: {tiny.dimensions[0].negative} (their own word; from evidence {tiny.dimensions[0].positive}, " in text
    )
    assert "humour: not about them (their own word" in text


def test_what_is_undecided_says_which_way_it_leans(known: Known, tiny: PreferenceSpace, capsys) -> None:
    item = Comment("p", "short?", tiny.direction({"length": 1}))
    unsure = item.direction.__class__(tiny, item.direction.signs, [0.3, 1, 1]) if item.direction else None
    doubtful = Known((Comment("p", "short?", unsure),), (0,))
    assert f"length: undecided, leaning to: {tiny.dimensions[0].positive} (" in told(
        doubtful, tiny, capsys, caution="careful", as_json=False
    )
