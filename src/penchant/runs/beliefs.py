"""Shows beliefs about people, with each person's own evidence as reasons; `penchant show user` and `show users`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from penchant.correction import Correction
from penchant.errors import ConfigError
from penchant.person import Person, meet
from penchant.persona import Evidence, Item, Persona
from penchant.reporter import QUIET, Reporter
from penchant.runs.annotators import Inferred, annotator_for, read_evidence
from penchant.runs.data import (
    Data,
    as_data,
    evidence_of,
    individual,
    joined,
    opened,
    refuse,
    report_losses,
    report_space,
    space_for,
)
from penchant.shards.base import Entry, PersonItems
from penchant.space import Direction, PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.explain import Explanation


@dataclass(frozen=True, slots=True)
class PersonEvidence:
    """The evidence of one person, before an annotator reads it."""

    persona: Persona
    positions: tuple[int, ...]
    """Position of each item: in the person's own file, or among the distinct items of their records."""
    corrections: tuple[Correction, ...] = ()
    profile: Direction | None = None
    """The profile that all of the person's records state; None if they state none, or several."""

    def person(self, space: PreferenceSpace, read: Mapping[Evidence, Evidence] | None = None) -> Person:
        """The person of this evidence, as every prompt, explanation and scorer takes them.

        Args:
            read: each item -> the same item with the direction that an annotator read; None keeps the directions.
        """
        persona = self.persona if read is None else self.persona.rewritten(lambda item: read[item])
        return meet(persona, space, corrections=self.corrections, profile=self.profile)


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
            person = evidence.person(self.space, self.read.items)
            reasons = {
                index: self.read.set_aside[item]
                for index, item in enumerate(evidence.persona.evidence)
                if item in self.read.set_aside
            }
            explanation = explain(user_id, person, positions=evidence.positions, set_aside=reasons)
            if not explanation.beliefs and any(item.direction is None for item in person.persona.evidence):
                unread.append(user_id)
            yield explanation
        if not any(one.persona.evidence or one.corrections for one in self.people.values()):
            self.reporter.note("no record has evidence; `history` others makes a person's other rows their evidence")
        if unread:
            who = unread[0] if len(unread) == 1 else f"{len(unread):,} of {len(self.people):,} people"
            self.reporter.note(
                f"{who}: nothing is known, as the evidence carries no directions; `annotator` reads them from the texts"
            )


def beliefs(
    *,
    data: Path | Data,
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
        annotator: reads directions from the evidence, in place of those in the data; see `open_annotator`. None:
            penchant's own, if the data states none.
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
    stated = any(person.profile is not None for person in people.values())
    annotator = annotator_for(annotator, items, stated=stated, reporter=reporter)
    if annotator is None:
        readings = Inferred({item: item for item in items})
    else:
        readings = read_evidence(annotator, items, read_in, neutral=neutral, reporter=reporter)
    return Beliefs(people, read_in, readings, reporter)


def people_of(
    data: Path | Data,
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
    own = entries_of(data, space, limit=limit, rejected=rejected, reporter=reporter)
    chosen = {name: wanted for name, theirs in own.items() if (wanted := _of(user, name, theirs))}
    if not chosen:
        refuse_user(user, next(iter(own)))
    people = {name: _pooled(theirs) for name, theirs in chosen.items()}
    several = [name for name, theirs in chosen.items() if len(_profiles(theirs)) > 1]
    if several:
        who = several[0] if len(several) == 1 else f"{len(several):,} of {len(people):,} people"
        reporter.note(f"{who}: records state different profiles, which are left out; beliefs are from the evidence")
    return people


def entries_of(
    data: Path | Data,
    space: PreferenceSpace,
    *,
    limit: int | None = None,
    rejected: Path | None = None,
    reporter: Reporter = QUIET,
) -> dict[str, list[Entry]]:
    """Everything that some data says of each person: records, questions, and evidence alone, such as thumbs.

    Raises:
        DataError, SpaceMismatch: see `runs.data.read`.
    """
    own: dict[str, list[Entry]] = {}
    source = as_data(data)
    if source.history is not None or source.evidence is not None:
        with opened(data, space, rejected) as loaded:
            every = list(loaded.entries())
            report_losses(loaded, reporter)
        asked = [entry for entry in every if not isinstance(entry, PersonItems)]
        made = joined(asked, source, space, reporter=reporter) if asked or source.history is not None else []
        for entry in [*islice(made, limit), *(entry for entry in every if isinstance(entry, PersonItems))]:
            own.setdefault(entry.user_id if isinstance(entry, PersonItems) else entry.person_id, []).append(entry)
        if source.evidence is not None and not asked:
            for name, items in evidence_of(source.evidence, space, reporter=reporter).items():
                if name in own:
                    own[name].append(PersonItems(name, tuple(items)))
        if not own:
            refuse(loaded)
        return own
    with opened(data, space, rejected) as loaded:
        for entry in islice(loaded.entries(), limit):
            name = entry.user_id if isinstance(entry, PersonItems) else entry.person_id
            own.setdefault(name, []).append(entry)
        report_losses(loaded, reporter)
        if not own:
            refuse(loaded)
        if limit is not None and not loaded.counts.complete:
            reporter.note(f"{data}: only the first {limit:,} entries are read, as `limit` says, of {len(own):,} people")
    return own


def _of(user: str | None, name: str, entries: list[Entry]) -> list[Entry]:
    """The entries of a person that `user` names: all, or one record by its id."""
    if user in (None, name):
        return entries
    return [entry for entry in entries if not isinstance(entry, PersonItems) and entry.record_id == user]


def _profiles(entries: Sequence[Entry]) -> set[Direction | None]:
    return {entry.profile for entry in entries if not isinstance(entry, PersonItems)}


def items_of_entry(entry: Entry) -> tuple[Item, ...]:
    """The evidence in an entry."""
    return entry.items if isinstance(entry, PersonItems) else entry.persona.items


def _pooled(entries: Sequence[Entry]) -> PersonEvidence:
    """The evidence of one person's entries, each item once."""
    items = tuple(dict.fromkeys(item for entry in entries for item in items_of_entry(entry)))
    profiles = _profiles(entries)
    # a prompt without evidence shows no profile, see `meet_record`
    profile = next(iter(profiles)) if items and len(profiles) == 1 else None
    return PersonEvidence(Persona(items), tuple(range(len(items))), profile=profile)


def refuse_user(user: str | None, first: str | None) -> NoReturn:
    """Raises ConfigError: no record is of `user`; `first` is a person that there is."""
    raise ConfigError(f"no record is of user '{user}'; the first is of '{first}'")
