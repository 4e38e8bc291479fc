"""Measures disclosure: which attributes of people can be told from what they wrote.

A plain classifier reads the mean sentence vector of a person's texts, and is tested on people that it was not fitted
on. Whoever has the texts can do at least as well; a language model does better (Staab et al. 2024).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.stats import accuracy

FOLDS = 5
LEAST = 20
"""People with one value, below which the value is left out."""
_MANY = 8
"""Distinct numbers from which on an attribute is read as its thirds."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How well one attribute can be told."""

    attribute: str
    people: int
    """People with a value that is not left out."""
    values: int
    accuracy: float
    """Share of the people whose value is told, in [0, 1]."""
    most_common: float
    """The share with the most common value, which needs no text."""
    ci95: tuple[float, float]
    """95 % interval of `accuracy`, over people."""

    @property
    def is_disclosed(self) -> bool:
        """Whether the texts tell more than the most common value does."""
        return self.ci95[0] > self.most_common


def disclosed(
    attribute: str, values: Sequence[str], vectors_PE: NDArray[np.float32], *, seed: int = 0
) -> Disclosure | None:
    """How well an attribute of P people is told from the vectors of their texts; None: no two values are frequent.

    Args:
        values: the value of each person; empty where it is not known. Numbers with many values become thirds.
        vectors_PE: (P, E), of each person's texts, each of length 1.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    names = np.array(_thirds(values), dtype=object)
    frequent = [name for name, people in Counter(names).items() if name and people >= LEAST]
    rows = np.flatnonzero(np.isin(names, frequent))
    if len(frequent) < 2:
        return None
    truth, vectors = names[rows].astype(str), vectors_PE[rows]
    model = LogisticRegression(C=10.0, max_iter=1000)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    right = cross_val_predict(model, vectors - vectors.mean(0), truth, cv=folds) == truth
    share = accuracy(np.where(right, 1.0, -1.0), [str(row) for row in rows], seed=seed)
    most = max(Counter(truth).values()) / len(rows)
    return Disclosure(attribute, len(rows), len(frequent), share.value, most, share.ci95)


def _thirds(values: Sequence[str]) -> list[str]:
    """The values; numbers with many different values as their third: low, middle or high."""
    try:
        numbers = {value: float(value) for value in set(values) if value}
    except ValueError:
        return list(values)
    if len(numbers) <= _MANY:
        return list(values)
    low, high = np.quantile([numbers[value] for value in values if value], [1 / 3, 2 / 3])
    names: Mapping[int, str] = {0: f"up to {low:g}", 1: f"up to {high:g}", 2: f"above {high:g}"}
    return [names[int(numbers[value] > low) + int(numbers[value] > high)] if value else "" for value in values]
