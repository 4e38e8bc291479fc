"""The training set: which pairs of which person, with which evidence, are in each row.

A row is one person with a fresh draw of evidence: UGC (comments), PAIR (choices), DEMO (a description) or mixed. These
kinds are those of AlignX, arXiv:2503.15463; drawing afresh in every round is our own choice. All pairs of the row share
this evidence, so they are computed as branches of one tree. The draw is a function of (seed, person, round): ICA and
PBA get the same draws, and a resumed run gets the same rows. Evidence never contains a target.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import assert_never

from penchant.errors import TrainingError
from penchant.history import gives_away
from penchant.message import Conversation, Message, as_dicts, as_text
from penchant.method import Method
from penchant.model.budget import prompt_budget
from penchant.model.chat import ChatTokenizer
from penchant.model.tree import Branch, Packed, pack
from penchant.person import Person, meet_record
from penchant.persona import (
    Comment,
    Comparison,
    Demographics,
    Evidence,
    Item,
    Persona,
    PersonaKind,
    Rating,
    Statement,
)
from penchant.record import Question, Record
from penchant.render import BRIDGES, Budget, Layout
from penchant.space import Direction, PreferenceSpace

KINDS: tuple[PersonaKind, ...] = ("ugc", "pair", "demo", "mixed")
"""Kinds of evidence that a round may draw."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One person in one round of training."""

    person: int
    round: int
    mate: int | None = None
    """A person in the same batch who chose the opposite answer in some of the same pairs."""


