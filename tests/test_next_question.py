from dataclasses import replace

import numpy as np
import pytest

from penchant.next_question import expected_gains, next_question
from penchant.posterior import EVEN, KINDS, Prior, Tally
from penchant.space import Direction, PreferenceSpace


def pair(space: PreferenceSpace, **signs: int) -> Direction:
    return space.direction(signs)


def known(space: PreferenceSpace, *said: Direction, times: int = 4) -> Tally:
    tally = Tally(len(space))
    for direction in said * times:
        tally.add(direction, KINDS.index("told"), replace(EVEN, half_life=None))
    return tally


def test_what_is_not_known_is_asked(tiny: PreferenceSpace) -> None:
    tally = known(tiny, pair(tiny, length=1))
    pool = [pair(tiny, length=1), pair(tiny, humour=1), pair(tiny, length=-1)]
    found = next_question(tally, EVEN, pool)
    assert found is not None
    assert found.index == 1
    assert found.gain == max(expected_gains(tally, EVEN, pool))


def test_two_unknown_dimensions_tell_more_than_one(tiny: PreferenceSpace) -> None:
    one, two = expected_gains(Tally(3), EVEN, [pair(tiny, length=1), pair(tiny, humour=1, depth=-1)])
    assert two == pytest.approx(2 * one)
    assert one > 0.2


def test_the_gain_is_the_expected_drop_of_entropy(tiny: PreferenceSpace) -> None:
    prior = Prior(strength=1.0, weights=(1.0, 1.0, 1.0), half_life=None)
    tally = Tally(3)
    tally.add(pair(tiny, length=1), 0, prior)

    def entropy(p: float) -> float:
        return float(-(p * np.log(p) + (1 - p) * np.log(1 - p)))

    # Beta(1.5, 0.5): the first answer makes it Beta(2.5, 0.5), the second Beta(1.5, 1.5)
    first = 0.1 + 0.8 * 0.75
    expected = entropy(0.75) - first * entropy(2.5 / 3) - (1 - first) * entropy(0.5)
    assert expected_gains(tally, prior, [pair(tiny, length=1)], noise=0.1)[0] == pytest.approx(expected)


def test_which_answer_stands_first_does_not_matter(tiny: PreferenceSpace) -> None:
    tally = known(tiny, pair(tiny, length=1), times=1)
    one, other = expected_gains(tally, EVEN, [pair(tiny, length=1, depth=1), pair(tiny, length=-1, depth=-1)])
    assert one == pytest.approx(other)


def test_doubtful_readings_tell_less(tiny: PreferenceSpace) -> None:
    sure, unsure = expected_gains(Tally(3), EVEN, [Direction(tiny, [1, 0, 0], [p] * 3) for p in (1.0, 0.5)])
    assert sure > unsure > 0


def test_asking_stops_when_nothing_more_is_to_be_learned(tiny: PreferenceSpace) -> None:
    everything = [pair(tiny, length=1), pair(tiny, humour=1), pair(tiny, depth=1)]
    assert next_question(known(tiny, *everything, times=50), EVEN, everything) is None
    assert next_question(Tally(3), EVEN, [tiny.direction()]) is None
    assert next_question(Tally(3), EVEN, []) is None
