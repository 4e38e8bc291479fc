from dataclasses import replace
from fractions import Fraction

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
    Persona,
    PreferenceSpace,
    RecordError,
    SpaceError,
    SpaceMismatch,
    aggregate,
    believe,
    load_space,
    meet,
)
from penchant.posterior import EVEN, Prior, Tally

signs = st.sampled_from([-1, 0, 1])
vectors = st.lists(st.lists(signs, min_size=3, max_size=3), max_size=10)


def directions(space: PreferenceSpace, *rows: list[int]) -> list[Direction]:
    return [Direction(space, row) for row in rows]


def persona(space: PreferenceSpace, rows: list[list[int]]) -> Persona:
    return Persona(tuple(Comment("post", f"comment {i}", Direction(space, row)) for i, row in enumerate(rows)))


def one_dimension(space: PreferenceSpace, votes: list[int], *, rule) -> int:
    """Aggregates votes on `length`; `depth` has a clear majority, so that the fallback is not used."""
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
    positive, even, negative = belief.positive_probability()
    assert 0.9 < positive < 1
    assert (even, negative) == (0.5, pytest.approx(1 - positive))


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
def test_flipping_every_item_flips_the_direction(tiny: PreferenceSpace, rows: list[list[int]]) -> None:
    flipped = [[-sign for sign in row] for row in rows]
    straight = believe(persona(tiny, rows), tiny)
    turned = believe(persona(tiny, flipped), tiny)
    for rule in ("exact", "likely", "credible"):
        assert turned.direction(rule) == straight.direction(rule).flipped()


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


doubts = st.floats(0.0625, 1.0, width=32)
events = st.lists(st.tuples(st.lists(signs, min_size=3, max_size=3), doubts), max_size=12)


def tally(space: PreferenceSpace, rows: list[tuple[list[int], float]], *, half_life: float | None) -> Tally:
    found, prior = Tally(len(space)), Prior(weights=(1.0, 1.0, 1.0), half_life=half_life)
    for row, sure in rows:
        found.add(Direction(space, row, [sure] * 3), 0, prior)
    return found


@given(events, st.randoms())
def test_without_fading_the_order_of_items_does_not_matter(tiny: PreferenceSpace, rows, rng) -> None:
    mixed = rng.sample(rows, len(rows))
    one, other = (tally(tiny, order, half_life=None) for order in (rows, mixed))
    np.testing.assert_allclose(one.sides, other.sides, atol=1e-12)
    np.testing.assert_allclose(one.mentions, other.mentions, atol=1e-12)
    assert one.items == other.items == len(rows)


@given(events)
def test_the_same_items_again_give_the_same_counts_to_the_bit(tiny: PreferenceSpace, rows) -> None:
    assert tally(tiny, rows, half_life=2.0) == tally(tiny, rows, half_life=2.0)


@given(events)
def test_turning_every_item_turns_the_belief(tiny: PreferenceSpace, rows) -> None:
    turned = [([-sign for sign in row], sure) for row, sure in rows]
    one, other = (tally(tiny, order, half_life=2.0) for order in (rows, turned))
    np.testing.assert_allclose(one.probability(EVEN), 1 - other.probability(EVEN), atol=1e-12)
    np.testing.assert_allclose(one.leaning(EVEN), 1 - other.leaning(EVEN), atol=1e-9)


def test_dirichlet_counts_are_items_against_about_and_for_a_dimension(tiny: PreferenceSpace) -> None:
    prior = Prior(strength=0.2, half_life=None)
    rows = [([1, 0, 0], 1.0), ([1, -1, 0], 1.0), ([-1, 0, 0], 1.0)]
    found = tally(tiny, rows, half_life=None).dirichlet(prior)
    np.testing.assert_allclose(found, [[1.1, 0.2, 2.1], [1.1, 2.2, 0.1], [0.1, 3.2, 0.1]])


