"""Combines the directions of a persona's evidence into a belief about the person, and a belief into one direction.

Pure functions over one persona: no model, no text, no state shared between people. A direction has one sign per
dimension: positive, negative or neutral. A belief is a Dirichlet distribution over (negative, neutral, positive) per
dimension. It counts how often the person's evidence is on each side. Each item is weighted by its kind and by the
probability of its signs (`Prior`). An item's weight fades when newer evidence about the same dimension arrives; without
newer evidence nothing fades. Four rules turn a belief into a direction; `person` says which one is told and shown.

`exact`: counts the non-neutral votes of a dimension. +1 when at least 3/5 of them are positive, -1 when at
most 2/5 are, else neutral. The arithmetic uses whole numbers, so a share of exactly 2/5 is negative. Items that are
neutral on a dimension do not count.

`released`: the rule of the paper's released code (AlignX, arXiv:2503.15463). It takes the mean of 1 (positive), 0
(negative) and 0.5 (neutral) over *all* items, in float32, and compares it with 0.6 and 0.4 in double precision. So a
mean of exactly 0.4 is neutral while 0.6 is positive, and one decisive vote among eight items is lost. When no dimension
passes, the dimensions at the most extreme mean are used, as in the released code.

`likely`: the side to which the person leans with probability at least `LIKELY`, else neutral. This rule uses weights,
probabilities and fading.

`credible`: the same with probability at least `CREDIBLE`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError, SpaceError
from penchant.persona import Comment, Comparison, Evidence, Persona, Rating
from penchant.space import Direction, PreferenceSpace

Rule = Literal["exact", "released", "likely", "credible"]
LIKELY = 0.6
"""Smallest probability of a leaning that the `likely` rule turns into a sign; the share of `exact` for a majority."""
CREDIBLE = 0.9
"""Smallest probability of a leaning that the `credible` rule turns into a sign."""
KINDS = ("wrote", "chose", "told")
"""Kinds of evidence: comments; comparisons and ratings; descriptions and statements."""


def kind_of(item: Evidence) -> int:
    """The kind of an evidence item, as an index into KINDS."""
    if isinstance(item, Comment):
        return KINDS.index("wrote")
    return KINDS.index("chose" if isinstance(item, Comparison | Rating) else "told")


@dataclass(frozen=True, slots=True)
class Prior:
    """The belief about anybody before evidence, and the weights of evidence."""

    strength: float = 0.1
    """Pseudo-counts of both poles together. Small, because people are consistent and one item is informative."""
    weights: tuple[float, float, float] = (2.0, 0.5, 2.0)
    """Counts that an item adds, by KINDS. Choices count less, because a person picks the better of two answers."""
    half_life: float | None = 1.0
    """Counts of newer evidence on a dimension that halve the weight of older evidence on it; None: no fading."""

    def counts(self, kind: int, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """The counts that one item adds to its poles, (poles,).

        With probability `probabilities` the item expresses the pole and would add the weight of its kind; otherwise it
        expresses nothing. The result is the count that moves an even belief as far as these two cases do on average.
        It is far below weight times probability: at probability 0.7 about a tenth of the weight, because a single
        certain item already decides a belief.

        Args:
            kind: the item's index into KINDS.
            probabilities: probability that the item expresses each pole, in [0, 1], (poles,).
        """
        weight = self.weights[kind]
        return np.asarray(weight * probabilities / (1 + (1 - probabilities) * weight / self.strength))


EVEN = Prior()
"""The prior that is the same for everybody: both poles are equally likely, and dimensions say nothing of each other."""


@dataclass(frozen=True, slots=True)
class Vote:
    """The sign that one evidence item has on one dimension."""

    dimension_id: str
    sign: int
    item: int
    """Position of the item in the persona's evidence."""
    weight: float = 1.0
    """The counts that the item added when it was added, before any fading; see `Prior.counts`."""


