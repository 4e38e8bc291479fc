"""What to ask next: the comparison whose answer is expected to tell most about a person, and when to stop.

Pure: beliefs and readings in, a place out. The worth of a pair is the expected drop of uncertainty about the person's
leanings (mutual information of answer and leaning, in nats, summed over the dimensions that the pair is about):
sum_d H(p_d) - P(A) H(p_d | A) - P(B) H(p_d | B), with P(A) from the leanings themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.posterior import KINDS, Prior, Tally
from penchant.space import Direction

MIN_GAIN = 0.02
"""Nats from which on a question is worth asking."""


@dataclass(frozen=True, slots=True)
class Question:
    """The best of a pool."""

    index: int
    """Which pair."""
    gain: float
    """Nats its answer is expected to tell."""


def next_question(
    tally: Tally, prior: Prior, pool: Sequence[Direction], *, noise: float = 0.09, min_gain: float = MIN_GAIN
) -> Question | None:
    """The pair to ask next, or None when nothing more is to be learned.

    Args:
        pool: per pair, what choosing its first answer says, with the probability of each sign.
        noise: share of choices that go against the person.
        min_gain: nats below which no question is worth its trouble.
    """
    if not pool:
        return None
    gains = expected_gains(tally, prior, pool, noise=noise)
    best = int(gains.argmax())
    return Question(best, float(gains[best])) if gains[best] >= min_gain else None


def expected_gains(
    tally: Tally, prior: Prior, pool: Sequence[Direction], *, noise: float = 0.09
) -> NDArray[np.float64]:
    """Nats that the answer to each pair of a pool is expected to tell, (pairs,)."""
    positive = tally.probability(prior)
    signs = np.stack([direction.without_withheld(direction.space).signs for direction in pool]).astype(np.float64)
    sure = np.stack([direction.probabilities() for direction in pool]).astype(np.float64) * (signs != 0)
    # P(the person holds what the first answer says), dimension by dimension and for the pair as a whole
    holds = np.where(signs > 0, positive, 1 - positive)
    total = np.maximum(sure.sum(1), 1e-9)
    first = noise + (1 - 2 * noise) * (holds * sure).sum(1) / total
    counts = prior.counts(KINDS.index("chose"), sure)
    negative, _, positive_count = tally.dirichlet(prior).T
    own = np.where(signs > 0, positive_count, negative)
    other = np.where(signs > 0, negative, positive_count)
    faded = 1.0 if prior.half_life is None else 0.5 ** (counts / prior.half_life)
    base = prior.strength / 2
    kept_own, kept_other = base + (own - base) * faded, base + (other - base) * faded
    after_first = (kept_own + counts) / (kept_own + kept_other + counts)
    after_second = kept_own / (kept_own + kept_other + counts)
    expected = first[:, None] * _entropy(after_first) + (1 - first)[:, None] * _entropy(after_second)
    return np.asarray((_entropy(holds) - expected).sum(1))


def _entropy(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    safe = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(-(safe * np.log(safe) + (1 - safe) * np.log1p(-safe)))
