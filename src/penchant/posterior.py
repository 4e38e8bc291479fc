"""The bridge: what the directions of a persona's evidence say of the person, as a belief per dimension.

Pure functions over one persona: no model, no text, and nothing kept between two people. A belief is a Dirichlet over
(negative, neutral, positive) per dimension: how often what this person says and chooses leans either way. Evidence is
weighted by its kind and by the probability of what was read from it (`Prior`), and fades as newer evidence about the
same dimension comes in; a dimension that nothing is said of does not fade. Three rules turn a belief into a direction.

`exact` (default): among the non-neutral votes of a dimension, +1 when at least 3 of 5 are positive, -1 when at most
2 of 5 are, else neutral; whole numbers only, so a share of exactly 2/5 is negative. Items that say nothing of a
dimension do not dilute it.

`released`: what the released AlignX code does. The mean over *all* items of 1 / 0 / 0.5, in float32, against 0.6 and
0.4 in double precision, so that a mean of exactly 0.4 is neutral while 0.6 is positive; one decisive vote among eight
items is lost. A profile that comes out empty falls back to the dimensions at the most extreme mean (paper.md 4).

`credible`: the side on which the person leans with a probability of at least `CREDIBLE`, else neutral. It knows of
weights, probabilities, fading and what the population tells, and is meant for inferred directions.
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

Rule = Literal["exact", "released", "credible"]
CREDIBLE = 0.9
"""Probability of leaning to a side from which on the `credible` rule states it."""
KINDS = ("wrote", "chose", "told")
"""Comments; comparisons and thumbs; descriptions and statements."""


def kind_of(item: Evidence) -> int:
    """Place of an item in KINDS."""
    if isinstance(item, Comment):
        return KINDS.index("wrote")
    return KINDS.index("chose" if isinstance(item, Comparison | Rating) else "told")


@dataclass(frozen=True, eq=False)
class Prior:
    """What is held of anybody before evidence, and how evidence counts."""

    strength: float = 0.1
    """Pseudo-counts of both poles together; small, as people are consistent: one item says much."""
    weights: tuple[float, float, float] = (2.0, 0.5, 2.0)
    """Counts that an item adds, by KINDS: what somebody writes is theirs, what they choose is the better of two."""
    half_life: float | None = 1.0
    """Counts of newer evidence about a dimension after which older evidence about it weighs half; None never fades."""
    positive: NDArray[np.float64] | None = None
    """(dimensions,), share of the population that leans to the positive pole; None is one half."""
    loadings: NDArray[np.float64] | None = None
    """(dimensions, R), low-rank correlations of the population's leanings; None is no correlation."""

    def counts(self, kind: int, sure: NDArray[np.float64]) -> NDArray[np.float64]:
        """What an item adds to the pole that it is read to speak for, (poles,).

        With probability `sure` it speaks for the pole and counts its kind's weight, else it says nothing. The counts
        are those that move an even belief as far as this moves it on average: far fewer than the weight times the
        probability, as one item that is surely meant says nearly all (7 in 10: a tenth of the weight).

        Args:
            sure: probability that it speaks for the pole, in [0, 1].
        """
        weight = self.weights[kind]
        return np.asarray(weight * sure / (1 + (1 - sure) * weight / self.strength))


EVEN = Prior()
"""A population of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one item of evidence says of one dimension."""

    dimension_id: str
    sign: int
    item: int
    """Position of the item in the persona's evidence."""
    weight: float = 1.0
    """What it counted when it came, see `Prior.counts`."""