def test_older_evidence_about_a_dimension_fades_and_the_rest_does_not(tiny: PreferenceSpace) -> None:
    found = tally(tiny, [([1, 1, 0], 1.0), ([-1, 0, 0], 1.0), ([-1, 0, 0], 1.0)], half_life=2.0)
    assert found.sides[:, 1].tolist() == pytest.approx([0.5, 1.0, 0.0])
    assert found.sides[0, 0] == pytest.approx(1 + 0.5**0.5)


def test_a_person_who_changed_is_followed(tiny: PreferenceSpace) -> None:
    before = [([1, 0, 0], 1.0)] * 6
    kept, changed = (tally(tiny, before + [([-1, 0, 0], 1.0)] * n, half_life=2.0) for n in (1, 3))
    assert kept.probability(EVEN)[0] > 0.5 > changed.probability(EVEN)[0]


def test_a_person_who_contradicts_themselves_is_undecided_and_not_called_certain(tiny: PreferenceSpace) -> None:
    rows = [([1, 1, 0], 1.0), ([-1, 1, 0], 1.0)] * 6
    found = tally(tiny, rows, half_life=None)
    (low, high), steady, _ = found.interval(EVEN)
    assert low < 0.3
    assert high > 0.7
    assert steady[0] > 0.8
    evidence = tuple(Comment("p", f"c{i}", Direction(tiny, row)) for i, (row, _) in enumerate(rows))
    belief = believe(Persona(evidence), tiny)
    assert belief.direction("credible").signs.tolist() == [0, 1, 0]
    assert believe(Persona(evidence[:1]), tiny).direction("likely").signs.tolist() == [1, 1, 0]
    assert belief.contradictions() == ["length"]


def test_leaning_and_interval_are_those_of_a_beta(tiny: PreferenceSpace) -> None:
    stats = pytest.importorskip("scipy.stats")
    found = tally(tiny, [([1, -1, 0], 1.0)] * 3 + [([-1, -1, 0], 0.5)], half_life=None)
    prior = Prior(strength=1.0, half_life=None)
    for place, (negative, _, positive) in enumerate(found.dirichlet(prior)):
        beta = stats.beta(positive, negative)
        assert found.leaning(prior)[place] == pytest.approx(beta.sf(0.5), abs=2e-3)
        assert found.interval(prior)[place].tolist() == pytest.approx(beta.ppf([0.025, 0.975]).tolist(), abs=0.06)


def test_nothing_known_is_even_and_reaches_from_end_to_end(tiny: PreferenceSpace) -> None:
    found = Tally(len(tiny))
    np.testing.assert_allclose(found.leaning(EVEN), 0.5, atol=1e-9)
    assert found.interval(EVEN) == pytest.approx(np.array([[0.0, 1.0]] * 3), abs=1e-3)


def test_kinds_weigh_as_the_prior_says(tiny: PreferenceSpace) -> None:
    said = tiny.direction({"length": 1})
    evidence = (Comment("p", "c", said), Comparison("p", "a", "b", said.flipped()), Demographics("d", said))
    prior = Prior(weights=(1.0, 2.0, 4.0), half_life=None)
    belief = believe(Persona(evidence), tiny, prior=prior)
    assert belief.tally.sides[0].tolist() == [2.0, 5.0]
    assert [(vote.item, vote.weight) for vote in belief.because("length")] == [(2, 4.0), (1, 2.0), (0, 1.0)]