class Tally:
    """The counts of one person: the full state of the belief. Adding an item costs O(non-neutral dimensions).

    The order of items matters only with fading. Adding the same items again in the same order gives identical bits.
    """

    __slots__ = ("items", "mentions", "sides")

    def __init__(self, dimensions: int) -> None:
        self.sides: NDArray[np.float64] = np.zeros((dimensions, 2))
        """(dimensions, 2), counts for the negative and the positive pole."""
        self.mentions: NDArray[np.float64] = np.zeros(dimensions)
        """(dimensions,), expected number of items that were about a dimension; all other items were neutral on it."""
        self.items = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tally):
            return NotImplemented
        same = bool((self.sides == other.sides).all() and (self.mentions == other.mentions).all())
        return same and self.items == other.items

    __hash__ = None  # type: ignore[assignment]

    def add(self, direction: Direction, kind: int, prior: Prior) -> None:
        """Adds one item to the counts.

        Args:
            kind: the item's index into KINDS.
        """
        (active,) = direction.signs.nonzero()
        signs, probabilities = direction.signs[active], direction.probabilities()[active].astype(np.float64)
        counts = prior.counts(kind, probabilities)
        if prior.half_life is not None:
            self.sides[active] *= (0.5 ** (counts / prior.half_life))[:, None]
        self.sides[active, (signs > 0).astype(np.intp)] += counts
        self.mentions[active] += probabilities
        self.items += 1

    def pack(self) -> bytes:
        """The counts as bytes, for stores: 8 bytes, then 14 bytes for each mentioned dimension."""
        (active,) = self.mentions.nonzero()
        counts = np.column_stack([self.sides[active], self.mentions[active]]).astype("<f4")
        head = np.array([self.items, len(self.sides)], dtype="<u4")
        return head.tobytes() + active.astype("<u2").tobytes() + counts.tobytes()

    @classmethod
    def unpack(cls, packed: bytes, dimensions: int) -> Tally:
        """The tally that `pack` wrote, in single precision.

        Raises:
            SpaceError: the bytes have another length, or the counts are over another number of dimensions.
        """
        mentioned, rest = divmod(len(packed) - 8, 14)
        if mentioned < 0 or rest:
            raise SpaceError(
                f"a packed belief has 8 + 14 n bytes, got {len(packed)}; it is truncated or not a packed belief"
            )
        items, written = np.frombuffer(packed, "<u4", count=2).tolist()
        if written != dimensions:
            raise SpaceError(
                f"the packed belief is over {written} dimensions, the space has {dimensions}; pass its own space"
            )
        active = np.frombuffer(packed, "<u2", count=mentioned, offset=8)
        counts = np.frombuffer(packed, "<f4", offset=8 + 2 * mentioned).reshape(mentioned, 3)
        tally = cls(dimensions)
        tally.sides[active], tally.mentions[active], tally.items = counts[:, :2], counts[:, 2], items
        return tally

    def dirichlet(self, prior: Prior) -> NDArray[np.float64]:
        """Parameters of the Dirichlet distributions over (negative, neutral, positive), (dimensions, 3)."""
        own = np.stack([self.sides[:, 0], self.items - self.mentions, self.sides[:, 1]], axis=1)
        return np.asarray(own + prior.strength * np.array([0.5, 1.0, 0.5]))

    def probability(self, prior: Prior) -> NDArray[np.float64]:
        """P(positive) of the next item that is not neutral on each dimension, (dimensions,)."""
        negative, _, positive = self.dirichlet(prior).T
        return np.asarray(positive / (positive + negative))

    def leaning(self, prior: Prior) -> NDArray[np.float64]:
        """P(the person leans to the positive pole) per dimension, (dimensions,)."""
        negative, _, positive = self.dirichlet(prior).T
        grid, mass = _beta(positive, negative)
        return np.asarray(mass[:, grid > 0].sum(1) + mass[:, grid == 0].sum(1) / 2)

    def interval(self, prior: Prior, level: float = 0.95) -> NDArray[np.float64]:
        """Central credible interval of the positive share among non-neutral items, (dimensions, 2)."""
        negative, _, positive = self.dirichlet(prior).T
        grid, mass = _beta(positive, negative)
        up_to = mass.cumsum(1)
        ends = [(up_to < quantile).sum(1).clip(max=len(grid) - 1) for quantile in ((1 - level) / 2, (1 + level) / 2)]
        return np.stack([1 / (1 + np.exp(-grid[end])) for end in ends], axis=1)


