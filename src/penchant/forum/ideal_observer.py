"""The ideal observer: the best possible guess from the same evidence, by exact Bayes' rule on the simulated forum.

The ideal observer gets the same evidence as a method, but as stances (signs per dimension) instead of words, and it
knows the noise. The expected accuracy of its best guess is the limit for any method with these items. A person has at
most ten active dimensions, so all sign patterns over the dimensions that occur are enumerated.

Likelihoods, for a person with signs s on an item's dimensions: a comment or a description states s. In a pair one
answer states s and the other -s; the person chooses the first with probability 1 - `noise`, else the second.
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
    """Knows the forum's rule and its noise, and gets the same evidence as a method."""

    noise: float
    """Share of choices that go against the person, in [0, 0.5)."""

    def probability(self, record: Record, persona: Persona) -> float:
        """P(this person is recorded as preferring `record.chosen` | persona); 0.5 if the evidence says nothing."""
        target = _stance(record.direction)
        belief = posterior(persona, list(target), noise=self.noise)
        pattern = int("".join("1" if sign > 0 else "0" for sign in target.values()), 2)
        chosen, rejected = belief[pattern], belief[len(belief) - 1 - pattern]
        # evidence of another person may rule out both answers, although one of them must be the person's own
        share = chosen / (chosen + rejected) if chosen + rejected > 0 else 0.5
        return float((1 - self.noise) * share + self.noise * (1 - share))

    def covered(self, record: Record, persona: Persona) -> bool:
        """Whether the evidence mentions any dimension that the pair is about."""
        mentioned = {d for item in persona.evidence for d in _stance(item.direction)}
        return bool(mentioned & set(_stance(record.direction)))


def observer_of(records: Sequence[Record]) -> IdealObserver | None:
    """The observer of simulated records, with the noise they were made with.

    None for any other data, and for simulated people whose evidence carries an annotator's readings instead of the true
    stances.
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
        dimensions: indices of the dimensions in question; other dimensions in the evidence are summed out.
        noise: the forum's label noise, in [0, 0.5).
    Raises:
        RecordError: evidence without a direction (only simulated evidence has a known likelihood), or evidence that
            contradicts itself.
    """
    stances = [_stance(item.direction) for item in persona.evidence]
    mentioned = sorted({d for stance in stances for d in stance} | set(dimensions))
    signs = patterns(len(mentioned))
    column = {d: i for i, d in enumerate(mentioned)}
    weights = np.ones(len(signs))
    for item, stance in zip(persona.evidence, stances, strict=True):
        wrong = noise if isinstance(item, Comparison) else 0.0
        of_item = signs[:, [column[d] for d in stance]]
        stated = np.array(list(stance.values()), dtype=np.int8)
        agrees, opposes = (of_item == stated).all(1), (of_item == -stated).all(1)
        weights *= (1 - wrong) * agrees + wrong * opposes
    pattern = (signs[:, [column[d] for d in dimensions]] > 0) @ (1 << np.arange(len(dimensions))[::-1])
    marginal = np.bincount(pattern, weights=weights, minlength=1 << len(dimensions))
    if not marginal.any():
        raise RecordError("the evidence contradicts itself, so no person could have given it; show one person's only")
    return np.asarray(marginal / marginal.sum(), dtype=np.float64)


def patterns(count: int) -> NDArray[np.int8]:
    """All sign patterns over `count` dimensions, (2 ** count, count), in binary order with -1 first."""
    return np.array(list(product((-1, 1), repeat=count)), dtype=np.int8).reshape(1 << count, count)


def _stance(direction: Direction | None) -> dict[int, int]:
    if direction is None:
        raise RecordError("the ideal observer needs the stance of every item; only simulated records carry it")
    return {int(i): int(direction.signs[i]) for i in np.flatnonzero(direction.signs)}
