"""What the data set is like as a whole: directions per dimension, how they go together, lengths of texts.

Sums over people, so that parts of a build can be added. Shapes: D dimensions, L bins of length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penchant.record import Record
from penchant.shards.atomic import replacing
from penchant.space import Direction

BINS = np.array([0, 25, 50, 100, 200, 400, 800, 1600, 3200, 6400])
"""Lower bounds of the bins of length, in characters."""
PARTS = ("prompt", "chosen", "rejected")


@dataclass(frozen=True, slots=True)
class Distributions:
    """Sums over the people of a part."""

    people: NDArray[np.int64]
    """(), how many."""
    positive_D: NDArray[np.int64]
    """Replies that state the positive pole."""
    negative_D: NDArray[np.int64]
    sum_D: NDArray[np.float64]
    """Of each person's mean sign."""
    outer_DD: NDArray[np.float64]
    """Of the products of each person's mean signs."""
    lengths_3L: NDArray[np.int64]
    """Records by the length of prompt, chosen and rejected answer."""

    @classmethod
    def of(
        cls, people: Iterable[Sequence[Direction | None]], records: Sequence[Record], dimensions: int
    ) -> Distributions:
        """Of some people's replies, as their directions, and of records."""
        made = cls.none(dimensions)
        for directions in people:
            signs = np.array([one.signs for one in directions if one is not None]).reshape(-1, dimensions)
            if len(signs):
                mean = signs.mean(0)
                made.people[...] += 1
                made.positive_D[...] += (signs > 0).sum(0)
                made.negative_D[...] += (signs < 0).sum(0)
                made.sum_D[...] += mean
                made.outer_DD[...] += np.outer(mean, mean)
        for row, part in enumerate(PARTS):
            texts = (record.task if part == "prompt" else str(getattr(record, part)) for record in records)
            bins = np.searchsorted(BINS, [len(text) for text in texts], side="right") - 1
            made.lengths_3L[row] += np.bincount(bins, minlength=len(BINS))
        return made

    @classmethod
    def none(cls, dimensions: int) -> Distributions:
        """Sums of nothing."""
        return cls(
            people=np.zeros((), np.int64),
            positive_D=np.zeros(dimensions, np.int64),
            negative_D=np.zeros(dimensions, np.int64),
            sum_D=np.zeros(dimensions),
            outer_DD=np.zeros((dimensions, dimensions)),
            lengths_3L=np.zeros((len(PARTS), len(BINS)), np.int64),
        )

    def __add__(self, other: Distributions) -> Distributions:
        return Distributions(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def correlation(self) -> NDArray[np.float64]:
        """Correlation of people's mean signs, (D, D); not a number where all people are alike."""
        count = max(1, int(self.people))
        mean = self.sum_D / count
        covariance = self.outer_DD / count - np.outer(mean, mean)
        deviation = np.sqrt(np.clip(np.diag(covariance), 0, None))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(covariance / np.outer(deviation, deviation))

    def save(self, path: Path) -> None:
        """Writes the sums."""
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **{one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Distributions:
        """Reads what `save` wrote."""
        with np.load(path) as arrays:
            return cls(**{name: arrays[name] for name in arrays.files})