class Tally:
    """The counts of one person: all that need be kept to go on. O(dimensions of an item) to add one.

    Without fading the order of items does not matter; replaying the same items gives the same counts to the bit.
    """

    __slots__ = ("items", "mentions", "sides")

    def __init__(self, dimensions: int) -> None:
        self.sides: NDArray[np.float64] = np.zeros((dimensions, 2))
        """(dimensions, 2): counts for the negative and the positive pole."""
        self.mentions: NDArray[np.float64] = np.zeros(dimensions)
        """(dimensions,): items that were about a dimension; the others were neutral on it."""
        self.items = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tally):
            return NotImplemented
        same = bool((self.sides == other.sides).all() and (self.mentions == other.mentions).all())
        return same and self.items == other.items

    __hash__ = None  # type: ignore[assignment]

    def add(self, direction: Direction, kind: int, prior: Prior) -> None:
        """Counts what one item says.

        Args:
            kind: the item's place in KINDS.
        """
        (places,) = direction.signs.nonzero()
        signs, sure = direction.signs[places], direction.probabilities()[places].astype(np.float64)
        counts = prior.counts(kind, sure)
        if prior.half_life is not None:
            self.sides[places] *= (0.5 ** (counts / prior.half_life))[:, None]
        self.sides[places, (signs > 0).astype(np.intp)] += counts
        self.mentions[places] += sure
        self.items += 1

    def pack(self) -> bytes:
        """The counts as bytes, 14 for each dimension that was spoken of and 8 besides; for stores."""
        (places,) = self.mentions.nonzero()
        counts = np.column_stack([self.sides[places], self.mentions[places]]).astype("<f4")
        head = np.array([self.items, len(self.sides)], dtype="<u4")
        return head.tobytes() + places.astype("<u2").tobytes() + counts.tobytes()

    @classmethod
    def unpack(cls, packed: bytes, dimensions: int) -> Tally:
        """What `pack` wrote, to single precision.

        Raises:
            SpaceError: bytes of another length, or counts over another number of dimensions.
        """
        spoken, rest = divmod(len(packed) - 8, 14)
        if spoken < 0 or rest:
            raise SpaceError(f"a packed belief has 8 + 14 n bytes, got {len(packed)}; it is cut or of another kind")
        items, written = np.frombuffer(packed, "<u4", count=2).tolist()
        if written != dimensions:
            raise SpaceError(f"the packed belief is over {written} dimensions, the space has {dimensions}")
        places = np.frombuffer(packed, "<u2", count=spoken, offset=8)
        counts = np.frombuffer(packed, "<f4", offset=8 + 2 * spoken).reshape(spoken, 3)
        found = cls(dimensions)
        found.sides[places], found.mentions[places], found.items = counts[:, :2], counts[:, 2], items
        return found

    def dirichlet(self, prior: Prior) -> NDArray[np.float64]:
        """Parameters over (negative, neutral, positive), (dimensions, 3)."""
        share = self._expected(prior)
        own = np.stack([self.sides[:, 0], self.items - self.mentions, self.sides[:, 1]], axis=1)
        before = np.stack([1 - share, np.full(len(share), 1.0), share], axis=1)
        return np.asarray(own + prior.strength * before)

    def probability(self, prior: Prior) -> NDArray[np.float64]:
        """P(positive, where not neutral) of the next item about each dimension, (dimensions,)."""
        negative, _, positive = self.dirichlet(prior).T
        return np.asarray(positive / (positive + negative))

    def leaning(self, prior: Prior) -> NDArray[np.float64]:
        """P(the person leans to the positive pole) per dimension, (dimensions,)."""
        negative, _, positive = self.dirichlet(prior).T
        grid, mass = _beta(positive, negative)
        return np.asarray(mass[:, grid > 0].sum(1) + mass[:, grid == 0].sum(1) / 2)

    def interval(self, prior: Prior, level: float = 0.95) -> NDArray[np.float64]:
        """Central credible interval of the share of positive among non-neutral, (dimensions, 2)."""
        negative, _, positive = self.dirichlet(prior).T
        grid, mass = _beta(positive, negative)
        up_to = mass.cumsum(1)
        ends = [(up_to < quantile).sum(1).clip(max=len(grid) - 1) for quantile in ((1 - level) / 2, (1 + level) / 2)]
        return np.stack([1 / (1 + np.exp(-grid[end])) for end in ends], axis=1)

    def _expected(self, prior: Prior) -> NDArray[np.float64]:
        """Share of positive before own evidence: the population's, moved by what its correlations tell."""
        dimensions = len(self.sides)
        share = np.full(dimensions, 0.5) if prior.positive is None else prior.positive
        if prior.loadings is None or not self.sides.any():
            return share
        total = self.sides.sum(1)
        trust = total / (total + prior.strength)
        lean = np.where(total > 0, (self.sides[:, 1] - self.sides[:, 0]) / np.maximum(total, 1e-12), 0.0)
        loadings = prior.loadings
        # factors given the leanings that were seen: a ridge regression with as much trust as there is evidence
        noise = np.maximum(1 - (loadings**2).sum(1), 0.05)
        weighted = loadings * (trust / noise)[:, None]
        factors = np.linalg.solve(
            weighted.T @ loadings + np.eye(loadings.shape[1]), weighted.T @ (lean - (2 * share - 1))
        )
        return np.asarray(np.clip(share + loadings @ factors / 2, 0.02, 0.98))


