"""What a population tells of a person before evidence: which poles are common, and which leanings go together.

From the tallies of many people, without any label. Shares and correlations are shrunk towards even and none by how
many people spoke of a dimension, or of both of two. As many factors are kept as stand out from those of a population
in which every dimension is shuffled by itself (parallel analysis, Horn 1965), so that independent dimensions give none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.posterior import Prior, Tally

SHRINK = 20.0
"""People by whom a share or a correlation is drawn halfway towards nothing known."""
MOST_FACTORS = 8
_SHUFFLES = 10
_STANDS_OUT = 2**0.5
"""How many times the highest factor by chance counts: as if half of the people were copies (or twins) of the others."""
_HIGHEST = 0.95
"""Most of a leaning's variance that factors may explain."""


def learn_prior(tallies: Sequence[Tally], prior: Prior, *, seed: int = 0) -> Prior:
    """The prior with the shares and the low-rank correlations of a population.

    Args:
        tallies: one of each person; people of whom nothing was said count for nothing.
        seed: of the shuffled populations.
    Raises:
        RecordError: no people, or people over different numbers of dimensions.
    """
    sizes = {len(tally.sides) for tally in tallies}
    if len(sizes) != 1:
        raise RecordError(f"beliefs of {len(tallies)} people over {sorted(sizes)} dimensions; give those of one space")
    sides = np.stack([tally.sides for tally in tallies])
    total = sides.sum(2)
    spoken = total > 0
    lean = np.where(spoken, (sides[..., 1] - sides[..., 0]) / np.maximum(total, 1e-12), 0.0)
    people = spoken.sum(0)
    share = ((lean + 1) / 2 * spoken).sum(0) + SHRINK / 2
    return replace(prior, positive=share / (people + SHRINK), loadings=_loadings(lean, spoken, seed))


def _loadings(lean: NDArray[np.float64], spoken: NDArray[np.bool_], seed: int) -> NDArray[np.float64] | None:
    """(dimensions, R) of the factors that stand out, or None."""
    rng = np.random.default_rng(seed)
    found = _correlations(lean, spoken)
    values, vectors = np.linalg.eigh(found)
    shuffled = (_correlations(_shuffled(lean, spoken, rng), spoken) for _ in range(_SHUFFLES))
    chance = max(float(np.linalg.eigvalsh(one)[-1]) for one in shuffled)
    kept = np.flatnonzero(values > _STANDS_OUT * chance)[::-1][:MOST_FACTORS]
    if not len(kept):
        return None
    loadings = vectors[:, kept] * np.sqrt(values[kept])
    explained = (loadings**2).sum(1, keepdims=True)
    return np.asarray(loadings * np.sqrt(np.minimum(1.0, _HIGHEST / np.maximum(explained, 1e-12))))


def _correlations(lean: NDArray[np.float64], spoken: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Correlations over the people who spoke of both, shrunk; nought on the diagonal, (dimensions, dimensions)."""
    mask = spoken.astype(np.float64)
    people = np.maximum(mask.sum(0), 1.0)
    centred = (lean - (lean * mask).sum(0) / people) * mask
    scaled = centred / np.sqrt(np.maximum((centred**2).sum(0) / people, 1e-12))
    both = mask.T @ mask
    found = (scaled.T @ scaled) / (both + SHRINK)
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


def _shuffled(lean: NDArray[np.float64], spoken: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
    """Each dimension's leanings dealt anew among those who spoke of it."""
    mixed = lean.copy()
    for place in range(lean.shape[1]):
        who = np.flatnonzero(spoken[:, place])
        mixed[who, place] = lean[rng.permutation(who), place]
    return mixed
