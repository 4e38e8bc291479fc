"""Shows beliefs about people, with each person's own evidence as reasons; `penchant show user` and `show users`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from penchant.correction import Correction
from penchant.errors import ConfigError
from penchant.person import meet
from penchant.persona import Item, Persona
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.annotators import Inferred, read_evidence
from penchant.runs.data import individual, read, report_space, space_for
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.explain import Explanation


@dataclass(frozen=True, slots=True)
class PersonEvidence:
    """The evidence of one person, before an annotator reads it."""

    persona: Persona
    positions: tuple[int, ...]
    """Position of each item: in the person's own file, or among the distinct items of their records."""
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed of some people; iterate for one `Explanation` per person, computed as it is needed."""

    people: Mapping[str, PersonEvidence]
    """User id -> evidence."""
    space: PreferenceSpace
    read: Inferred
    """What an annotator read from the evidence, or the evidence with the directions of the data."""
    reporter: Reporter = QUIET

    def __iter__(self) -> Iterator[Explanation]:
        from penchant.infer.explain import explain

        unread: list[str] = []
        for user_id, evidence in self.people.items():
            persona = evidence.persona.rewritten(lambda item: self.read.items[item])
            person = meet(persona, self.space, corrections=evidence.corrections, prior=self.read.prior)
            reasons = {
                index: self.read.set_aside[item]
                for index, item in enumerate(evidence.persona.evidence)
                if item in self.read.set_aside
            }
            explanation = explain(user_id, person, positions=evidence.positions, set_aside=reasons)
            if not explanation.beliefs and any(item.direction is None for item in persona.evidence):
                unread.append(user_id)
            yield explanation
        if unread:
            who = unread[0] if len(unread) == 1 else f"{len(unread):,} of {len(self.people):,} people"
            self.reporter.note(
                f"{who}: nothing is known, as the evidence carries no directions; `annotator` reads them from the texts"
            )


def beliefs(
    *,
    data: Path,
    annotator: str | Path | None = None,
    user: str | None = None,
    single: bool = False,
    limit: int | None = None,
    space: str | None = None,
    rejected: Path | None = None,
    neutral: bool = False,
    reporter: Reporter = QUIET,
) -> Beliefs:
    """What is believed of everybody in some data, or of one person.

    Args:
        data: records, or the JSON file of one person.
        annotator: reads directions from the evidence, in place of those in the data; see `open_annotator`.
        user: only this person: a user id, or the id of a record.
        single: refuse data of several people where `user` names none of them.
        limit: of records, see `runs.data.read`.
        neutral: make words of gender and age neutral before the annotator reads.
    Raises:
        ConfigError: nobody is called `user`, or the data holds several people where one is wanted.
        DataError, SpaceMismatch: see `runs.data.read`.
    """
    read_in = space_for(data, space)
    people = people_of(data, read_in, user=user, limit=limit, rejected=rejected, reporter=reporter)
    if single and len(people) > 1:
        raise ConfigError(f"{data} holds {len(people):,} people; name one with `user`, for instance {min(people)}")
    report_space(data, read_in, space, reporter=reporter)
    items = [item for person in people.values() for item in person.persona.evidence]
    if annotator is None:
        readings = Inferred({item: item for item in items})
    else:
        readings = read_evidence(annotator, items, read_in, neutral=neutral, reporter=reporter)
    return Beliefs(people, read_in, readings, reporter)


def people_of(
    data: Path,
    space: PreferenceSpace,
    *,
    user: str | None,
    limit: int | None = None,
    rejected: Path | None = None,
    reporter: Reporter = QUIET,
) -> dict[str, PersonEvidence]:
    """Everybody's evidence, pooled over all their records, or that of one person's own file.

    Args:
        user: only this person: a user id, or the id of a record.
        limit: of records, see `runs.data.read`.
    Raises:
        ConfigError: nobody is called `user`.
        DataError, SpaceMismatch: see `runs.data.read`.
    """
    if (person := individual(data, space, reporter=reporter)) is not None:
        if user not in (None, person.user_id):
            raise ConfigError(f"{data} is of user '{person.user_id}'; leave out `user`, or give another `data`")
        first: dict[Item, int] = {}
        for item, position in zip(person.persona.items, person.positions, strict=True):
            first.setdefault(item, position)
        return {person.user_id: PersonEvidence(Persona(tuple(first)), tuple(first.values()), person.corrections)}
    records = read(data, space, limit=limit, rejected=rejected, reporter=reporter)
    evidence: dict[str, dict[Item, None]] = {}
    for record in records:
        if user in (None, record.user_id, record.record_id):
            evidence.setdefault(record.person_id, {}).update(dict.fromkeys(record.persona.items))
    if not evidence:
        refuse_user(user, records[0])
    return {name: PersonEvidence(Persona(tuple(items)), tuple(range(len(items)))) for name, items in evidence.items()}


def refuse_user(user: str | None, first: Record) -> NoReturn:
    """Raises ConfigError: no record is of `user`; `first` is a record that there is."""
    raise ConfigError(f"no record is of user '{user}'; the first is of '{first.user_id}'")