@pytest.mark.parametrize("probability", [0.05, 0.25, 0.5, 0.7, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("item", [Comment, Comparison])
def test_one_doubtful_item_is_believed_as_far_as_it_is_likely_to_be_meant(tiny, probability: float, item) -> None:
    said = Direction(tiny, [1, 0, 0], [probability] * 3)
    evidence = Comment("p", "c", said) if item is Comment else Comparison("p", "a", "b", said)
    plain = (
        Comment("p", "c", Direction(tiny, [1, 0, 0]))
        if item is Comment
        else replace(evidence, direction=Direction(tiny, [1, 0, 0]))
    )
    meant = believe(Persona((plain,)), tiny).positive_probability()[0]
    expected = probability * meant + (1 - probability) * 0.5
    assert believe(Persona((evidence,)), tiny).positive_probability()[0] == pytest.approx(expected, abs=1e-6)


def test_several_doubtful_items_are_surer_than_one_and_less_sure_than_one_that_is_certain(tiny) -> None:
    def believed(*probabilities: float) -> float:
        return float(tally(tiny, [([1, 0, 0], p) for p in probabilities], half_life=None).probability(EVEN)[0])

    assert 0.5 < believed(0.7) < believed(0.7, 0.7) < believed(0.7, 0.7, 0.7) < believed(1.0)


def test_a_doubtful_item_hardly_makes_older_evidence_fade(tiny: PreferenceSpace) -> None:
    sure, unsure = (tally(tiny, [([1, 0, 0], 1.0), ([-1, 0, 0], p)], half_life=1.0) for p in (1.0, 0.6))
    assert sure.probability(EVEN)[0] < 0.4
    assert unsure.probability(EVEN)[0] > 0.8


@given(events)
def test_packed_counts_come_back_to_single_precision(tiny: PreferenceSpace, rows) -> None:
    one = tally(tiny, rows, half_life=2.0)
    packed = one.pack()
    assert len(packed) == 8 + 14 * int((one.mentions > 0).sum())
    other = Tally.unpack(packed, len(tiny))
    np.testing.assert_allclose(other.sides, one.sides, rtol=1e-6)
    assert (other.items, other.pack()) == (one.items, packed)


def test_bytes_that_are_no_belief_are_refused(tiny: PreferenceSpace) -> None:
    packed = tally(tiny, [([1, 0, -1], 1.0)], half_life=None).pack()
    with pytest.raises(SpaceError, match=r"8 \+ 14 n bytes, got 35"):
        Tally.unpack(packed[:-1], len(tiny))
    with pytest.raises(SpaceError, match="over 3 dimensions, the space has 90"):
        Tally.unpack(packed, 90)


def test_a_drawn_direction_takes_either_side_as_often_as_it_is_likely(tiny) -> None:
    evidence = (
        Comment("p", "a", tiny.direction({"length": 1, "humour": 1})),
        Comment("p", "b", tiny.direction({"humour": -1})),
    )
    belief = believe(Persona(evidence), tiny, prior=Prior(half_life=None))
    leaning = belief.tally.leaning(belief.prior)
    drawn = np.array([belief.draw(seed).signs for seed in range(400)])
    spoken = [tiny.index("length"), tiny.index("humour")]
    np.testing.assert_allclose((drawn[:, spoken] > 0).mean(0), leaning[spoken], atol=0.08)
    assert leaning[spoken[0]] > 0.9
    assert leaning[spoken[1]] == pytest.approx(0.5)
    assert not drawn[:, tiny.index("depth")].any()
    assert belief.draw("a") == belief.draw("a")


def test_of_age_and_gender_nothing_is_concluded_unless_the_space_is_opened() -> None:
    alignx90 = load_space()
    said = alignx90.direction({"gender": 1, "gaming": 1})
    persona = Persona((Comment("p", "c", said),) * 3)
    for rule in ("exact", "likely", "credible"):
        closed, opened = (believe(persona, space) for space in (alignx90, alignx90.opened()))
        assert closed.direction(rule) == alignx90.direction({"gaming": 1}) or rule != "exact"
        assert (closed.direction(rule).sign("gender"), opened.direction(rule).sign("gender")) == (0, 1)
        assert closed.positive_probability()[alignx90.index("gender")] == 0.5
        assert opened.positive_probability()[alignx90.index("gender")] > 0.9
    assert [vote.dimension_id for vote in closed.votes] == ["gaming"] * 3
    assert not closed.tally.sides[alignx90.index("gender")].any()


def test_what_a_person_says_of_themselves_counts_all_the_same() -> None:
    alignx90 = load_space()
    known = meet(Persona(()), alignx90, corrections=(Correction("gender", 1),))
    assert known.direction() == alignx90.direction({"gender": 1})
    stated = meet(Persona(()), alignx90, profile=alignx90.direction({"age_group": -1}))
    assert stated.direction() == alignx90.direction({"age_group": -1})