@dataclass(frozen=True, slots=True)
class Belief:
    """Votes per dimension, and which item cast each."""

    space: PreferenceSpace
    votes: tuple[Vote, ...]
    items: int
    """Evidence items that carried a direction, neutral ones included."""
    tally: Tally
    """The counts that all items left."""
    prior: Prior
    rule: Rule = "exact"
    """How `direction` decides unless told otherwise."""

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(positive, negative) votes per dimension, each (len(space),), all alike whatever their weight."""
        tally = np.zeros((2, len(self.space)), dtype=np.int64)
        for vote in self.votes:
            tally[0 if vote.sign > 0 else 1, self.space.index(vote.dimension_id)] += 1
        return tally[0], tally[1]

    def positive_probability(self) -> NDArray[np.float64]:
        """P(the positive pole) per dimension, (len(space),): 0.5 without votes and an even population."""
        return np.where(self.space.withheld, 0.5, self.tally.probability(self.prior))

    def direction(self, rule: Rule | None = None) -> Direction:
        """The belief as one direction; see the module for the rules."""
        positive, negative = self.counts()
        match rule or self.rule:
            case "exact":
                return Direction(self.space, _exact(positive, negative))
            case "released":
                return Direction(self.space, _released(positive, negative, self.items))
            case "credible":
                leaning = np.where(self.space.withheld, 0.5, self.tally.leaning(self.prior))
                return Direction(self.space, (leaning >= CREDIBLE).astype(np.int8) - (leaning <= 1 - CREDIBLE))

    def draw(self, seed: int | str) -> Direction:
        """A direction that this person might hold: every dimension spoken of, on either side as likely as it is.

        Averaged over many draws, what rests on a doubtful dimension cancels out.
        """
        (places,) = self.tally.mentions.nonzero()
        chance = random.Random(seed)  # a generator of NumPy takes no text
        leaning = self.tally.leaning(self.prior)
        signs = np.zeros(len(self.space), dtype=np.int8)
        signs[places] = [1 if chance.random() < leaning[place] else -1 for place in places]
        return Direction(self.space, signs)

    def because(self, dimension_id: str) -> list[Vote]:
        """The votes on one dimension, the weightiest first: why it is believed, and what speaks against it."""
        self.space.index(dimension_id)
        mine = [vote for vote in self.votes if vote.dimension_id == dimension_id]
        return sorted(mine, key=lambda vote: (-vote.weight, vote.item))

    def contradictions(self) -> list[str]:
        """Dimensions with votes for both poles, in index order."""
        positive, negative = self.counts()
        return [self.space.dimensions[place].id for place in np.flatnonzero((positive > 0) & (negative > 0))]


_GRID = np.linspace(-160.0, 160.0, 1281)
"""Log-odds over which a Beta is integrated: an even prior of 0.1 a side has tails of e^-0.1x."""


def _beta(
    positive: NDArray[np.float64], negative: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds (G,), and the mass of Beta(positive, negative) at each, (dimensions, G)."""
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


def believe(persona: Persona, space: PreferenceSpace, *, prior: Prior | None = None, rule: Rule = "exact") -> Belief:
    """The belief that a persona's annotated evidence supports; items without a direction say nothing.

    Of what the space withholds (`PreferenceSpace.protected`) nothing is concluded, whatever items say.

    Args:
        prior: what is held of anybody, and how evidence counts.
    Raises:
        SpaceMismatch: an item was annotated in another space.
    """
    prior = prior or EVEN
    votes: list[Vote] = []
    tally = Tally(len(space))
    for place, item in enumerate(persona.evidence):
        if item.direction is None:
            continue
        item.direction.require(space, where=f"evidence {place}")
        kind, said = kind_of(item), item.direction.without_withheld(space)
        tally.add(said, kind, prior)
        votes.extend(_votes(said, place, kind, prior))
    return Belief(space, tuple(votes), tally.items, tally, prior, rule)


def aggregate(directions: Sequence[Direction], rule: Rule = "exact") -> Direction:
    """One direction from those of several items (AlignX, arXiv:2503.15463, section 4.2).

    Raises:
        RecordError: no direction given.
        SpaceMismatch: directions over different spaces.
    """
    if not directions:
        raise RecordError("no direction to aggregate; the persona has no annotated evidence")
    space, kind = directions[0].space, KINDS.index("told")
    tally = Tally(len(space))
    for i, direction in enumerate(directions):
        direction.require(space, where=f"direction {i}")
        tally.add(direction, kind, EVEN)
    votes = tuple(vote for i, direction in enumerate(directions) for vote in _votes(direction, i, kind, EVEN))
    return Belief(space, votes, len(directions), tally, EVEN, rule).direction()


def _votes(direction: Direction, item: int, kind: int, prior: Prior) -> list[Vote]:
    sure = direction.probabilities()[direction.signs.nonzero()].astype(np.float64)
    counts = prior.counts(kind, sure).tolist()
    return [Vote(d.id, sign, item, count) for (d, sign), count in zip(direction.poles(), counts, strict=True)]
