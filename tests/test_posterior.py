from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Comment, Direction, Persona, PreferenceSpace, RecordError, SpaceMismatch, aggregate, believe

signs = st.sampled_from([-1, 0, 1])
vectors = st.lists(st.lists(signs, min_size=3, max_size=3), max_size=10)


def directions(space: PreferenceSpace, *rows: list[int]) -> list[Direction]:
    return [Direction(space, row) for row in rows]


def persona(space: PreferenceSpace, rows: list[list[int]]) -> Persona:
    return Persona(tuple(Comment("post", f"comment {i}", Direction(space, row)) for i, row in enumerate(rows)))


def one_dimension(space: PreferenceSpace, votes: list[int], *, rule) -> int:
    """Aggregates votes on `length` while `depth` is decided, so that no fallback sets in."""
    return aggregate([Direction(space, [vote, 0, 1]) for vote in votes], rule).sign("length")


def test_two_of_five_is_negative_exactly_at_the_threshold(tiny: PreferenceSpace) -> None:
    assert one_dimension(tiny, [1, 1, -1, -1, -1], rule="exact") == -1


def test_three_of_five_is_positive_exactly_at_the_threshold(tiny: PreferenceSpace) -> None:
    assert one_dimension(tiny, [1, 1, 1, -1, -1], rule="exact") == 1


@pytest.mark.parametrize(("positive", "total"), [(1, 2), (3, 7), (4, 9), (5, 9), (41, 100), (59, 100)])
def test_between_the_thresholds_is_neutral(tiny: PreferenceSpace, positive: int, total: int) -> None:
    assert one_dimension(tiny, [1] * positive + [-1] * (total - positive), rule="exact") == 0


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_exact_rule_is_that_of_fractions(tiny: PreferenceSpace, positive: int, negative: int) -> None:
    votes = [1] * positive + [-1] * negative + [0]
    share = Fraction(positive, positive + negative) if positive + negative else Fraction(1, 2)
    expected = 1 if share >= Fraction(3, 5) else -1 if share <= Fraction(2, 5) else 0
    assert one_dimension(tiny, votes, rule="exact") == expected


@pytest.mark.parametrize("vote", [1, -1])
def test_one_vote_among_eight_decides_under_exact_and_is_lost_under_released(tiny, vote: int) -> None:
    votes = [vote, 0, 0, 0, 0, 0, 0, 0]
    assert one_dimension(tiny, votes, rule="exact") == vote
    assert one_dimension(tiny, votes, rule="released") == 0


def test_a_released_mean_of_exactly_two_fifths_is_neutral_while_three_fifths_is_positive(tiny) -> None:
    assert one_dimension(tiny, [1, 1, -1, -1, -1], rule="released") == 0
    assert one_dimension(tiny, [1, 1, 1, -1, -1], rule="released") == 1


@given(st.lists(signs, min_size=1, max_size=40))
def test_the_released_rule_is_float32_means_against_double_thresholds(tiny, votes: list[int]) -> None:
    total = np.float32(0)
    for vote in votes:
        total += np.float32((vote + 1) / 2)
    mean = float(total / np.float32(len(votes)))
    expected = 1 if mean >= 0.6 else -1 if mean <= 0.4 else 0
    assert one_dimension(tiny, votes, rule="released") == expected


def test_an_empty_released_profile_falls_back_to_the_highest_mean(tiny: PreferenceSpace) -> None:
    votes = directions(tiny, [1, 0, 1], *[[0, 0, 0]] * 7)
    assert aggregate(votes, "released").signs.tolist() == [1, 0, 1]


def test_an_empty_released_profile_falls_back_to_the_lowest_mean(tiny: PreferenceSpace) -> None:
    votes = directions(tiny, [0, -1, 0], *[[0, 0, 0]] * 7)
    assert aggregate(votes, "released").signs.tolist() == [0, -1, 0]


