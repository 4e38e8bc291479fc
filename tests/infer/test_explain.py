"""What is believed of somebody: values and text, with the items as reasons."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from penchant import Comment, Comparison, PreferenceSpace, Rating
from penchant.correction import Correction
from penchant.infer.explain import Explanation, as_text, as_values, explain, legend, quoted
from penchant.person import Person, meet
from penchant.persona import Item, Persona
from penchant.posterior import LIKELY


@pytest.fixture
def known(tiny: PreferenceSpace) -> Explanation:
    evidence = (Comment("p", "short, please", tiny.direction({"length": 1})), Comment("p", "hello", tiny.direction()))
    corrections = (Correction("length", -1), Correction("humour", 0))
    return explain("u", meet(Persona(evidence), tiny, corrections=corrections), positions=(2, 5))


def test_a_reason_names_its_item_by_id_and_time(tiny: PreferenceSpace) -> None:
    said = Comment("p", "short, please", tiny.direction({"length": 1}))
    for item in (Item(said, id="c7", at=datetime(2026, 3, 1, tzinfo=UTC)), Item(said)):
        ((reason,),) = [belief.because for belief in explain("u", meet(Persona((item,)), tiny)).beliefs]
        assert (reason.id, reason.at) == (item.key, "2026-03-01T00:00:00+00:00" if item.at else None)


def test_items_are_named_by_their_places_in_the_file(known: Explanation) -> None:
    values = as_values(replace(known, set_aside={1: "unfamiliar words"}))
    (length,) = [belief for belief in values["beliefs"] if belief["dimension"] == "length"]
    assert [reason["item"] for reason in length["because"]] == [2]
    assert values["silent"] == [5]
    assert values["set_aside"] == [{"item": 5, "why": "unfamiliar words"}]
    assert list(values) == ["user_id", "items", "beliefs", "set_aside", "silent"]


def test_the_persons_own_word_stands_first_and_above_what_was_read(known: Explanation, tiny: PreferenceSpace) -> None:
    assert [(belief.dimension, belief.sign, belief.own_word) for belief in known.beliefs] == [
        ("length", -1, True),
        ("humour", 0, True),
    ]
    text = as_text(known)
    assert (
        f"length: {tiny.dimensions[0].negative} (their own word; from evidence {tiny.dimensions[0].positive}, " in text
    )
    assert "humour: not about them (their own word; nothing in the evidence)" in text
    assert "  says nothing of these: hello" in text


def test_what_is_undecided_says_which_way_it_leans(tiny: PreferenceSpace) -> None:
    direction = tiny.direction({"length": 1})
    unsure = direction.__class__(tiny, direction.signs, [0.1, 1, 1])
    explained = explain("u", meet(Persona((Comment("p", "short?", unsure),)), tiny))
    assert f"length: undecided, leaning to: {tiny.dimensions[0].positive} (" in as_text(explained)
    (belief,) = explained.beliefs
    assert (belief.sign, belief.pole, belief.leans_to) == (0, None, tiny.dimensions[0].positive)
    assert 0.5 < belief.leaning < LIKELY


def test_the_surest_stands_first_and_the_interval_is_on_the_side_that_the_text_names(ann: Person) -> None:
    explained = explain("ann", ann)
    first, *others = explained.beliefs
    assert (first.dimension, first.contradicted) == ("humour", False)
    sureness = [abs(belief.leaning - 0.5) for belief in others]
    assert sureness == sorted(sureness, reverse=True)
    for belief in explained.beliefs:
        low, high = belief.interval
        assert 0 <= low <= high <= 1
    (length,) = [line for line in as_text(explained).splitlines() if line.startswith("  length")]
    assert "Likes it short (" in length
    assert " %, interval " in length


def test_items_of_both_poles_contradict(tiny: PreferenceSpace) -> None:
    items = tuple(Comment("p", str(sign), tiny.direction({"length": sign})) for sign in (1, -1))
    explained = explain("u", meet(Persona(items), tiny))
    assert explained.beliefs[0].contradicted
    assert ", contradicted)" in as_text(explained)
    assert {support.sign for support in explained.beliefs[0].because} == {1, -1}


def test_a_person_without_a_belief_has_no_reasons() -> None:
    explained = explain("u", Person(Persona((Comment("p", "hello"),))))
    assert (explained.beliefs, explained.silent) == ((), (0,))
    assert as_text(explained).splitlines()[1:] == ["  carries no direction, and nobody has read it: hello"]


def test_a_profile_that_the_data_states_is_shown_in_place_of_what_was_read(tiny: PreferenceSpace) -> None:
    evidence = (Comment("p", "short, please", tiny.direction({"length": 1})),)
    explained = explain("u", meet(Persona(evidence), tiny, profile=tiny.direction({"humour": -1})))
    assert {belief.dimension: belief.sign for belief in explained.beliefs} == {"length": 0, "humour": -1}
    text = as_text(explained)
    assert "humour: Dislikes jokes (as the data states; nothing in the evidence)" in text
    assert "length: not in the stated profile (as the data states; from evidence Likes it short, 99 %" in text
    # a person who was made from a profile alone
    (humour,) = explain("u", Person(profile=tiny.direction({"humour": -1}))).beliefs
    assert (humour.pole, humour.because) == ("Dislikes jokes", ())


def test_items_are_quoted_in_one_short_line() -> None:
    assert quoted(Comparison("p", "a\nb", "c")) == "a b (rather than: c)"
    assert quoted(Rating("p", "a", liked=True)) == "a"
    assert quoted(Rating("p", "a", liked=False)) == "(disliked) a"
    assert len(quoted(Comment("p", "long " * 200))) == 302


def test_the_legend_has_the_weights_of_the_prior() -> None:
    weights, brackets = legend()
    assert "its weight: at most 2 (comment), 0.5 (choice) or 2 (description), and much less if the reading" in weights
    assert brackets.startswith("in brackets how probable the leaning is")
