"""Computes accuracy from margins (score of chosen minus rejected), with intervals over users.

Intervals are never over rows, because the rows of one user are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError

_RESAMPLES = 2000
"""Number of bootstrap resamples."""
_MANY = 4000
"""Above this number of users no bootstrap is run: for 100,000 users it would take 1.6 GB."""
_Z = 1.96
"""97.5 % quantile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of pairs with a positive margin; a tie counts one half."""

    value: float
    """In [0, 1]."""
    ci95: tuple[float, float]
    """95 % interval over users."""
    n: int
    """Number of records."""
    users: int
    ties: int
    """Number of records with margin 0."""


def correctness(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for a positive margin, 0 for a negative one, one half for a tie.

    Raises:
        RecordError: a margin is not finite. Callers must drop and count such margins first.
    """
    if not np.isfinite(margins).all():
        raise RecordError(
            f"{int((~np.isfinite(margins)).sum())} of {len(margins)} margins are not finite; drop and count them first"
        )
    return np.where(margins > 0, 1.0, np.where(margins < 0, 0.0, 0.5))


def finite(*margins: NDArray[np.float64], of: str) -> NDArray[np.bool_]:
    """True for each record on which all margins are finite, (records,).

    Args:
        margins: arrays over the same records, each (records,).
        of: the name of the measurement, for the error message.
    Raises:
        RecordError: there are records, and all of them have a margin that is not finite.
    """
    kept = np.asarray(np.isfinite(np.stack(margins)).all(axis=0))
    if len(kept) and not kept.any():
        raise RecordError(
            f"{of}: none of {len(kept):,} margins is a finite number; check the model's weights and precision"
        )
    return kept


def accuracy(margins: NDArray[np.float64], users: Sequence[str], *, seed: int = 0) -> Accuracy:
    """Alignment accuracy with a percentile bootstrap over users; with Wilson's interval (1927) at accuracy 0 or 1.

    Args:
        margins: score of the chosen answer minus score of the rejected answer, (records,).
        users: the user of each record.
        seed: seed of the bootstrap.
    Raises:
        RecordError: no records, or a margin is not finite.
    Source: AlignX, arXiv:2503.15463, released acc.py, for margins without ties.
    """
    right = correctness(margins)
    mean, interval, count = _over_users(right, users, seed=seed)
    if mean in (0, 1):
        # the bootstrap of identical values has no spread; Wilson's bound says how far other users may differ
        bound = _Z**2 / (count + _Z**2)
        interval = (0.0, bound) if mean == 0 else (1 - bound, 1.0)
    return Accuracy(value=mean, ci95=interval, n=len(right), users=count, ties=int((margins == 0).sum()))