@dataclass(frozen=True, slots=True)
class Belief:
    """The belief about one person: counts per dimension, and the votes of each evidence item."""

    space: PreferenceSpace
    votes: tuple[Vote, ...]
    items: int
    """Number of evidence items with a direction, neutral directions included."""
    tally: Tally
    """The counts after all items."""
    prior: Prior

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of positive and of negative votes per dimension, each (len(space),); every vote counts as one."""
        tally = np.zeros((2, len(self.space)), dtype=np.int64)
        for vote in self.votes:
            tally[0 if vote.sign > 0 else 1, self.space.index(vote.dimension_id)] += 1
        return tally[0], tally[1]

    def positive_probability(self) -> NDArray[np.float64]:
        """P(the positive pole) per dimension, (len(space),); 0.5 without votes in an even population."""
        return np.where(self.space.withheld, 0.5, self.tally.probability(self.prior))

    def direction(self, rule: Rule) -> Direction:
        """The belief as one direction; the module docstring explains the rules."""
        positive, negative = self.counts()
        match rule:
            case "exact":
                return Direction(self.space, _exact(positive, negative))
            case "released":
                return Direction(self.space, _released(positive, negative, self.items))
            case "likely" | "credible":
                least = LIKELY if rule == "likely" else CREDIBLE
                leaning = np.where(self.space.withheld, 0.5, self.tally.leaning(self.prior))
                return Direction(self.space, (leaning >= least).astype(np.int8) - (leaning <= 1 - least))

    def draw(self, seed: int | str) -> Direction:
        """A random direction from the belief: each mentioned dimension is positive with its leaning's probability.

        Averaged over many samples, the effect of an uncertain dimension cancels out.
        """
        (active,) = self.tally.mentions.nonzero()
        rng = random.Random(seed)  # NumPy generators do not accept a text as seed
        leaning = self.tally.leaning(self.prior)
        signs = np.zeros(len(self.space), dtype=np.int8)
        signs[active] = [1 if rng.random() < leaning[index] else -1 for index in active]
        return Direction(self.space, signs)

    def because(self, dimension_id: str) -> list[Vote]:
        """The votes on one dimension, for and against the belief, highest weight first."""
        self.space.index(dimension_id)
        votes = [vote for vote in self.votes if vote.dimension_id == dimension_id]
        return sorted(votes, key=lambda vote: (-vote.weight, vote.item))

    def contradictions(self) -> list[str]:
        """Dimensions with votes for both poles, in index order."""
        positive, negative = self.counts()
        return [self.space.dimensions[index].id for index in np.flatnonzero((positive > 0) & (negative > 0))]


_GRID = np.linspace(-160.0, 160.0, 1281)
"""Log-odds grid for integrals of Beta densities; wide, because a prior of 0.1 per pole has tails of e^-0.1x."""


def _beta(
    positive: NDArray[np.float64], negative: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The log-odds grid, (G,), and the mass of Beta(positive, negative) at each of its points, (dimensions, G)."""
    below, above = -np.logaddexp(0, _GRID), -np.logaddexp(0, -_GRID)
    log = positive[:, None] * above + negative[:, None] * below
    mass = np.exp(log - log.max(1, keepdims=True))
    return _GRID, mass / mass.sum(1, keepdims=True)


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


def believe(persona: Persona, space: PreferenceSpace, *, prior: Prior = EVEN) -> Belief:
    """The belief from a persona's annotated evidence; items without a direction are skipped.

    Signs on protected dimensions (`PreferenceSpace.protected`) are ignored.

    Args:
        prior: the belief before any evidence, and the weights of evidence.
    Raises:
        SpaceMismatch: an item was annotated in another space.
    """
    votes: list[Vote] = []
    tally = Tally(len(space))
    for index, item in enumerate(persona.evidence):
        if item.direction is None:
            continue
        item.direction.require(space, where=f"evidence {index}")
        kind, direction = kind_of(item), item.direction.without_withheld(space)
        tally.add(direction, kind, prior)
        votes.extend(_votes(direction, kind, prior, item=index))
    return Belief(space, votes=tuple(votes), items=tally.items, tally=tally, prior=prior)


def aggregate(directions: Sequence[Direction], rule: Rule = "exact") -> Direction:
    """One direction from the directions of several items (AlignX, arXiv:2503.15463, section 4.2).

    Raises:
        RecordError: `directions` is empty.
        SpaceMismatch: directions are over different spaces.
    """
    if not directions:
        raise RecordError("no direction to aggregate; the persona has no annotated evidence")
    space, kind = directions[0].space, KINDS.index("told")
    for i, direction in enumerate(directions):
        direction.require(space, where=f"direction {i}")
    if rule in ("exact", "released"):  # these count votes and need no belief
        signs = np.stack([direction.signs for direction in directions])
        positive, negative = (signs > 0).sum(0), (signs < 0).sum(0)
        counted = _exact(positive, negative) if rule == "exact" else _released(positive, negative, len(directions))
        return Direction(space, counted)
    tally = Tally(len(space))
    for direction in directions:
        tally.add(direction, kind, EVEN)
    votes = tuple(vote for i, direction in enumerate(directions) for vote in _votes(direction, kind, EVEN, item=i))
    return Belief(space, votes=votes, items=len(directions), tally=tally, prior=EVEN).direction(rule)


def _votes(direction: Direction, kind: int, prior: Prior, *, item: int) -> list[Vote]:
    probabilities = direction.probabilities()[direction.signs.nonzero()].astype(np.float64)
    counts = prior.counts(kind, probabilities).tolist()
    return [
        Vote(dimension.id, sign, item=item, weight=count)
        for (dimension, sign), count in zip(direction.poles(), counts, strict=True)
    ]
