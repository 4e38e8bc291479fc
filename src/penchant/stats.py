"""From margins to accuracy with an interval over users, never over rows: rows of one person are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError

_RESAMPLES = 2000
_MANY = 4000
"""Users beyond which nothing is drawn: of 100,000 the draws would be 1.6 GB."""
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of pairs decided rightly."""

    value: float
    ci95: tuple[float, float]
    n: int
    users: int
    ties: int


def correctness(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for a positive margin, 0 for a negative one, one half for a tie.

    Raises:
        RecordError: a margin is not a number; NaN must be dropped and counted by the caller, never averaged.
    """
    if not np.isfinite(margins).all():
        raise RecordError(f"{int((~np.isfinite(margins)).sum())} of {len(margins)} margins are not finite")
    return np.where(margins > 0, 1.0, np.where(margins < 0, 0.0, 0.5))


def finite(*margins: NDArray[np.float64], of: str) -> NDArray[np.bool_]:
    """Where margins on the same records are all finite numbers, (records,).

    Args:
        of: what was measured, for the error.
    Raises:
        RecordError: there are records, and none is so.
    """
    kept = np.asarray(np.isfinite(np.stack(margins)).all(axis=0))
    if len(kept) and not kept.any():
        raise RecordError(
            f"{of}: none of {len(kept):,} margins is a finite number; check the model's weights and precision"
        )
    return kept


def accuracy(margins: NDArray[np.float64], users: Sequence[str], *, seed: int = 0) -> Accuracy:
    """Alignment accuracy with a percentile bootstrap over users; by Wilson (1927) where all or none is right.

    Args:
        margins: score of chosen less rejected, (records,).
        users: whose record each is; the published rule without ties is AlignX, arXiv:2503.15463, released acc.py.
        seed: of the resampling.
    """
    right = correctness(margins)
    mean, interval, count = _over_users(right, users, seed=seed)
    if mean in (0, 1):
        # drawn anew, people who are all alike stay so; Wilson's bound says how far others may differ
        bound = _Z**2 / (count + _Z**2)
        interval = (0.0, bound) if mean == 0 else (1 - bound, 1.0)
    return Accuracy(mean, interval, len(right), count, int((margins == 0).sum()))


def difference(
    margins: NDArray[np.float64], baseline: NDArray[np.float64], users: Sequence[str], *, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """Accuracy of one method less that of another on the same records, with a paired bootstrap over users.

    Args:
        margins, baseline: margins on the same records in the same order, (records,).
        users: whose record each is.
    """
    mean, interval, _ = _over_users(correctness(margins) - correctness(baseline), users, seed=seed)
    return mean, interval


@lru_cache(maxsize=4)
def _draws(count: int, seed: int) -> NDArray[np.float64]:
    """How often each user is drawn, (resamples, users): the same for all rows of a table, and most of their time."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1 / count), size=_RESAMPLES).astype(np.float64)


def ratio_interval(ours: NDArray[np.float64], theirs: NDArray[np.float64], *, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the ratio of two sums over users, when users are drawn anew.

    By a percentile bootstrap; of more than 4,000 users by the normal distribution of a ratio of means (Cochran 1977,
    equation 6.13), which takes no memory of users times resamples. Draws in which `theirs` adds
    up to nothing have no ratio and are left out.

    Args:
        ours, theirs: of each user, (users,): say how many pairs are right and how many there are.
    """
    count, ratio = len(ours), float(ours.sum() / theirs.sum())
    if count > _MANY:
        error = float(np.sqrt(count / (count - 1) * ((ours - ratio * theirs) ** 2).sum()) / theirs.sum())
        return ratio - _Z * error, ratio + _Z * error
    draws = _draws(count, seed)
    sums, parts = draws @ ours, draws @ theirs
    told = parts > 0
    low, high = np.quantile(sums[told] / parts[told], [0.025, 0.975])
    return float(low), float(high)


def _over_users(
    values: NDArray[np.float64], users: Sequence[str], *, seed: int
) -> tuple[float, tuple[float, float], int]:
    """Mean over records, its 95 % interval when users are drawn anew, and the number of users."""
    if not len(values):
        raise RecordError("no records to score")
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    count = int(owner.max()) + 1
    total = np.bincount(owner, weights=values, minlength=count).astype(np.float64)
    rows = np.bincount(owner, minlength=count).astype(np.float64)
    return float(values.mean()), ratio_interval(total, rows, seed=seed), count


def clustered_error(values: Sequence[float], users: Sequence[str]) -> float:
    """Standard error of the mean over records, clustered by user; NaN for one user, from whom nothing can be told.

    Args:
        values: `correctness` of each record, say, (records,).
        users: whose record each is.
    Source: Miller 2024, arXiv:2411.00640, appendix A, with the finite correction C / (C - 1) for C clusters.
    """
    right = np.asarray(values, dtype=np.float64)
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    sums = np.bincount(owner, weights=right - right.mean())
    count = len(sums)
    return float(np.sqrt((sums**2).sum() * count / (count - 1)) / len(right)) if count > 1 else float("nan")


def sign_flip(margins: NDArray[np.float64], baseline: NDArray[np.float64], users: Sequence[str]) -> float:
    """Probability, if neither method were better for anybody, of a difference in accuracy as large as this one.

    A permutation test for pairs, two-sided: the signs of whole users' differences are flipped in every way there is.
    Over all of them, as the differences are whole numbers of half pairs: how probable each sum is follows from its
    Fourier transform, a product of cosines. Right to some 1e-14, and never less than one way of all there are.

    Args:
        margins, baseline: margins on the same records in the same order, (records,).
        users: whose record each is.
    """
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    halves = np.rint(2 * np.bincount(owner, weights=correctness(margins) - correctness(baseline))).astype(int)
    sizes, counts = np.unique(np.abs(halves[halves != 0]), return_counts=True)
    reach, observed = int(sizes @ counts), abs(int(halves.sum()))
    if observed == 0:
        return 1.0
    # longer than all sums from -reach to reach, so that none falls upon another
    length = 1 << (2 * reach + 1).bit_length()
    angle = 2 * np.pi / length * np.arange(length // 2 + 1)
    transform = np.ones(len(angle))
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        transform *= np.cos(size * angle) ** count
    chance = np.fft.irfft(transform, length)
    as_large = 2 * float(chance[observed : reach + 1].sum())
    return min(1.0, max(as_large, 2.0 ** (1 - int(counts.sum()))))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979): below 0.05 holds for all of them at once in 19 of 20 cases."""
    count = len(p_values)
    corrected, highest = [0.0] * count, 0.0
    for rank, place in enumerate(sorted(range(count), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (count - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


@dataclass(frozen=True, slots=True)
class Spread:
    """How a method does by people rather than by pairs."""

    macro: float
    """Mean of people's own accuracies."""
    worst_decile: float
    """The same over the tenth of the people for whom it is worst, one at least."""


def spread(right: NDArray[np.float64], users: Sequence[str]) -> Spread:
    """Accuracy person by person; a person with few pairs counts as much as one with many.

    Args:
        right: `correctness` of each record, or how probable it is, (records,).
        users: whose record each is.
    """
    if not len(right):
        raise RecordError("no records to score")
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    people = np.sort(np.bincount(owner, weights=right) / np.bincount(owner))
    return Spread(float(people.mean()), float(people[: max(1, len(people) // 10)].mean()))