def difference(
    margins: NDArray[np.float64], baseline: NDArray[np.float64], users: Sequence[str], *, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """Accuracy of a method minus that of a baseline, and its 95 % interval from a paired bootstrap over users.

    Args:
        margins, baseline: margins of both on the same records in the same order, (records,).
        users: the user of each record.
        seed: seed of the bootstrap.
    """
    mean, interval, _ = _over_users(correctness(margins) - correctness(baseline), users, seed=seed)
    return mean, interval


@lru_cache(maxsize=4)
def _draws(count: int, seed: int) -> NDArray[np.float64]:
    """How often each resample contains each user, (resamples, users); cached, as all rows of a table share it."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1 / count), size=_RESAMPLES).astype(np.float64)


def ratio_interval(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], *, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the ratio of two sums over users, for a new sample of users.

    Up to 4,000 users it is a percentile bootstrap. For more users it is the normal approximation of a ratio of means
    (Cochran 1977, equation 6.13), because the bootstrap needs memory for users times resamples. Resamples in which the
    denominators add up to 0 are skipped.

    Args:
        numerators, denominators: one value per user, (users,); for example correct pairs and all pairs.
        seed: seed of the bootstrap.
    """
    count, ratio = len(numerators), float(numerators.sum() / denominators.sum())
    if count > _MANY:
        squares = ((numerators - ratio * denominators) ** 2).sum()
        error = float(np.sqrt(count / (count - 1) * squares) / denominators.sum())
        return ratio - _Z * error, ratio + _Z * error
    draws = _draws(count, seed)
    tops, bottoms = draws @ numerators, draws @ denominators
    valid = bottoms > 0
    low, high = np.quantile(tops[valid] / bottoms[valid], [0.025, 0.975])
    return float(low), float(high)


def _over_users(
    values: NDArray[np.float64], users: Sequence[str], *, seed: int
) -> tuple[float, tuple[float, float], int]:
    """Mean over records, its 95 % interval over users, and the number of users."""
    if not len(values):
        raise RecordError("no records to score")
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    count = int(owner.max()) + 1
    total = np.bincount(owner, weights=values, minlength=count).astype(np.float64)
    rows = np.bincount(owner, minlength=count).astype(np.float64)
    return float(values.mean()), ratio_interval(total, rows, seed=seed), count


def clustered_error(values: Sequence[float], users: Sequence[str]) -> float:
    """Standard error of the mean over records, clustered by user; NaN for a single user, who gives no estimate.

    Args:
        values: one value per record, for example `correctness`, (records,).
        users: the user of each record.
    Source: Miller 2024, arXiv:2411.00640, appendix A, with the finite correction C / (C - 1) for C clusters.
    """
    right = np.asarray(values, dtype=np.float64)
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    sums = np.bincount(owner, weights=right - right.mean())
    count = len(sums)
    return float(np.sqrt((sums**2).sum() * count / (count - 1)) / len(right)) if count > 1 else float("nan")


def sign_flip(margins: NDArray[np.float64], baseline: NDArray[np.float64], users: Sequence[str]) -> float:
    """p-value of a two-sided paired sign-flip test over users, for the difference in accuracy.

    Under the null hypothesis the sign of each user's difference is random. The test covers all sign combinations
    exactly: differences are whole numbers of half pairs, so the probability of each sum follows from its Fourier
    transform, a product of cosines. The result is exact to about 1e-14, and at least the probability of a single sign
    combination and its mirror image.

    Args:
        margins, baseline: margins of both methods on the same records in the same order, (records,).
        users: the user of each record.
    """
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    halves = np.rint(2 * np.bincount(owner, weights=correctness(margins) - correctness(baseline))).astype(int)
    sizes, counts = np.unique(np.abs(halves[halves != 0]), return_counts=True)
    reach, observed = int(sizes @ counts), abs(int(halves.sum()))
    if observed == 0:
        return 1.0
    # longer than the range of sums, -reach to reach, so that no two sums share an index
    length = 1 << (2 * reach + 1).bit_length()
    angle = 2 * np.pi / length * np.arange(length // 2 + 1)
    transform = np.ones(len(angle))
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        transform *= np.cos(size * angle) ** count
    chance = np.fft.irfft(transform, length)
    as_large = 2 * float(chance[observed : reach + 1].sum())
    return min(1.0, max(as_large, 2.0 ** (1 - int(counts.sum()))))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for multiple tests (Holm 1979): the family-wise error rate at 0.05 is at most 5 %."""
    count = len(p_values)
    corrected, highest = [0.0] * count, 0.0
    for rank, index in enumerate(sorted(range(count), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (count - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


@dataclass(frozen=True, slots=True)
class Spread:
    """Accuracy per user rather than per pair."""

    macro: float
    """Mean of the users' accuracies."""
    worst_decile: float
    """Mean accuracy of the worst tenth of the users, at least one user."""


def spread(right: NDArray[np.float64], users: Sequence[str]) -> Spread:
    """Accuracy per user; every user has the same weight, whatever their number of pairs.

    Args:
        right: `correctness` of each record, or the probability that it is correct, (records,).
        users: the user of each record.
    Raises:
        RecordError: no records.
    """
    if not len(right):
        raise RecordError("no records to score")
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    people = np.sort(np.bincount(owner, weights=right) / np.bincount(owner))
    return Spread(float(people.mean()), float(people[: max(1, len(people) // 10)].mean()))
