"""Which person's pairs, with which evidence, make up each row of training.

A row is one person and one fresh draw of evidence (kinds UGC, PAIR, DEMO or mixed, as paper.md section 2 proposes);
all of the person's pairs hang under it. The draw is a function of (seed, person, round), so that ICA and PBA see the
same draws and a resumed run the same rows. No target is ever part of the evidence.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import assert_never

from penchant.errors import RecordError, TrainingError
from penchant.method import Method, is_known
from penchant.model.local import ChatTokenizer
from penchant.model.tree import Branch, Packed, pack
from penchant.person import Person, meet_record
from penchant.persona import (
    Comment,
    Comparison,
    Demographics,
    Evidence,
    Persona,
    PersonaKind,
    Rating,
    Statement,
)
from penchant.record import Record
from penchant.render import Budget, Layout, Message
from penchant.space import Direction, PreferenceSpace

_KINDS: tuple[PersonaKind, ...] = ("ugc", "pair", "demo", "mixed")


@dataclass(frozen=True, slots=True)
class Row:
    """One person in one round of training."""

    person: int
    round: int
    mate: int | None = None
    """A person in the same batch who was asked some of the same and chose the opposite."""


@dataclass(frozen=True)
class TrainingSet:
    """All people of a training set, ready to be planted as trees."""

    people: tuple[tuple[Record, ...], ...]
    """Records of one person each; records without a user id are people of their own."""
    space: PreferenceSpace
    method: Method
    tokenizer: ChatTokenizer
    layout: Layout
    seed: int
    pairs_per_person: int
    max_prompt_tokens: int | None
    golden_share: float = 0.0
    summary: Callable[[Persona], str | None] = lambda _persona: None
    """What was written of somebody who shows this evidence; None has the belief put into words."""
    max_tree_tokens: int | None = None
    """Packed tokens of one tree; a person with more is computed in several, each with the persona again."""

    def rows(self, count: int) -> list[Row]:
        """`count` rows: every person once per round, in a fresh order each round, mirrors next to each other.

        Where two people were asked the same and chose the opposite, having both in one batch cancels exactly what
        their pairs say of the answers alone, and leaves what they say of the people: less noise, at no cost.
        """
        rows: list[Row] = []
        for round_ in range(-(-count // len(self.people))):
            rng = random.Random(f"order:{self.seed}:{round_}")
            for person, mate in _couples(self.people, self._chose, rng):
                rows.append(Row(person, round_, mate))
                if mate is not None:
                    rows.append(Row(mate, round_, person))
        return rows[:count]

    def records(self, row: Row) -> list[Record]:
        """The pairs of a row. A person with more than `pairs_per_person` is asked about all of them in turn.

        Beside a mate those come first that the two share, the same for both, and one place at least is for the others.
        """
        records, size = self.people[row.person], self.pairs_per_person
        if len(records) <= size:
            return list(records)
        if row.mate is None:
            return _turn(records, row.round * size, size)
        shared, others = self._shared(row.person, row.mate)
        kept = _turn(shared, row.round * size, size - bool(others))
        return [*kept, *_turn(others, row.round, size - len(kept))]

    @cached_property
    def _chose(self) -> dict[tuple[str, str, str], list[int]]:
        """Who chose what over what."""
        chose: dict[tuple[str, str, str], list[int]] = {}
        for place, records in enumerate(self.people):
            for record in records:
                chose.setdefault((record.prompt, record.chosen, record.rejected), []).append(place)
        return chose

    def _shared(self, person: int, mate: int) -> tuple[list[Record], list[Record]]:
        """A person's records whose mirror the mate has, in an order that is the same for both, and the others."""
        theirs = {(record.prompt, record.rejected, record.chosen) for record in self.people[mate]}
        shared: list[Record] = []
        others: list[Record] = []
        for record in self.people[person]:
            (shared if (record.prompt, record.chosen, record.rejected) in theirs else others).append(record)
        return sorted(shared, key=lambda r: (r.prompt, *sorted((r.chosen, r.rejected)))), others

    def person(self, row: Row) -> Person:
        """The person of a row with the evidence drawn for it."""
        records = self.people[row.person]
        rng = random.Random(f"draw:{self.seed}:{records[0].person_id}:{row.round}")
        persona = self._evidence(_history(records, self.records(row), rng), rng)
        golden = records[0].golden if rng.random() < self.golden_share else None
        return meet_record(records[0], persona, self.space, profile=golden, summary=self.summary(persona))

    def _evidence(self, persona: Persona, rng: random.Random) -> Persona:
        for kind in rng.sample(_KINDS, len(_KINDS)):
            shown = persona.select(kind, seed=str(rng.random()))
            if shown.evidence:
                return shown
        return persona

    def plant(self, row: Row) -> list[Packed]:
        """The tree of a row, or several where one would be beyond `max_tree_tokens`; pairs keep their order."""
        branches = self.branches(self.person(row), self.records(row))
        whole = pack(branches)
        if self.max_tree_tokens is None or len(whole.ids) <= self.max_tree_tokens:
            return [whole]
        trees: list[Packed] = []
        start = 0
        for stop in range(1, len(branches) + 1):
            last = stop == len(branches)
            if last or len(pack(branches[start : stop + 1]).ids) > self.max_tree_tokens:
                trees.append(pack(branches[start:stop]))
                start = stop
        return trees

    def branches(self, person: Person, records: Sequence[Record]) -> list[Branch]:
        """Pairs as asked of a person.

        Raises:
            RecordError: the method has nothing to show of the person, or a task alone is beyond the budget.
        """
        asked = [(self._messages(person, record), (record.chosen, record.rejected)) for record in records]
        return [Branch(encoded.prompt, encoded.answers) for encoded in self.tokenizer.encode_all(asked)]

    def conversations(self, row: Row) -> list[dict[str, list[Message]]]:
        """The pairs of a row as `prompt`, `chosen` and `rejected` turns, as TRL takes them."""
        person = self.person(row)
        return [
            {
                "prompt": list(self._messages(person, record)),
                "chosen": [{"role": "assistant", "content": record.chosen}],
                "rejected": [{"role": "assistant", "content": record.rejected}],
            }
            for record in self.records(row)
        ]

    def _messages(self, person: Person, record: Record) -> tuple[Message, ...]:
        return self.method.messages(person, record.prompt, layout=self.layout, budget=self.budget()).messages

    def budget(self) -> Budget | None:
        """The bound on prompts, if there is one."""
        return Budget(self.max_prompt_tokens, self._count) if self.max_prompt_tokens else None

    def _count(self, messages: Sequence[Message]) -> int:
        return len(self.tokenizer.prompt_ids(messages))


