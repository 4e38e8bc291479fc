"""A person: everything that a method or scorer may know about the user whom a model answers.

Every method and scorer takes this one value, so a user's correction reaches all of them. A correction always outranks a
belief inferred from evidence.

Rule and prior of beliefs are fixed here and nowhere else: what a model is told of a person, what `show user` states and
what scorers weigh is one belief. The rule was chosen by measurement (docs/lab/rule.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from penchant.correction import Correction
from penchant.persona import Persona
from penchant.posterior import EVEN, Belief, Prior, Rule, believe
from penchant.record import Question, Record
from penchant.space import Direction, PreferenceSpace, Sign

RULE: Rule = "likely"
"""How a belief becomes a direction, see `penchant.posterior`."""
PRIOR: Prior = EVEN
"""The belief about anybody before evidence. It is even: nothing is concluded of a person from other people."""


@dataclass(frozen=True, slots=True)
class Person:
    """A persona, the belief inferred from it, and the person's own corrections."""

    persona: Persona = field(default_factory=Persona)
    belief: Belief | None = None
    corrections: tuple[Correction, ...] = ()
    """Oldest first; a later correction of the same dimension replaces an earlier one."""
    profile: Direction | None = None
    """A direction stated for this person, by a data file for example; it replaces the direction of the belief."""
    summary: str | None = None
    """A text about this person, for example by a language model. None: prompts describe the belief instead."""

    def direction(self) -> Direction | None:
        """The profile if there is one, else the direction of the belief; corrections then replace single dimensions.

        None when there is no profile, no correction and no belief with annotated evidence.
        """
        return self._direction(RULE)

    def clear(self) -> Direction | None:
        """The poles of `direction` that are certain: by a profile, a correction, or by the rule `credible`."""
        return self._direction("credible")

    def _direction(self, rule: Rule) -> Direction | None:
        if self.profile is not None:
            direction: Direction | None = self.profile
        elif self.belief is not None and self.belief.items:
            direction = self.belief.direction(rule)
        else:
            direction = self.belief.space.direction() if self.belief is not None and self.corrections else None
        return direction.overlaid(self.corrected()) if direction is not None else None

    def corrected(self) -> Mapping[str, Sign]:
        """Dimension id -> the sign of the latest correction."""
        return {correction.dimension_id: correction.sign for correction in self.corrections}

    def of_two_minds(self) -> list[str]:
        """Dimensions on which the evidence speaks for both poles and decides for none, and no correction decides it."""
        direction = self.direction()
        if self.belief is None or self.profile is not None or direction is None:
            return []
        settled = {*self.corrected(), *(dimension.id for dimension, _ in direction.poles())}
        return [dimension for dimension in self.belief.contradictions() if dimension not in settled]

    def leanings(self, space: PreferenceSpace) -> NDArray[np.float64]:
        """How far the person leans to the positive pole of each dimension, (dimensions,), in [-1, 1].

        2 P(positive) - 1 by the belief; the sign itself where a profile or a correction says it.

        Raises:
            SpaceMismatch: the profile is over another space.
        """
        if self.profile is not None:
            self.profile.require(space, where="profile")
            leanings = self.profile.signs.astype(np.float64)
        else:
            leanings = np.zeros(len(space)) if self.belief is None else 2 * self.belief.positive_probability() - 1
        for dimension_id, sign in self.corrected().items():
            leanings[space.index(dimension_id)] = sign
        return leanings


def meet(
    persona: Persona,
    space: PreferenceSpace,
    *,
    corrections: tuple[Correction, ...] = (),
    profile: Direction | None = None,
    summary: str | None = None,
) -> Person:
    """A person from a persona; the belief is computed here and nowhere else.

    Raises:
        SpaceError: a correction names a dimension that the space does not have.
        SpaceMismatch: the profile or an item of evidence is over another space.
    """
    for correction in corrections:
        space.index(correction.dimension_id)
    if profile is not None:
        profile.require(space, where="profile")
    belief = believe(persona, space, prior=PRIOR)
    return Person(persona, belief, corrections=corrections, profile=profile, summary=summary)


def meet_record(
    record: Record | Question,
    persona: Persona,
    space: PreferenceSpace,
    *,
    profile: Direction | None = None,
    summary: str | None = None,
) -> Person:
    """The person of a record, for a selected part of its persona. Training and evaluation both use this function.

    The profile is dropped when `persona` is empty, so that a condition without evidence reveals nothing of the person.

    Args:
        persona: the part of the record's persona that the prompt shows.
        profile: replaces the profile in the record.
        summary: a text about this person, by a language model.
    """
    stated = profile or record.profile
    return meet(persona, space, profile=stated if persona.evidence else None, summary=summary)