@dataclass(frozen=True)
class TrainingSet:
    """The people to train on, with all that turns one of their rows into token trees."""

    people: tuple[tuple[Record, ...], ...]
    """The records of each person; a record without a user id is a person of its own."""
    space: PreferenceSpace
    method: Method
    tokenizer: ChatTokenizer
    layout: Layout
    seed: int
    pairs_per_person: int
    max_prompt_tokens: int | None
    golden_share: float = 0.0
    """Share of rows with the person's true direction as the profile."""
    summary: Callable[[Persona], str | None] = lambda _persona: None
    """Gives the written summary of a persona; None: the method puts the belief into words."""
    max_tree_tokens: int | None = None
    """Most packed tokens of one tree; larger rows become several trees, each of which repeats the persona."""

    def rows(self, count: int) -> list[TrainingRow]:
        """`count` rows: every person once per round, in a fresh order each round, mates next to each other.

        Mates chose opposite answers in the same pairs. Both in one batch cancel exactly what the pairs say about the
        answers alone, and leave what they say about the people: less noise, at no cost.
        """
        rows: list[TrainingRow] = []
        for round_ in range(-(-count // len(self.people))):
            rng = random.Random(f"order:{self.seed}:{round_}")
            for person, mate in _couples(self.people, self._people_by_choice, rng):
                rows.append(TrainingRow(person, round_, mate))
                if mate is not None:
                    rows.append(TrainingRow(mate, round_, person))
        return rows[:count]

    def records(self, row: TrainingRow) -> list[Record]:
        """The pairs of a row, at most `pairs_per_person`; over the rounds every pair of a person has its turn.

        With a mate, the pairs that the two share come first, in the same order for both. At least one pair is not
        shared, if the person has others. Where the pairs themselves are all the evidence that there is (each record
        holds the person's others), half of them are asked about and the others are shown.
        """
        drawn = self._drawn(row)
        if not self.shows_own_pairs(row.person, drawn):
            return drawn
        half = (len(drawn) + 1) // 2
        return drawn[:half] if row.mate is not None else _cycle(drawn, row.round * half, half)

    def shows_own_pairs(self, person: int, drawn: Sequence[Record]) -> bool:
        """Whether a person's only evidence are the pairs that would be drawn, so that nothing would be left to show."""
        records = self.people[person]
        return (
            len(drawn) > 1
            and any(r.persona.items for r in records)
            and not _without(pooled(records), records, drawn).items
        )

    def _drawn(self, row: TrainingRow) -> list[Record]:
        records, size = self.people[row.person], self.pairs_per_person
        if len(records) <= size:
            return list(records)
        if row.mate is None:
            return _cycle(records, row.round * size, size)
        shared, others = self._shared(row.person, row.mate)
        kept = _cycle(shared, row.round * size, size - bool(others))
        return [*kept, *_cycle(others, row.round, size - len(kept))]

    @cached_property
    def _people_by_choice(self) -> dict[tuple[Conversation, str, str], list[int]]:
        """(prompt, chosen, rejected) -> the people who chose so."""
        people: dict[tuple[Conversation, str, str], list[int]] = {}
        for person, records in enumerate(self.people):
            for record in records:
                people.setdefault((record.prompt, record.chosen, record.rejected), []).append(person)
        return people

    def _shared(self, person: int, mate: int) -> tuple[list[Record], list[Record]]:
        """The person's records of which the mate chose the opposite, in the same order for both; and the others."""
        mirrors = {(record.prompt, record.rejected, record.chosen) for record in self.people[mate]}
        shared: list[Record] = []
        others: list[Record] = []
        for record in self.people[person]:
            (shared if (record.prompt, record.chosen, record.rejected) in mirrors else others).append(record)
        return sorted(shared, key=lambda r: (as_text(r.prompt), *sorted((r.chosen, r.rejected)))), others

    def person(self, row: TrainingRow) -> Person:
        """The person of a row with the evidence drawn for it."""
        records = self.people[row.person]
        rng = random.Random(f"draw:{self.seed}:{records[0].person_id}:{row.round}")
        persona = self._evidence(_history(records, self.records(row), rng), records[0], rng)
        golden = records[0].golden if rng.random() < self.golden_share else None
        return meet_record(records[0], persona, self.space, profile=golden, summary=self.summary(persona))

    def _evidence(self, persona: Persona, record: Record, rng: random.Random) -> Persona:
        for kind in rng.sample(KINDS, len(KINDS)):
            selection = persona.select(kind, seed=str(rng.random()))
            if self.can_show(selection, record):
                return selection
        return persona

    def can_show(self, selection: Persona, record: Record) -> bool:
        """Whether the method has something to show of a part of a person's evidence: evidence, or directions of it."""
        if self.method.content not in BRIDGES or record.profile is not None:
            return bool(selection.evidence)
        return any(item.direction is not None for item in selection.evidence)

    def trees(self, row: TrainingRow) -> list[Packed]:
        """The tree of a row; several trees if one would exceed `max_tree_tokens`. Pairs keep their order."""
        branches = self.branches(self.person(row), self.records(row))
        tree = pack(branches)
        if self.max_tree_tokens is None or len(tree.ids) <= self.max_tree_tokens:
            return [tree]
        trees: list[Packed] = []
        start = 0
        for stop in range(1, len(branches) + 1):
            last = stop == len(branches)
            if last or len(pack(branches[start : stop + 1]).ids) > self.max_tree_tokens:
                trees.append(pack(branches[start:stop]))
                start = stop
        return trees

    def branches(self, person: Person, records: Sequence[Record]) -> list[Branch]:
        """The tokens of some pairs under a person's prompt, each as chosen, then rejected.

        Raises:
            RecordError: the method has nothing to show about the person, or a prompt alone is beyond the budget.
            ModelError: the chat template cannot write the conversation.
        """
        pairs = [(self.messages(person, record), (record.chosen, record.rejected)) for record in records]
        return [Branch(encoded.prompt, encoded.answers) for encoded in self.tokenizer.encode_all(pairs)]

    def conversations(self, row: TrainingRow) -> list[dict[str, list[dict[str, str]]]]:
        """The pairs of a row as `prompt`, `chosen` and `rejected` turns, the format of TRL."""
        person = self.person(row)
        return [
            {
                "prompt": as_dicts(self.tokenizer.turns(self.messages(person, record))),
                "chosen": as_dicts([Message("assistant", self.tokenizer.plain(record.chosen))]),
                "rejected": as_dicts([Message("assistant", self.tokenizer.plain(record.rejected))]),
            }
            for record in self.records(row)
        ]

    def messages(self, person: Person, record: Record) -> tuple[Message, ...]:
        """The prompt of one pair; it fits the model's context together with either answer.

        Raises:
            RecordError, ModelError: as `branches`.
        """
        budget = self.budget((record.chosen, record.rejected))
        return self.method.messages(person, record.prompt, layout=self.layout, budget=budget).messages

    def budget(self, answers: Sequence[str]) -> Budget | None:
        """The token budget of a prompt with some answers; None where neither a setting nor the model limits it."""
        return prompt_budget(self.tokenizer, answers, max_prompt_tokens=self.max_prompt_tokens)


def people(records: Sequence[Record]) -> tuple[tuple[Record, ...], ...]:
    """Records grouped by user, in order of first appearance.

    Records of one user with different profiles become several people, because one tree has one profile.

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
    """The persona that a person's tree may draw evidence from: that of their records, without the targets.

    In real files every record has its own persona. Then items are drawn from all of them, as many of each kind as one
    record has: all pairs of the person share one history, and every round has another one.
    """
    if all(record.persona == records[0].persona for record in records):
        return _without(records[0].persona, records, targets)
    allowed = _without(pooled(records), records, targets)
    like = Counter(map(type, rng.choice([r for r in records if r.persona.items]).persona.evidence))
    kept: set[int] = set()
    for kind, count in like.items():
        of_kind = [index for index, item in enumerate(allowed.items) if type(item.evidence) is kind]
        kept.update(rng.sample(of_kind, min(count, len(of_kind))))
    return Persona(tuple(allowed.items[index] for index in sorted(kept)))


def pooled(records: Sequence[Record | Question]) -> Persona:
    """The evidence of all records of one person, each item once."""
    return Persona(tuple(dict.fromkeys(item for record in records for item in record.persona.items)))


def _without(persona: Persona, records: Sequence[Record], targets: Sequence[Record]) -> Persona:
    """Evidence of a person, who has these records, without items that give a target away.

    Such are a choice or a rating under its prompt with one of its answers, and a comment that is its chosen text. Other
    choices under the same prompt stay, as some sources have one prompt for everything; but rows that `--history` made
    evidence (their ids are those of the person's records) are held back as there, see `history.gives_away`.
    """
    rows = {record.record_id for record in records}
    judged = {(record.task, answer) for record in targets for answer in (record.chosen, record.rejected)}
    written = {record.chosen for record in targets}

    def names_a_target(item: Evidence) -> bool:
        match item:
            case Comparison():
                return (item.prompt, item.chosen) in judged or (item.prompt, item.rejected) in judged
            case Rating():
                return (item.prompt, item.answer) in judged
            case Comment():
                return item.text in written
            case Demographics() | Statement():
                return False
            case _:
                assert_never(item)

    def kept(item: Item) -> bool:
        if item.id in rows:
            return not any(gives_away(item.evidence, target) for target in targets)
        return not names_a_target(item.evidence)

    return Persona(tuple(item for item in persona.items if kept(item)))


def _couples(
    people: Sequence[Sequence[Record]],
    people_by_choice: Mapping[tuple[Conversation, str, str], Sequence[int]],
    rng: random.Random,
) -> Iterator[tuple[int, int | None]]:
    """Every person once, in random order, with a mate where somebody free chose the opposite in one of their pairs."""
    taken: set[int] = set()
    for person in rng.sample(range(len(people)), len(people)):
        if person in taken:
            continue
        mate = None
        # one draw per pair: people who share more pairs are drawn more often, and a pair of thousands costs no more
        for record in rng.sample(people[person], len(people[person])):
            opposite = people_by_choice.get((record.prompt, record.rejected, record.chosen))
            other = rng.choice(opposite) if opposite else person
            if other != person and other not in taken:
                mate = other
                break
        taken.update((person,) if mate is None else (person, mate))
        yield person, mate


def _cycle(records: Sequence[Record], start: int, count: int) -> list[Record]:
    """`count` records from index `start` on, wrapping around; each at most once."""
    return [records[(start + i) % len(records)] for i in range(min(count, len(records)))]
