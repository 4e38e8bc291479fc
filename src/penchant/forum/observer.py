"""The ideal observer: Bayes' rule over the forum's own generating rule, exactly.

It reads the same evidence as a method does, but as stances instead of words, and knows the noise. The expected
accuracy of its best guess is the limit of what any method can reach from those items. At most ten dimensions are
active in a person, so all sign patterns of the dimensions in play are enumerated.

Likelihoods, for a person with signs s on an item's dimensions: a comment and a description state s; of a pair's
answers one states s and the other -s, and the person chooses the first, or the second with probability `noise`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.forum.simulate import DATASET
from penchant.persona import Comparison, Persona
from penchant.record import Record
from penchant.space import Direction


@dataclass(frozen=True, slots=True)
class IdealObserver:
    """Knows the forum's rule and reads the same evidence as a method."""

    noise: float
    """Share of choices that go against the person, in [0, 0.5)."""

    def probability(self, record: Record, persona: Persona) -> float:
        """P(this person is recorded as preferring `record.chosen` | persona); 0.5 when nothing is known."""
        asked = _stated(record.direction)
        belief = posterior(persona, list(asked), noise=self.noise)
        want = int("".join("1" if sign > 0 else "0" for sign in asked.values()), 2)
        chosen, rejected = belief[want], belief[len(belief) - 1 - want]
        # both are ruled out when the evidence is somebody else's: a person holds one answer of each pair
        holds = chosen / (chosen + rejected) if chosen + rejected > 0 else 0.5
        return float((1 - self.noise) * holds + self.noise * (1 - holds))

    def covered(self, record: Record, persona: Persona) -> bool:
        """Whether the evidence mentions any dimension that the pair is about."""
        mentioned = {d for item in persona.evidence for d in _stated(item.direction)}
        return bool(mentioned & set(_stated(record.direction)))


def observer_of(records: Sequence[Record]) -> IdealObserver | None:
    """The observer for simulated records, from the noise they were made with.

    None for any other data, and for simulated people whose evidence carries what an annotator read from it: that is not
    what they truly said.
    """
    if not records or records[0].provenance.dataset != DATASET:
        return None
    stances = (item.direction for record in records for item in record.persona.evidence)
    if any(direction is not None and direction.confidence is not None for direction in stances):
        return None
    return IdealObserver(float(json.loads(records[0].provenance.meta)["noise"]))


def posterior(persona: Persona, dimensions: Sequence[int], *, noise: float) -> NDArray[np.float64]:
    """P(signs on `dimensions` | persona), one probability per pattern of `patterns(len(dimensions))`.

    Args:
        dimensions: indices asked about; other dimensions in the evidence are summed out.
        noise: the forum's label noise, in [0, 0.5).
    Raises:
        RecordError: evidence without a direction (only simulated evidence has a known likelihood), or evidence that
            contradicts itself.
    """
    stated = [_stated(item.direction) for item in persona.evidence]
    mentioned = sorted({d for stance in stated for d in stance} | set(dimensions))
    signs = patterns(len(mentioned))
    place = {d: i for i, d in enumerate(mentioned)}
    weights = np.ones(len(signs))
    for item, stance in zip(persona.evidence, stated, strict=True):
        wrong = noise if isinstance(item, Comparison) else 0.0
        columns = signs[:, [place[d] for d in stance]]
        want = np.array(list(stance.values()), dtype=np.int8)
        agrees, opposes = (columns == want).all(1), (columns == -want).all(1)
        weights *= (1 - wrong) * agrees + wrong * opposes
    asked = (signs[:, [place[d] for d in dimensions]] > 0) @ (1 << np.arange(len(dimensions))[::-1])
    marginal = np.bincount(asked, weights=weights, minlength=1 << len(dimensions))
    if not marginal.any():
        raise RecordError("the evidence contradicts itself, so no person could have given it; show one person's only")
    return np.asarray(marginal / marginal.sum(), dtype=np.float64)


def patterns(count: int) -> NDArray[np.int8]:
    """All sign patterns over `count` dimensions, (2 ** count, count), in binary order with -1 first."""
    return np.array(list(product((-1, 1), repeat=count)), dtype=np.int8).reshape(1 << count, count)


def _stated(direction: Direction | None) -> dict[int, int]:
    if direction is None:
        raise RecordError("the ideal observer needs the stance of every item; only simulated records carry it")
    return {int(i): int(direction.signs[i]) for i in np.flatnonzero(direction.signs)}
