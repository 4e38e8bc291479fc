"""What an annotator's readings are worth on people it was not fitted on, in the figures that its card keeps.

A cell is an item and a dimension. Most cells are neutral and read so without effort, so the figures are over those that
truly speak for a pole, and, for calibration, over those that are said to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.infer.base import Readings
from penchant.infer.read import LEAST

_BINS = 10


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Figures over the items of some people."""

    people: int
    cells: int
    """Cells that speak for a pole, which `side` and `found` are shares of."""
    side: float
    """Share of them whose own pole is likelier than the other."""
    found: float
    """Share of them whose own pole is the likeliest of all three."""
    stated: int
    """Cells of which a pole is stated, as its probability is `read.LEAST` or more."""
    calibration_error: float | None
    """Expected calibration error of the probabilities of stated poles, in [0, 1]; None when none is stated."""


def figures(read: Readings, signs: NDArray[np.integer], people: Sequence[str]) -> HeldOut | None:
    """The figures of some items' readings; None when no cell speaks for a pole.

    Args:
        read: (items, dimensions, 3).
        signs: what each item truly says, (items, dimensions).
        people: whose each item is.
    """
    spoken = signs != 0
    if not spoken.any():
        return None
    against, towards = read[..., 0], read[..., 2]
    lean = np.sign(towards - against)
    sure = np.maximum(against, towards)
    stated = sure >= LEAST
    right = (lean == signs)[stated]
    return HeldOut(
        people=len(set(people)),
        cells=int(spoken.sum()),
        side=float((lean == signs)[spoken].mean()),
        found=float((read.argmax(-1) - 1 == signs)[spoken].mean()),
        stated=int(stated.sum()),
        calibration_error=expected_calibration_error(sure[stated], right) if stated.any() else None,
    )


def expected_calibration_error(probability: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Mean gap between probability and share right over ten bins, weighted by their cells (arXiv:1706.04599, eq. 3)."""
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    gaps = [
        (bins == place).mean() * abs(probability[bins == place].mean() - right[bins == place].mean())
        for place in np.unique(bins)
    ]
    return float(np.sum(gaps))
