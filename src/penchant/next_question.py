"""Chooses which comparison to ask a person about next, and when to stop.

Pure functions: they take the counts of a belief and the directions of the candidate pairs, and return an index. A
leaning is the person's tendency towards one pole (side) of a dimension. The gain of a pair is the expected decrease of
uncertainty about the leanings: the mutual information between the person's choice and the leaning, in nats, summed over
the dimensions that the pair is about, sum_d H(p_d) - P(A) H(p_d | A) - P(B) H(p_d | B). P(A), the probability that the
person chooses answer A, follows from the current leanings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.posterior import KINDS, Prior, Tally
from penchant.space import Direction

MIN_GAIN = 0.02
"""Smallest expected gain for which a question is asked, in nats."""


@dataclass(frozen=True, slots=True)
class NextQuestion:
    """The pair with the highest expected gain."""

    index: int
    """Position of the pair in the pool."""
    gain: float
    """Expected gain of its answer, in nats."""


def next_question(
    tally: Tally, prior: Prior, pool: Sequence[Direction], *, noise: float = 0.09, min_gain: float = MIN_GAIN
) -> NextQuestion | None:
    """The pair to ask next, or None when no pair gains at least `min_gain`.

    Args:
        pool: for each pair, the direction of choosing its first answer, with the probability of each sign.
        noise: share of choices that contradict the person's own preference.
        min_gain: smallest expected gain for which a question is asked, in nats.
    """
    if not pool:
        return None
    gains = expected_gains(tally, prior, pool, noise=noise)
    best = int(gains.argmax())
    return NextQuestion(best, float(gains[best])) if gains[best] >= min_gain else None


def expected_gains(
    tally: Tally, prior: Prior, pool: Sequence[Direction], *, noise: float = 0.09
) -> NDArray[np.float64]:
    """Expected gain of the answer to each pair of a pool, in nats, (pairs,); arguments as for `next_question`."""
    positive = tally.probability(prior)
    signs = np.stack([direction.without_withheld(direction.space).signs for direction in pool]).astype(np.float64)
    probabilities = np.stack([direction.probabilities() for direction in pool]).astype(np.float64) * (signs != 0)
    # P(the person agrees with the first answer): per dimension, then P(the person chooses it) for each pair
    agrees = np.where(signs > 0, positive, 1 - positive)
    total = np.maximum(probabilities.sum(1), 1e-9)
    first = noise + (1 - 2 * noise) * (agrees * probabilities).sum(1) / total
    counts = prior.counts(KINDS.index("chose"), probabilities)
    negative, _, positive_count = tally.dirichlet(prior).T
    own = np.where(signs > 0, positive_count, negative)
    other = np.where(signs > 0, negative, positive_count)
    faded = 1.0 if prior.half_life is None else 0.5 ** (counts / prior.half_life)
    base = prior.strength / 2
    kept_own, kept_other = base + (own - base) * faded, base + (other - base) * faded
    after_first = (kept_own + counts) / (kept_own + kept_other + counts)
    after_second = kept_own / (kept_own + kept_other + counts)
    expected = first[:, None] * _entropy(after_first) + (1 - first)[:, None] * _entropy(after_second)
    return np.asarray((_entropy(agrees) - expected).sum(1))


def _entropy(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    safe = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(-(safe * np.log(safe) + (1 - safe) * np.log1p(-safe)))
