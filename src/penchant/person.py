"""A person: everything a method or decoder may know of whom it answers for.

One value goes to every method, scorer and decoder, so that what a person corrects reaches all of them. A correction
outranks inference for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from penchant.errors import SpaceError
from penchant.persona import Persona
from penchant.posterior import EVEN, Belief, Prior, Rule, believe
from penchant.record import Record
from penchant.space import Direction, PreferenceSpace, Sign


@dataclass(frozen=True, slots=True)
class Correction:
    """The person's own word on one dimension; 0 says "this is not about me"."""

    dimension_id: str
    sign: Sign

    def __post_init__(self) -> None:
        if self.sign not in (-1, 0, 1):
            raise SpaceError(f"correction of '{self.dimension_id}': sign {self.sign!r} is not -1, 0 or +1")


@dataclass(frozen=True, slots=True)
class Person:
    """Persona, what is believed of it, and the person's own corrections."""

    persona: Persona = field(default_factory=Persona)
    belief: Belief | None = None
    corrections: tuple[Correction, ...] = ()
    """Latest last; a later one on the same dimension replaces an earlier one."""
    profile: Direction | None = None
    """A direction stated for this person from outside; it stands in for the belief's."""
    summary: str | None = None
    """What was written of this person, by a language model say; None has the belief put into words."""

    def direction(self, rule: Rule | None = None) -> Direction | None:
        """What is held of this person: the stated profile or the belief, then the corrections on top.

        None when nothing at all is known: no belief with evidence, no profile, no correction.
        """
        if self.profile is not None:
            held: Direction | None = self.profile
        elif self.belief is not None and self.belief.items:
            held = self.belief.direction(rule)
        else:
            held = self.belief.space.direction() if self.belief is not None and self.corrections else None
        return held.overlaid(self.corrected()) if held is not None else None

    def corrected(self) -> Mapping[str, Sign]:
        """Dimension id -> the person's own last word."""
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
    """A person from a persona: the belief is computed here, in one place.

    Args:
        prior: what is held of anybody before evidence, and how evidence counts.
    Raises:
        SpaceError: a correction names a dimension that the space does not have.
        SpaceMismatch: the profile or an item of evidence is over another space.
    """
    for correction in corrections:
        space.index(correction.dimension_id)
    if profile is not None:
        profile.require(space, where="profile")
    return Person(persona, believe(persona, space, prior=prior), corrections, profile, summary)


def meet_record(
    record: Record,
    persona: Persona,
    space: PreferenceSpace,
    *,
    profile: Direction | None = None,
    summary: str | None = None,
) -> Person:
    """The person behind a record, as far as `persona` shows them: the same in training and in evaluation.

    A profile counts only beside evidence, so that settings that show no evidence reveal nothing.

    Args:
        persona: the part of the record's evidence that is shown.
        profile: stands in for the profile that the record states.
        summary: what a language model wrote about this person.
    """
    stated = profile or record.profile
    return meet(persona, space, profile=stated if persona.evidence else None, summary=summary)
