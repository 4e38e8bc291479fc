"""Logistic regression on feature differences, without bias, with one weight decay for each group of features.

The weight decays are not tuned: they maximise the evidence of the training rows (MacKay 1992, "Bayesian interpolation";
here with the Laplace approximation of a logistic layer). A group that only adds noise is switched off.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

START = 1e-2
"""Initial weight decay per row, for features of unit scale."""
_ROUNDS = 8
_STEPS = 25
_LEAST, _MOST = 1.0, 1e6
"""Lower and upper bound of the decay of a group, in rows."""


def fit_weights(contrast_NF: NDArray[np.float64], groups: Sequence[str]) -> NDArray[np.float64]:
    """Weights of a logistic model in which the chosen answer wins in every row, (F,).

    Args:
        contrast_NF: features of the chosen answer less those of the rejected one.
        groups: the group of each feature, F names.
    """
    # scale by spread plus mean: a column with one constant sign is informative, and no bias takes it up
    scale = contrast_NF.std(0) + np.abs(contrast_NF.mean(0))
    scale = np.where(scale > 1e-7, scale, np.inf)
    scaled = contrast_NF / scale
    decay = np.full(len(scale), START * len(scaled))
    weights = np.zeros(len(scale))
    masks = [np.array([group == name for group in groups]) for name in dict.fromkeys(groups)]
    for _ in range(_ROUNDS):
        weights, curve = _newton(scaled, weights, decay)
        spread = np.diag(np.linalg.inv(curve))
        for group in masks:
            # MacKay's update: the number of well-determined weights of the group over their squared length
            determined = group.sum() - (decay[group] * spread[group]).sum()
            decay[group] = np.clip(max(determined, 1e-3) / max((weights[group] ** 2).sum(), 1e-9), _LEAST, _MOST)
    return _newton(scaled, weights, decay)[0] / scale


def _newton(
    scaled_NF: NDArray[np.float64], weights: NDArray[np.float64], decay: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights of maximal posterior, (F,), and the curvature there, (F, F)."""
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
