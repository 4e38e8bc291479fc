"""Logistic regression on contrasts, without bias, with one weight decay for each group of features.

How much each group is trusted is not tuned: it is where the evidence for the training rows is greatest (MacKay 1992,
"Bayesian interpolation"; the Laplace approximation of a logistic layer). Groups that only add noise are switched off.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

START = 1e-2
"""Weight decay before anything is known, per row, on features of unit scale."""
_ROUNDS = 8
_STEPS = 25
_LEAST, _MOST = 1.0, 1e6
"""Decay of a group, in rows."""


def fit_weights(contrast_NF: NDArray[np.float64], groups: Sequence[str]) -> NDArray[np.float64]:
    """Weights by which every row's contrast is preferred as a logistic model would have it, (F,).

    Args:
        groups: the group of each feature.
    """
    # spread and mean together: a column that always has one sign is informative, as there is no bias to take it up
    scale = contrast_NF.std(0) + np.abs(contrast_NF.mean(0))
    scale = np.where(scale > 1e-7, scale, np.inf)
    scaled = contrast_NF / scale
    decay = np.full(len(scale), START * len(scaled))
    weights = np.zeros(len(scale))
    members = [np.array([group == one for group in groups]) for one in dict.fromkeys(groups)]
    for _ in range(_ROUNDS):
        weights, curve = _newton(scaled, weights, decay)
        spread = np.diag(np.linalg.inv(curve))
        for group in members:
            # how many weights of the group the rows determine, against how large these weights are
            determined = group.sum() - (decay[group] * spread[group]).sum()
            decay[group] = np.clip(max(determined, 1e-3) / max((weights[group] ** 2).sum(), 1e-9), _LEAST, _MOST)
    return _newton(scaled, weights, decay)[0] / scale


def _newton(
    scaled_NF: NDArray[np.float64], weights: NDArray[np.float64], decay: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights of the greatest posterior, and its curvature there, (F, F)."""
    curve = np.diag(decay)
    for _ in range(_STEPS):
        doubt = 1 / (1 + np.exp(np.clip(scaled_NF @ weights, -30, 30)))
        gradient = decay * weights - scaled_NF.T @ doubt
        curve = (scaled_NF * (doubt * (1 - doubt))[:, None]).T @ scaled_NF + np.diag(decay)
        step = np.linalg.solve(curve, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-6:
            break
    return weights, curve