def people(records: Sequence[Record]) -> tuple[tuple[Record, ...], ...]:
    """Records grouped by user, in order of first appearance.

    Records of one user under different profiles are people of their own, as their tree could not share it.

    Raises:
        TrainingError: no records.
    """
    if not records:
        raise TrainingError("no records to train on")
    grouped: dict[tuple[str, Direction | None], list[Record]] = {}
    for record in records:
        grouped.setdefault((record.user_id or f"record:{record.record_id}", record.profile), []).append(record)
    return tuple(map(tuple, grouped.values()))


def _history(records: Sequence[Record], targets: Sequence[Record], rng: random.Random) -> Persona:
    """What a person's tree may show: the persona that their records share, less the targets.

    Real files give every record a persona of its own. Then as many items of each kind as one of the records has are
    drawn from all of them, so that one history can be shared by all of the person's pairs and is another every time.
    """
    if all(record.persona == records[0].persona for record in records):
        return _without(records[0].persona, targets)
    allowed = _without(pooled(records), targets).evidence
    like = Counter(map(type, rng.choice([r for r in records if r.persona.evidence]).persona.evidence))
    kept: set[int] = set()
    for kind, count in like.items():
        places = [place for place, item in enumerate(allowed) if type(item) is kind]
        kept.update(rng.sample(places, min(count, len(places))))
    return Persona(tuple(allowed[place] for place in sorted(kept)))


