"""The ideal observer, against hand-computed cases, a slow enumeration of whole worlds, and the forum itself."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import RecordError
from penchant.forum.ideal_observer import IdealObserver, observer_of, patterns, posterior
from penchant.forum.population import ForumSettings
from penchant.forum.simulate import Forum, simulate
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona
from penchant.record import Provenance, Record
from penchant.rules import overlap, swap_personas
from penchant.space import Dimension, Direction, PreferenceSpace, load_space

FOUR = PreferenceSpace("four", tuple(Dimension(i, i, "", f"more {i}", f"less {i}") for i in "abcd"))
NOISE = 0.09


def stance(text: str) -> Direction:
    """'+a-b' as a direction over FOUR."""
    return FOUR.direction({name: 1 if sign == "+" else -1 for sign, name in zip(text[::2], text[1::2], strict=True)})


def wrote(text: str) -> Comment:
    return Comment("p", "x", stance(text))


def chose(text: str) -> Comparison:
    return Comparison("p", "x", "y", stance(text))


def described(text: str) -> Demographics:
    return Demographics("x", stance(text))


def target_record(text: str) -> Record:
    return Record("r", "u", "p", "x", "y", direction=stance(text))


def probability(target: str, *evidence: Evidence, noise: float = NOISE) -> float:
    return IdealObserver(noise).probability(target_record(target), Persona(evidence))


def by_worlds(target: str, evidence: tuple[Evidence, ...], noise: Fraction) -> Fraction | None:
    """P(recorded as preferring the target's stance over its opposite), by listing every possible world.

    A world is a person's four signs, and whether each choice and the target went wrong. Worlds that contradict the
    evidence or the pair of answers are removed; None if no world is left.
    """
    choices = [item for item in evidence if isinstance(item, Comparison)]
    wanted = {d: int(s) for d, s in enumerate(stance(target).signs) if s}
    yes = every = Fraction(0)
    for signs in product((-1, 1), repeat=4):
        for slips in product((False, True), repeat=len(choices) + 1):
            weight = Fraction(1)
            for slip in slips:
                weight *= noise if slip else 1 - noise
            slipped = iter(slips)
            possible = True
            for item in evidence:
                turn = -1 if isinstance(item, Comparison) and next(slipped) else 1
                possible &= all(s == 0 or s == turn * signs[d] for d, s in enumerate(item.direction.signs))
            turn = -1 if next(slipped) else 1
            own = {d: turn * signs[d] for d in wanted}
            if possible and own in (wanted, {d: -s for d, s in wanted.items()}):
                every += weight
                yes += weight if own == wanted else 0
    return yes / every if every else None


def test_nothing_known_is_a_coin() -> None:
    assert probability("+a+b") == pytest.approx(0.5, abs=1e-15)


def test_one_comment_is_limited_by_the_targets_noise_only() -> None:
    assert probability("+a+b", wrote("+a+b")) == pytest.approx(1 - NOISE, abs=1e-15)
    assert probability("-a-b", wrote("+a+b")) == pytest.approx(NOISE, abs=1e-15)


def test_one_choice_is_noisy_twice() -> None:
    assert probability("+a+b", chose("+a+b")) == pytest.approx((1 - NOISE) ** 2 + NOISE**2, abs=1e-15)


def test_a_description_is_limited_by_the_targets_noise_only() -> None:
    assert probability("+a-b", described("+a-b+c+d")) == pytest.approx(1 - NOISE, abs=1e-15)


def test_one_of_two_dimensions_decides_as_both_do() -> None:
    # the pair sets +a+b against -a-b, so a alone decides the answer
    assert probability("+a+b", wrote("+a+c")) == pytest.approx(1 - NOISE, abs=1e-15)
    assert probability("+a+b", chose("+a+c")) == pytest.approx((1 - NOISE) ** 2 + NOISE**2, abs=1e-15)


def test_other_dimensions_say_nothing() -> None:
    assert probability("+a+b", wrote("+c+d"), chose("-c-d")) == pytest.approx(0.5, abs=1e-15)


def test_two_choices_that_agree_outweigh_one() -> None:
    twice = (1 - NOISE) ** 2 / ((1 - NOISE) ** 2 + NOISE**2)
    assert probability("+a+b", chose("+a+b"), chose("+a+b")) == pytest.approx(
        (1 - NOISE) * twice + NOISE * (1 - twice), abs=1e-15
    )
    assert probability("+a+b", chose("+a+b"), chose("-a-b")) == pytest.approx(0.5, abs=1e-15)


def test_a_choice_is_read_through_a_comment_on_one_of_its_dimensions() -> None:
    # +a is certain, so the choice of +a+c was no error and +c is certain too
    assert probability("+c", wrote("+a+b"), chose("+a+c")) == pytest.approx(1 - NOISE, abs=1e-15)
    # and the choice of -a+c was an error
    assert probability("+c", wrote("+a+b"), chose("-a+c")) == pytest.approx(NOISE, abs=1e-15)


signs = st.lists(st.sampled_from([-1, 0, 1]), min_size=4, max_size=4).filter(any).map(lambda s: Direction(FOUR, s))
evidence = st.lists(
    st.one_of(
        signs.map(lambda d: Comment("p", "x", d)),
        signs.map(lambda d: Comparison("p", "x", "y", d)),
        signs.map(lambda d: Comparison("p", "x", "y", d)),
        signs.map(lambda d: Demographics("x", d)),
    ),
    max_size=4,
).map(tuple)


@given(evidence, st.sampled_from(["+a", "-d", "+a-b", "-b-c", "+a+c-d"]), st.sampled_from([0, 9, 30]))
def test_it_agrees_with_listing_every_possible_world(items: tuple[Evidence, ...], target: str, percent: int) -> None:
    expected = by_worlds(target, items, Fraction(percent, 100))
    possible = by_worlds("+a", items, Fraction(1, 3)) if percent else expected
    observer = IdealObserver(percent / 100)
    if possible is None:
        return  # contradicting evidence has a test of its own
    if expected is None:
        assert observer.probability(target_record(target), Persona(items)) == 0.5
    else:
        assert observer.probability(target_record(target), Persona(items)) == pytest.approx(float(expected), abs=1e-12)


def test_it_agrees_with_counting_simulated_people() -> None:
    rng = np.random.default_rng(0)
    noise, people = 0.3, 400_000
    own = rng.choice([-1, 1], size=(people, 4))

    def recorded(dimensions: list[int]) -> np.ndarray:
        slip = rng.random(people) < noise
        return np.where(slip[:, None], -1, 1) * own[:, dimensions]

    alike = (recorded([0, 1]) == [1, -1]).all(1) & (recorded([1, 2]) == [1, 1]).all(1) & (own[:, 3] == 1)
    target = recorded([0, 2])[alike]
    yes, no = (target == [1, -1]).all(1).sum(), (target == [-1, 1]).all(1).sum()
    exact = probability("+a-c", chose("+a-b"), chose("+b+c"), wrote("+d"), noise=noise)
    assert yes + no > 5_000
    assert abs(yes / (yes + no) - exact) < 4 * (exact * (1 - exact) / (yes + no)) ** 0.5


def test_the_posterior_is_over_all_patterns_in_binary_order() -> None:
    assert patterns(2).tolist() == [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    assert patterns(0).shape == (1, 0)
    belief = posterior(Persona((chose("+a-b"),)), [0, 1], noise=0.2)
    assert belief.tolist() == pytest.approx([0, 0.2, 0.8, 0])
    turned = posterior(Persona((chose("+a-b"),)), [1, 0], noise=0.2)
    assert turned.tolist() == pytest.approx([0, 0.8, 0.2, 0])
    assert posterior(Persona(), [2], noise=0.2).tolist() == [0.5, 0.5]


def test_evidence_without_a_stance_is_refused() -> None:
    with pytest.raises(RecordError, match="only simulated records"):
        posterior(Persona((Comment("p", "x"),)), [0], noise=0.1)


def test_evidence_that_no_person_could_give_is_refused() -> None:
    with pytest.raises(RecordError, match="contradicts itself"):
        probability("+c", wrote("+a"), wrote("-a"))


def test_somebody_elses_evidence_that_rules_out_both_answers_is_a_coin() -> None:
    assert probability("+a+b", wrote("+a-b")) == 0.5


def test_coverage_asks_whether_a_dimension_of_the_pair_is_mentioned() -> None:
    observer = IdealObserver(NOISE)
    assert observer.covered(target_record("+a+b"), Persona((wrote("-b+c"),)))
    assert not observer.covered(target_record("+a+b"), Persona((wrote("+c+d"),)))
    assert not observer.covered(target_record("+a+b"), Persona())


def test_the_observer_of_a_forum_knows_its_noise_and_there_is_none_of_other_data(small: Callable[..., Forum]) -> None:
    records = small(noise=0.2).records
    assert observer_of(records) == IdealObserver(0.2)
    assert observer_of([replace(records[0], provenance=Provenance("alignx"))]) is None
    assert observer_of([]) is None


@pytest.mark.parametrize("kind", ["ugc", "pair", "demo", "mixed"])
def test_its_best_guess_is_right_as_often_as_it_says(small: Callable[..., Forum], kind: str) -> None:
    forums = [small(train_users=2, test_users=100, seed=seed) for seed in range(4)]
    records = [record for forum in forums for record in forum.split("test")]
    observer = IdealObserver(NOISE)
    guess = np.array([observer.probability(r, r.persona.select(kind, seed=str(r.user_id))) for r in records])
    right = np.where(guess > 0.5, 1.0, np.where(guess < 0.5, 0.0, 0.5))
    confidence = np.maximum(guess, 1 - guess)
    assert confidence.mean() > 0.6
    # twins share the noise of their ten targets, so the independent units are couples
    gaps = (right - confidence).reshape(-1, 20).mean(1)
    assert all(len({r.user_id for r in records[i : i + 20]}) == 2 for i in range(0, len(records), 20))
    assert abs(gaps.mean()) < 3 * gaps.std(ddof=1) / len(gaps) ** 0.5


def test_no_word_counting_control_is_right_more_often(small: Callable[..., Forum]) -> None:
    records = small(train_users=2, test_users=160).split("test", "known")
    personas = [record.persona for record in records]
    observer = IdealObserver(NOISE)
    limit = np.mean([max(p, 1 - p) for p in map(observer.probability, records, personas)])
    margins = overlap(records, personas)
    accuracy = np.mean(np.where(margins > 0, 1.0, np.where(margins < 0, 0.0, 0.5)))
    assert 0.55 < accuracy < limit


def test_swapped_personas_leave_it_without_a_number_nowhere(small: Callable[..., Forum]) -> None:
    records = swap_personas(small().split("test"), seed=0)
    guesses = [IdealObserver(NOISE).probability(record, record.persona) for record in records]
    assert np.isfinite(guesses).all()


def test_what_an_annotator_read_is_not_what_people_truly_said() -> None:
    records = simulate(load_space(), ForumSettings(train_users=2, test_users=0)).split("train")
    assert observer_of(records) is not None
    first = records[0]
    item = first.persona.evidence[0]
    read = Direction(item.direction.space, item.direction.signs, [0.9] * len(item.direction.signs))
    inferred = replace(first, persona=Persona((replace(item, direction=read), *first.persona.evidence[1:])))
    assert observer_of([inferred, *records[1:]]) is None
    assert observer_of([*records[1:], inferred]) is None