def test_the_released_fallback_prefers_the_lowest_mean_when_both_are_as_extreme(tiny: PreferenceSpace) -> None:
    votes = directions(tiny, [1, -1, 0], *[[0, 0, 0]] * 7)
    assert aggregate(votes, "released").signs.tolist() == [0, -1, 0]


def test_the_released_fallback_of_all_neutral_items_fires_every_negative_pole(tiny: PreferenceSpace) -> None:
    votes = directions(tiny, [0, 0, 0], [0, 0, 0])
    assert aggregate(votes, "released").signs.tolist() == [-1, -1, -1]
    assert aggregate(votes, "exact") == tiny.direction()


@pytest.mark.parametrize("rule", ["exact", "released"])
def test_a_belief_without_annotated_evidence_is_neutral_under_both_rules(tiny: PreferenceSpace, rule) -> None:
    belief = believe(Persona((Comment("post", "not annotated"),)), tiny)
    assert (belief.items, belief.votes) == (0, ())
    with np.errstate(all="raise"):  # a mean of no items would be a division by zero
        assert belief.direction(rule) == tiny.direction()


def test_a_belief_counts_votes_and_names_the_item_that_cast_each(tiny: PreferenceSpace) -> None:
    evidence = (
        Comment("p", "a", tiny.direction({"length": 1})),
        Comment("p", "b"),
        Comment("p", "c", tiny.direction({"length": -1, "depth": 1})),
    )
    belief = believe(Persona(evidence), tiny)
    positive, negative = belief.counts()
    assert (positive.tolist(), negative.tolist()) == ([1, 0, 1], [1, 0, 0])
    assert [(vote.dimension_id, vote.sign, vote.item) for vote in belief.votes] == [
        ("length", 1, 0),
        ("length", -1, 2),
        ("depth", 1, 2),
    ]
    assert belief.items == 2


def test_confidence_is_one_half_without_votes_and_never_certain(tiny: PreferenceSpace) -> None:
    belief = believe(persona(tiny, [[1, 0, -1], [1, 0, -1]]), tiny)
    assert belief.confidence().tolist() == [0.75, 0.5, 0.25]


@given(vectors)
def test_a_belief_is_the_aggregate_of_its_items_in_any_order(tiny: PreferenceSpace, rows: list[list[int]]) -> None:
    if not rows:
        with pytest.raises(RecordError, match="no direction"):
            aggregate([])
        return
    for rule in ("exact", "released"):
        believed = believe(persona(tiny, rows), tiny).direction(rule)
        assert believed == aggregate(directions(tiny, *rows), rule)
        assert believed == aggregate(directions(tiny, *reversed(rows)), rule)


@given(vectors)
def test_flipping_every_item_flips_the_exact_profile(tiny: PreferenceSpace, rows: list[list[int]]) -> None:
    flipped = [[-sign for sign in row] for row in rows]
    straight = believe(persona(tiny, rows), tiny).direction()
    assert believe(persona(tiny, flipped), tiny).direction() == straight.flipped()


@given(vectors, vectors)
def test_believing_one_person_never_changes_what_is_believed_of_another(tiny, a, b) -> None:
    first, second = persona(tiny, a), persona(tiny, b)
    alone = believe(second, tiny)
    believe(first, tiny)
    after = believe(second, tiny)
    assert after == alone
    assert believe(first, tiny) == believe(persona(tiny, a), tiny)
    for rule in ("exact", "released"):
        assert after.direction(rule) == alone.direction(rule)


def test_evidence_of_another_space_is_refused_by_its_place(tiny: PreferenceSpace) -> None:
    other = tiny.subset(["length", "depth"], name="two")
    mixed = (Comment("p", "a", tiny.direction()), Comment("p", "b", other.direction()))
    with pytest.raises(SpaceMismatch, match="evidence 1"):
        believe(Persona(mixed), tiny)
    with pytest.raises(SpaceMismatch, match="direction 1"):
        aggregate([tiny.direction(), other.direction()])