def pooled(records: Sequence[Record]) -> Persona:
    """All that the records of one person show of them, each item once."""
    return Persona(tuple(dict.fromkeys(item for record in records for item in record.persona.evidence)))


def _without(persona: Persona, targets: Sequence[Record]) -> Persona:
    """The persona less whatever holds the answer to a target: its choice, a thumb on it, or the text itself as theirs.

    Other choices under the same prompt stay: some sources have one prompt for everything.
    """
    chosen = {(record.prompt, record.chosen) for record in targets}
    judged = chosen | {(record.prompt, record.rejected) for record in targets}
    written = {record.chosen for record in targets}

    def tells(item: Evidence) -> bool:
        match item:
            case Comparison():
                return (item.prompt, item.chosen) in chosen
            case Rating():
                return (item.prompt, item.answer) in judged
            case Comment():
                return item.text in written
            case Demographics() | Statement():
                return False
            case _:
                assert_never(item)

    return Persona(tuple(item for item in persona.evidence if not tells(item)))


def _couples(
    people: Sequence[Sequence[Record]], chose: Mapping[tuple[str, str, str], Sequence[int]], rng: random.Random
) -> Iterator[tuple[int, int | None]]:
    """Everybody once, in a random order: beside somebody who chose the opposite of one of their pairs, or alone."""
    taken: set[int] = set()
    for place in rng.sample(range(len(people)), len(people)):
        if place in taken:
            continue
        mate = None
        # one look per pair: who shares more is found more often, and a pair that thousands judged costs no more
        for record in rng.sample(people[place], len(people[place])):
            opposite = chose.get((record.prompt, record.rejected, record.chosen))
            other = rng.choice(opposite) if opposite else place
            if other != place and other not in taken:
                mate = other
                break
        taken.update((place,) if mate is None else (place, mate))
        yield place, mate


def _turn(records: Sequence[Record], start: int, count: int) -> list[Record]:
    """`count` records from a place on, going round; all of them where there are no more."""
    return [records[(start + i) % len(records)] for i in range(min(count, len(records)))]


def refuse_unusable(grove: TrainingSet, *, progress: Callable[[int], None] | None = None) -> int:
    """Checks, before training starts, that every record can be shown by the method and fits the budget.

    Returns:
        The number of people without any evidence. They are trained on the bare prompt, as they are evaluated.

    Raises:
        TrainingError: a record cannot be shown, or nobody has evidence; it names the record.
    """
    bare = 0
    for place, records in enumerate(grove.people):
        person = grove.person(Row(place, 0))
        bare += not is_known(person)
        # without budgets, whether a record can be shown depends on the person alone
        for record in records if grove.max_prompt_tokens or grove.max_tree_tokens else records[:1]:
            _check(grove, record, person)
        # a later round may draw one kind of evidence alone
        for kind in _KINDS[:-1]:
            shown = records[0].persona.select(kind)
            if shown.evidence:
                _check(grove, records[0], meet_record(records[0], shown, grove.space))
        if progress is not None:
            progress(1)
    if bare == len(grove.people) and grove.method.content != "none":
        raise TrainingError(
            f"cannot train {grove.method.name} on record {grove.people[0][0].record_id}: the persona has no evidence, "
            "and neither has any other; give evidence, or train with method 'universal'"
        )
    return bare


def _check(grove: TrainingSet, record: Record, person: Person) -> None:
    try:
        tokens = len(pack(grove.branches(person, [record])).ids)
    except RecordError as error:
        raise TrainingError(f"cannot train {grove.method.name} on record {record.record_id}: {error}") from error
    if grove.max_tree_tokens is not None and tokens > grove.max_tree_tokens:
        raise TrainingError(
            f"record {record.record_id} alone has {tokens} tokens, max_tree_tokens is {grove.max_tree_tokens}; "
            "raise it, or lower max_prompt_tokens"
        )
