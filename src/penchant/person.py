"""A person: everything that a method or scorer may know about the user whom a model answers.

Every method and scorer takes this one value, so a user's correction reaches all of them. A correction always outranks a
belief inferred from evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from penchant.correction import Correction
from penchant.persona import Persona
from penchant.posterior import EVEN, Belief, Prior, Rule, believe
from penchant.record import Record
from penchant.space import Direction, PreferenceSpace, Sign


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

    def direction(self, rule: Rule | None = None) -> Direction | None:
        """The profile if there is one, else the direction of the belief; corrections then replace single dimensions.

        None when there is no profile, no correction and no belief with annotated evidence.

        Args:
            rule: how the belief becomes a direction, see `penchant.posterior`; None takes the belief's own rule.
        """
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


def meet(
    persona: Persona,
    space: PreferenceSpace,
    *,
    corrections: tuple[Correction, ...] = (),
    profile: Direction | None = None,
    summary: str | None = None,
    prior: Prior = EVEN,
) -> Person:
    """A person from a persona; the belief is computed here and nowhere else.

    Args:
        prior: the belief before any evidence, and the weights of evidence.
    Raises:
        SpaceError: a correction names a dimension that the space does not have.
        SpaceMismatch: the profile or an item of evidence is over another space.
    """
    for correction in corrections:
        space.index(correction.dimension_id)
    if profile is not None:
        profile.require(space, where="profile")
    belief = believe(persona, space, prior=prior)
    return Person(persona, belief, corrections=corrections, profile=profile, summary=summary)


def meet_record(
    record: Record,
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
