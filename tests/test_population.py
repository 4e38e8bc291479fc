import numpy as np
import pytest

from penchant.errors import RecordError
from penchant.population import learn_prior
from penchant.posterior import EVEN, KINDS, Prior, Tally
from penchant.space import Direction, load_space

DIMENSIONS = 90
BLOCK = tuple(range(10, 18))
"""Dimensions with correlated leanings in the correlated population."""
UNFADED = Prior(half_life=None)


def population(*, people: int, correlated: bool, seed: int = 0) -> tuple[list[Tally], np.ndarray]:
    """Tallies with one item on each of 20 dimensions per person, and the true signs, (people, dimensions)."""
    space = load_space()
    rng = np.random.default_rng(seed)
    held = rng.choice([-1, 1], size=(people, DIMENSIONS))
    if correlated:
        factor = rng.choice([-1, 1], size=(people, 1))
        follows = rng.random((people, len(BLOCK))) < 0.9
        held[:, BLOCK] = np.where(follows, factor, -factor)
    tallies = []
    for person in range(people):
        tally = Tally(DIMENSIONS)
        for place in rng.choice(DIMENSIONS, size=20, replace=False):
            signs = np.zeros(DIMENSIONS, dtype=np.int8)
            signs[place] = held[person, place]
            tally.add(Direction(space, signs), KINDS.index("told"), UNFADED)
        tallies.append(tally)
    return tallies, held


def test_independent_dimensions_have_no_factors() -> None:
    tallies, _ = population(people=500, correlated=False)
    assert learn_prior(tallies, EVEN).loadings is None


def test_people_who_are_there_twice_make_no_factors() -> None:
    tallies, _ = population(people=500, correlated=False)
    assert learn_prior([*tallies, *tallies], EVEN).loadings is None


def test_what_goes_together_is_found_and_nothing_else() -> None:
    tallies, _ = population(people=2000, correlated=True)
    found = learn_prior(tallies, EVEN).loadings
    assert found is not None
    assert found.shape[1] == 1
    strength = np.abs(found[:, 0])
    assert strength[list(BLOCK)].min() > 0.5
    assert np.delete(strength, BLOCK).max() < 0.25
    assert np.delete(strength, BLOCK).mean() < 0.08
    assert len(set(np.sign(found[list(BLOCK), 0]))) == 1


def test_a_learned_prior_knows_more_of_what_a_person_did_not_speak_of() -> None:
    prior = learn_prior(population(people=2000, correlated=True)[0], EVEN)
    tallies, held = population(people=200, correlated=True, seed=1)
    right: dict[str, list[float]] = {"learned": [], "even": []}
    for tally, truth in zip(tallies, held, strict=True):
        for place in BLOCK:
            others = [other for other in BLOCK if other != place and tally.mentions[other]]
            if tally.mentions[place] or len(others) < 2:
                continue
            for name, used in (("learned", prior), ("even", EVEN)):
                probability = tally.probability(used)[place]
                right[name].append(probability if truth[place] > 0 else 1 - probability)
    assert len(right["even"]) > 300
    assert np.mean(right["even"]) == pytest.approx(0.5)
    assert np.mean(right["learned"]) > 0.6


def test_what_people_say_of_themselves_outweighs_what_goes_together() -> None:
    loadings = np.zeros((3, 1))
    loadings[:2] = 0.9
    prior = Prior(half_life=None, loadings=loadings)
    space = load_space().subset([d.id for d in load_space().dimensions[:3]], name="three")
    tally = Tally(3)
    tally.add(Direction(space, [1, 0, 0]), KINDS.index("told"), prior)
    tally.add(Direction(space, [0, -1, 0]), KINDS.index("told"), prior)
    assert tally.probability(prior)[1] < 0.2


def test_a_population_that_leans_is_followed_the_more_the_more_people_speak() -> None:
    space = load_space().subset([d.id for d in load_space().dimensions[:2]], name="two")

    def people(count: int) -> list[Tally]:
        found = []
        for _ in range(count):
            tally = Tally(2)
            tally.add(Direction(space, [1, 0]), KINDS.index("told"), UNFADED)
            found.append(tally)
        return found

    few, many = (learn_prior(people(count), EVEN).positive for count in (5, 500))
    assert few is not None
    assert many is not None
    assert 0.5 < few[0] < 0.7 < 0.95 < many[0]
    assert few[1] == many[1] == 0.5


def test_people_over_different_spaces_or_nobody_are_refused() -> None:
    with pytest.raises(RecordError, match="beliefs of 2 people"):
        learn_prior([Tally(3), Tally(4)], EVEN)
    with pytest.raises(RecordError, match="beliefs of 0 people"):
        learn_prior([], EVEN)
