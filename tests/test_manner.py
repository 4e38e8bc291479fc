import pytest

from penchant.manner import MAX_LENGTH_GAP, MEASURES, contrast, manner_space, measured
from penchant.persona import Comment, Comparison, Demographics, Persona
from penchant.posterior import believe
from penchant.style import style

CALM = "We could look at the map before we leave the house in the morning"


def signs(chosen: str, rejected: str) -> dict[str, int]:
    (item,) = measured(Persona((Comparison("p", chosen, rejected),))).evidence
    assert item.direction is not None
    return {dimension.id: sign for dimension, sign in item.direction.poles()}


def test_every_dimension_of_the_space_has_a_measure() -> None:
    assert tuple(d.id for d in manner_space().dimensions) == tuple(MEASURES)


@pytest.mark.parametrize(
    ("dimension", "more"),
    [
        ("warmth", "Thank you dear friend, we could happily look at the lovely map together"),
        ("excitement", "We could look! Look at the map! Before we leave! The house! In the morning!"),
        ("asking", "Could we look? At the map? Before we leave? The house? In the morning?"),
        (
            "difficulty",
            "Considerable cartographic examination necessitates careful deliberation preceding our departure tomorrow",
        ),
    ],
)
def test_a_choice_between_answers_of_like_length_is_one_pole_of_what_they_differ_in(dimension: str, more: str) -> None:
    assert signs(more, CALM)[dimension] == 1
    assert signs(CALM, more)[dimension] == -1
    assert "length" not in signs(more, CALM)


def test_answers_of_other_lengths_say_nothing_but_that() -> None:
    long = f"{CALM}! {CALM}! {CALM}!"
    assert signs(long, CALM) == {"length": 1}
    assert signs(CALM, long) == {"length": -1}


def test_alike_answers_say_nothing() -> None:
    assert signs(CALM, CALM + " today") == {}


def test_what_counts_as_clear_can_be_asked_for_in_gaps() -> None:
    move = style(f"{CALM} {CALM}") - style(CALM)
    assert MAX_LENGTH_GAP < move[MEASURES["length"].feature] < 2 * MEASURES["length"].gap
    assert contrast(move, "length") == 1
    assert contrast(move, "length", times=2.0) == 0


def test_single_texts_are_neutral_and_other_directions_are_replaced(tiny) -> None:
    persona = Persona(
        (Comment("p", CALM, tiny.direction()), Demographics("old"), Comparison("p", f"{CALM} {CALM}", CALM))
    )
    found = measured(persona)
    assert [item.direction.poles() for item in found.evidence[:2] if item.direction is not None] == [[], []]
    belief = believe(found, manner_space())
    assert belief.items == 3
    assert belief.direction("exact") == belief.direction("credible") == manner_space().direction({"length": 1})
