"""One belief: a model is told of a person exactly what `show user` states of them, and scorers weigh the same."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import (
    Comment,
    Comparison,
    Correction,
    Demographics,
    Direction,
    Evidence,
    Person,
    Persona,
    PreferenceSpace,
    Rating,
    Record,
    RecordError,
    Statement,
    meet,
)
from penchant.infer.explain import as_text, as_values, explain
from penchant.infer.fake import FakeAnnotator
from penchant.method import METHODS
from penchant.person import meet_record
from penchant.render import LAYOUTS, Layout
from penchant.scorer.belief import BeliefScorer
from penchant.space import Dimension

SPACE = PreferenceSpace(
    "five",
    (
        Dimension("length", "Length", "need", "Short", "Long"),
        Dimension("humour", "Humour", "need", "Jokes", "No jokes"),
        Dimension("depth", "Depth", "need", "Detail", "Gist"),
        Dimension("age", "Age", "need", "Young", "Old", origin="demographic"),
        Dimension("tone", "Tone", "need", "Warm", "Cool"),
    ),
)
KINDS: tuple[Callable[[str, Direction | None], Evidence], ...] = (
    lambda text, direction: Comment("p", text, direction),
    lambda text, direction: Comparison("p", text, f"not {text}", direction),
    lambda text, direction: Rating("p", text, liked=True, direction=direction),
    lambda text, direction: Demographics(text, direction),
    lambda text, direction: Statement(text, direction),
)
FORMS = [(method, layout) for method in ("pba", "pba_summary", "pba_both") for layout in LAYOUTS]
PROBABILITIES = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)

signs = st.lists(st.sampled_from([-1, 0, 0, 1]), min_size=5, max_size=5)
directions = st.builds(
    lambda signs, sure: Direction(SPACE, signs, sure),
    signs,
    st.none() | st.lists(st.sampled_from(PROBABILITIES), min_size=5, max_size=5),
)
evidence = st.lists(st.tuples(st.sampled_from(KINDS), st.none() | directions), max_size=8).map(
    lambda items: Persona(tuple(kind(f"item {number}", direction) for number, (kind, direction) in enumerate(items)))
)
names = st.sampled_from([dimension.id for dimension in SPACE.dimensions])
corrections = st.lists(st.builds(Correction, names, st.sampled_from([-1, 0, 1])), max_size=3).map(tuple)


def poles_in_prompt(person: Person, method: str, layout: Layout) -> set[str] | None:
    """The poles that a prompt of PBA states, read from its text; None where the method has nothing to show."""
    try:
        text = METHODS[method].messages(person, "the task", layout=layout).messages[-1].content
    except RecordError:
        return None
    lines = text.partition("<notes>\n")[2].partition("\n</notes>")[0].splitlines()
    poles = {line[2:] for line in lines if line.startswith("- ")}
    for part in ". ".join(lines[-1:]).split(". "):
        certainty, _, phrases = part.partition(": ")
        if certainty in {"clearly", "probably"}:
            poles |= set(phrases.split("; "))
    return poles - {"no known preference"}


def poles_shown(person: Person) -> set[str]:
    return {belief.pole for belief in explain("u", person).beliefs if belief.pole is not None}


def disagreements(person: Person, forms: Sequence[tuple[str, Layout]] = FORMS) -> list[str]:
    """Where a prompt states other poles than `show user`."""
    shown = poles_shown(person)
    return [
        f"{method}, {layout}: {told} against {shown}"
        for method, layout in forms
        if (told := poles_in_prompt(person, method, layout)) is not None and told != shown
    ]


@given(evidence, corrections, st.none() | directions)
def test_a_model_is_told_what_show_user_states(
    persona: Persona, own: tuple[Correction, ...], profile: Direction | None
) -> None:
    person = meet(persona, SPACE, corrections=own, profile=profile)
    assert not disagreements(person)
    if person.direction() is None:
        assert not poles_shown(person)


@given(evidence, corrections, st.none() | directions)
def test_the_words_of_an_explanation_name_the_same_poles(
    persona: Persona, own: tuple[Correction, ...], profile: Direction | None
) -> None:
    person = meet(persona, SPACE, corrections=own, profile=profile)
    explained = explain("u", person)
    shown = poles_shown(person)
    assert {belief["pole"] for belief in as_values(explained)["beliefs"]} - {None} == shown
    heads = [line.split(": ", 1)[1] for line in as_text(explained).splitlines() if line[:2] == "  " and line[2] != " "]
    assert {pole for pole in shown if any(head.startswith(f"{pole} (") for head in heads)} == shown


@given(evidence)
def test_a_record_is_met_as_its_person_is_shown(persona: Persona) -> None:
    record = Record("r", "u", "p", "yes", "no", persona)
    assert meet_record(record, persona, SPACE).direction() == meet(persona, SPACE).direction()


@given(evidence, corrections, st.none() | directions)
def test_scorers_weigh_the_poles_that_are_told(
    persona: Persona, own: tuple[Correction, ...], profile: Direction | None
) -> None:
    person = meet(persona, SPACE, corrections=own, profile=profile)
    direction, leanings = person.direction(), person.leanings(SPACE)
    if direction is None:
        assert not leanings.any()
        return
    told = direction.signs != 0
    assert (np.sign(leanings[told]) == direction.signs[told]).all()
    settled = [SPACE.index(dimension) for dimension in person.corrected()]
    assert (leanings[settled] == direction.signs[settled]).all()


def test_the_belief_scorer_follows_a_correction() -> None:
    persona = Persona((Comment("p", "brief"),))
    scorer = BeliefScorer(FakeAnnotator(SPACE, {"brief": ("length", 1)}))
    for own, best in (((), 0), ((Correction("length", 0),), None), ((Correction("length", -1),), 1)):
        scores = scorer.score(meet(persona, SPACE, corrections=own), "p", ("brief", "endless"))
        assert (scores.argmax() if scores.any() else None) == best


def test_a_doubtful_reading_is_told_and_shown_as_likely_and_a_faint_one_is_neither() -> None:
    for probability, poles, shown in ((0.6, {"Short"}, "Short (79 %"), (0.1, set(), "undecided, leaning to: Short (5")):
        item = Comment("p", "short?", Direction(SPACE, [1, 0, 0, 0, 0], [probability] * 5))
        person = meet(Persona((item,)), SPACE)
        assert poles_shown(person) == poles_in_prompt(person, "pba", "user_first") == poles
        assert f"length: {shown}" in as_text(explain("u", person))
        text = METHODS["pba_summary"].messages(person, "t").messages[-1].content
        assert ("probably: Short" in text, "clearly" in text) == (bool(poles), False)


def test_of_age_nothing_is_told_or_shown_unless_the_person_or_the_data_says_it() -> None:
    said = Persona((Comment("p", "c", SPACE.direction({"age": 1, "tone": 1})),))
    assert poles_shown(meet(said, SPACE)) == {"Warm"}
    own = meet(said, SPACE, corrections=(Correction("age", -1),))
    stated = meet(said, SPACE, profile=SPACE.direction({"age": 1}))
    assert (poles_shown(own), poles_shown(stated)) == ({"Warm", "Old"}, {"Young"})
    assert not disagreements(own)
    assert not disagreements(stated)


def random_person(rng: random.Random) -> Person:
    def direction() -> Direction:
        sure = None if rng.random() < 0.3 else [rng.uniform(0.2, 1) for _ in range(5)]
        return Direction(SPACE, [rng.choice((-1, 0, 0, 1)) for _ in range(5)], sure)

    count = rng.randint(0, 12)
    items = [rng.choice(KINDS)(f"item {i}", direction() if rng.random() < 0.9 else None) for i in range(count)]
    own = [Correction(rng.choice(SPACE.dimensions).id, rng.choice((-1, 0, 1))) for _ in range(rng.choice((0, 0, 1, 3)))]
    profile = direction() if rng.random() < 0.1 else None
    return meet(Persona(tuple(items)), SPACE, corrections=tuple(own), profile=profile)


@pytest.mark.prove
def test_ten_thousand_people_are_told_as_they_are_shown() -> None:
    rng = random.Random(0)
    people = (random_person(rng) for _ in range(10_000))
    assert [found for person in people for found in disagreements(person, [rng.choice(FORMS)])] == []
