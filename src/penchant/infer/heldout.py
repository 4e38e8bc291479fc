"""Measures an annotator on held-out people; its card keeps the figures.

A cell is one item on one dimension. Most cells are neutral and easy to recognise as neutral. Therefore accuracy is
measured over the cells that truly express a pole (side), and calibration over the cells for which the annotator
predicts a pole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.infer.annotate import STATED
from penchant.infer.base import Readings

_BINS = 10
_CARD_KEYS = {"recall": "found"}
"""Fields that cards and JSON output call by another key."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Figures over the items of some people."""

    people: int
    cells: int
    """Cells that speak for a pole; `side` and `recall` are shares of them."""
    side: float
    """Share of these cells where the true pole is likelier than the opposite one."""
    recall: float
    """Share of these cells where the true pole is the likeliest of the three readings."""
    stated: int
    """Cells where the annotator states a pole: its probability is at least `read.STATED`."""
    calibration_error: float | None
    """Expected calibration error of the probabilities of stated poles, in [0, 1]; None when no pole is stated."""

    def as_card(self) -> dict[str, int | float | None]:
        """The figures under the keys of an annotator's card."""
        return {_CARD_KEYS.get(name, name): value for name, value in asdict(self).items()}

    @classmethod
    def from_card(cls, values: Mapping[str, Any]) -> HeldOut:
        """The figures of an annotator's card.

        Raises:
            TypeError: keys are missing or unknown.
        """
        names = {key: name for name, key in _CARD_KEYS.items()}
        return cls(**{names.get(key, key): value for key, value in {**values}.items()})


def figures(read: Readings, signs: NDArray[np.integer], people: Sequence[str]) -> HeldOut | None:
    """The figures of some items' readings; None when no cell speaks for a pole.

    Args:
        read: (items, dimensions, 3).
        signs: the true sign of each item on each dimension, (items, dimensions).
        people: the person of each item.
    """
    spoken = signs != 0
    if not spoken.any():
        return None
    negative, positive = read[..., 0], read[..., 2]
    lean = np.sign(positive - negative)
    sure = np.maximum(negative, positive)
    stated = sure >= STATED
    right = (lean == signs)[stated]
    return HeldOut(
        people=len(set(people)),
        cells=int(spoken.sum()),
        side=float((lean == signs)[spoken].mean()),
        recall=float((read.argmax(-1) - 1 == signs)[spoken].mean()),
        stated=int(stated.sum()),
        calibration_error=expected_calibration_error(sure[stated], right) if stated.any() else None,
    )


def expected_calibration_error(probability: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Mean gap between probability and share right over ten bins, weighted by their cells (arXiv:1706.04599, eq. 3)."""
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    gaps = [
        (bins == number).mean() * abs(probability[bins == number].mean() - right[bins == number].mean())
        for number in np.unique(bins)
    ]
    return float(np.sum(gaps))
