"""Learns the prior of a population from many people: which preferences are common, and which ones occur together.

It needs tallies (counts of evidence per person) only, no labels. A share is the fraction of people who prefer the
positive pole (side) of a dimension. Shares are shrunk towards one half and correlations towards zero. The shrinkage is
stronger, the fewer people have evidence on the dimension (for a correlation: on both dimensions). Correlations are
stored as a few factors. A factor is kept if its eigenvalue clearly exceeds those of a population whose dimensions are
shuffled independently (parallel analysis, Horn 1965). So independent dimensions give no factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.posterior import Prior, Tally

SHRINK = 20.0
"""Number of people at which a share or a correlation is shrunk by half."""
MOST_FACTORS = 8
"""Largest number of factors."""
_SHUFFLES = 10
_STANDS_OUT = 2**0.5
"""Multiple of the largest shuffled eigenvalue that a factor must exceed; allows for half of the people being copies."""
_HIGHEST = 0.95
"""Largest share of a leaning's variance that factors may explain."""


def learn_prior(tallies: Sequence[Tally], prior: Prior, *, seed: int = 0) -> Prior:
    """A copy of `prior` with the shares and low-rank correlations of a population.

    Args:
        tallies: one per person; people without evidence have no effect.
        seed: seed of the shuffled populations.
    Raises:
        RecordError: no people, or tallies over different numbers of dimensions.
    """
    sizes = {len(tally.sides) for tally in tallies}
    if len(sizes) != 1:
        raise RecordError(
            f"beliefs of {len(tallies)} people over {sorted(sizes)} dimensions; give beliefs over one space"
        )
    sides = np.stack([tally.sides for tally in tallies])
    total = sides.sum(2)
    mentioned = total > 0
    lean = np.where(mentioned, (sides[..., 1] - sides[..., 0]) / np.maximum(total, 1e-12), 0.0)
    people = mentioned.sum(0)
    share = ((lean + 1) / 2 * mentioned).sum(0) + SHRINK / 2
    return replace(prior, positive=share / (people + SHRINK), loadings=_loadings(lean, mentioned, seed))


def _loadings(lean: NDArray[np.float64], mentioned: NDArray[np.bool_], seed: int) -> NDArray[np.float64] | None:
    """Loadings of the factors that stand out, (dimensions, R); None when there are none."""
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(_correlations(lean, mentioned))
    shuffled = (_correlations(_shuffled(lean, mentioned, rng), mentioned) for _ in range(_SHUFFLES))
    chance = max(float(np.linalg.eigvalsh(correlations)[-1]) for correlations in shuffled)
    kept = np.flatnonzero(values > _STANDS_OUT * chance)[::-1][:MOST_FACTORS]
    if not len(kept):
        return None
    loadings = vectors[:, kept] * np.sqrt(values[kept])
    explained = (loadings**2).sum(1, keepdims=True)
    return np.asarray(loadings * np.sqrt(np.minimum(1.0, _HIGHEST / np.maximum(explained, 1e-12))))


def _correlations(lean: NDArray[np.float64], mentioned: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Shrunk correlations over the people who mention both dimensions, (dimensions, dimensions); the diagonal is 0."""
    mask = mentioned.astype(np.float64)
    people = np.maximum(mask.sum(0), 1.0)
    centred = (lean - (lean * mask).sum(0) / people) * mask
    scaled = centred / np.sqrt(np.maximum((centred**2).sum(0) / people, 1e-12))
    both = mask.T @ mask
    correlations = (scaled.T @ scaled) / (both + SHRINK)
    np.fill_diagonal(correlations, 0.0)
    return np.asarray(correlations)


def _shuffled(lean: NDArray[np.float64], mentioned: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
    """The leanings of each dimension, permuted among the people who mention it."""
    mixed = lean.copy()
    for dimension in range(lean.shape[1]):
        who = np.flatnonzero(mentioned[:, dimension])
        mixed[who, dimension] = lean[rng.permutation(who), dimension]
    return mixed
