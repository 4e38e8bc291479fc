"""The bridge: what the directions of a persona's evidence say of the person, as a belief per dimension.

Pure functions over one persona: no model, no text, and nothing kept between two people. Two rules turn votes into a
direction.

`exact` (default): among the non-neutral votes of a dimension, +1 when at least 3 of 5 are positive, -1 when at most
2 of 5 are, else neutral; whole numbers only, so a share of exactly 2/5 is negative. Items that say nothing of a
dimension do not dilute it.

`released`: what the released AlignX code does. The mean over *all* items of 1 / 0 / 0.5, in float32, against 0.6 and
0.4 in double precision, so that a mean of exactly 0.4 is neutral while 0.6 is positive; one decisive vote among eight
items is lost. A profile that comes out empty falls back to the dimensions at the most extreme mean (paper.md 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.persona import Persona
from penchant.space import Direction, PreferenceSpace

Rule = Literal["exact", "released"]


@dataclass(frozen=True, slots=True)
class Vote:
    """What one item of evidence says of one dimension."""

    dimension_id: str
    sign: int
    item: int
    """Position of the item in the persona's evidence."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Votes per dimension, and which item cast each."""

    space: PreferenceSpace
    votes: tuple[Vote, ...]
    items: int
    """Evidence items that carried a direction, neutral ones included."""

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(positive, negative) votes per dimension, each (len(space),)."""
        tally = np.zeros((2, len(self.space)), dtype=np.int64)
        for vote in self.votes:
            tally[0 if vote.sign > 0 else 1, self.space.index(vote.dimension_id)] += 1
        return tally[0], tally[1]

    def confidence(self) -> NDArray[np.float64]:
        """P(the positive pole) per dimension: Beta(1, 1) prior, so 0.5 without votes."""
        positive, negative = self.counts()
        return (positive + 1.0) / (positive + negative + 2.0)

    def direction(self, rule: Rule = "exact") -> Direction:
        """The belief as one direction; see the module for the two rules."""
        positive, negative = self.counts()
        if rule == "exact":
            return Direction(self.space, _exact(positive, negative))
        return Direction(self.space, _released(positive, negative, self.items))


def _exact(positive: NDArray[np.int64], negative: NDArray[np.int64]) -> NDArray[np.int8]:
    total = positive + negative
    signs = np.where(5 * positive >= 3 * total, 1, np.where(5 * positive <= 2 * total, -1, 0))
    return np.where(total == 0, 0, signs).astype(np.int8)


def _released(positive: NDArray[np.int64], negative: NDArray[np.int64], items: int) -> NDArray[np.int8]:
    if items == 0:
        return np.zeros(len(positive), dtype=np.int8)
    neutral = items - positive - negative
    mean = ((positive + 0.5 * neutral) / items).astype(np.float32).astype(np.float64)
    signs = np.where(mean >= 0.6, 1, np.where(mean <= 0.4, -1, 0))
    if not signs.any():
        highest, lowest = mean.max(), mean.min()
        signs = np.where(mean == highest, 1, 0) if 1 - highest < lowest else np.where(mean == lowest, -1, 0)
    return signs.astype(np.int8)


def believe(persona: Persona, space: PreferenceSpace) -> Belief:
    """The belief that a persona's annotated evidence supports; items without a direction say nothing.

    Raises:
        SpaceMismatch: an item was annotated in another space.
    """
    votes: list[Vote] = []
    items = 0
    for place, item in enumerate(persona.evidence):
        if item.direction is None:
            continue
        item.direction.require(space, where=f"evidence {place}")
        items += 1
        votes.extend(Vote(dimension.id, sign, place) for dimension, sign in item.direction.poles())
    return Belief(space, tuple(votes), items)


def aggregate(directions: Sequence[Direction], rule: Rule = "exact") -> Direction:
    """One direction from those of several items (AlignX, arXiv:2503.15463, section 4.2).

    Raises:
        RecordError: no direction given.
        SpaceMismatch: directions over different spaces.
    """
    if not directions:
        raise RecordError("no direction to aggregate; the persona has no annotated evidence")
    space = directions[0].space
    for i, direction in enumerate(directions):
        direction.require(space, where=f"direction {i}")
    votes = tuple(Vote(d.id, sign, i) for i, direction in enumerate(directions) for d, sign in direction.poles())
    return Belief(space, votes, len(directions)).direction(rule)
