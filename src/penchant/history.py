"""Evidence from a person's other choices: rows of one person become the history of the rest.

A row is never shown its own choice, another choice under the same prompt, or a choice that holds one of its answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from penchant.errors import ConfigError
from penchant.persona import Comparison, Evidence, Item, Persona, Rating
from penchant.record import Question, Record

Asked = Record | Question
"""What may be shown a history: a choice, or a question without answers."""

LONG = 5
"""Least words of an answer that counts as given away inside a longer text; shorter ones occur by chance."""
MOST = 200
"""Most items that a row is shown of the others; the latest are kept."""
_SHAPE = "give others, earlier, or first:K with a whole number K"


@dataclass(frozen=True, slots=True)
class History:
    """Which of a person's rows become evidence for which."""

    kind: Literal["others", "earlier", "first"]
    count: int = 0
    """Rows of each person that become history, for `first`."""

    @classmethod
    def parse(cls, text: str) -> History:
        """`others`, `earlier` or `first:K`. Raises ConfigError for another text."""
        name, _, count = text.partition(":")
        if name in ("others", "earlier") and not count:
            return cls("others" if name == "others" else "earlier")
        if name == "first" and count.isdecimal() and int(count) > 0:
            return cls("first", int(count))
        raise ConfigError(f"`history` {text}: {_SHAPE}")


@dataclass(frozen=True, slots=True)
class Historied:
    """Records with the evidence from other rows, and what happened to the rows."""

    records: list[Asked]
    items: int
    """Items of evidence that were added, over all records."""
    as_history: int
    """Rows that became history and are not asked about (`first:K`)."""
    dropped: Mapping[str, int]
    """Reason -> rows that are left out."""
    withheld: int
    """Items that were not shown to a row, as they have its prompt or one of its answers."""


def with_history(records: Sequence[Asked], history: History) -> Historied:
    """The records with evidence from the same person's other rows, after any evidence of their own.

    Records keep their order. Records without a user have no other rows. Questions have a history and are none.

    Raises:
        ConfigError: `earlier` is asked of records of which none has a time.
    """
    if history.kind == "earlier" and records and all(record.at is None for record in records):
        raise ConfigError("`history` earlier needs the time of each row; name its column with --columns at=…")
    people: dict[str, list[Asked]] = {}
    for record in records:
        people.setdefault(record.person_id, []).append(record)
    made = {name: _of_person(theirs, history) for name, theirs in people.items()}
    kept = {id(before): after for one in made.values() for before, after in one.pairs}
    dropped: dict[str, int] = {}
    for one in made.values():
        for reason in one.reasons:
            dropped[reason] = dropped.get(reason, 0) + 1
    return Historied(
        records=[kept[id(record)] for record in records if id(record) in kept],
        items=sum(one.items for one in made.values()),
        as_history=sum(one.as_history for one in made.values()),
        dropped=dropped,
        withheld=sum(one.withheld for one in made.values()),
    )


@dataclass(slots=True)
class _Person:
    pairs: list[tuple[Asked, Asked]]
    """A record as it was, and with its history."""
    reasons: list[str]
    items: int = 0
    as_history: int = 0
    withheld: int = 0


def _of_person(records: Sequence[Asked], history: History) -> _Person:
    made = _Person([], [])
    if history.kind == "first":
        return _first(records, history.count, made)
    choices = [record for record in records if isinstance(record, Record)]
    items = {id(record): item_of(record) for record in choices}
    for record in records:
        if history.kind == "others":
            others = [one for one in choices if one is not record]
        elif record.at is None:
            made.reasons.append("no time, so nothing is earlier")
            continue
        else:
            dated = [one for one in choices if one.at is not None and one.at < record.at]
            others = sorted(dated, key=lambda one: one.at)  # type: ignore[arg-type, return-value]
        shown = [one for one in others if not gives_away(items[id(one)].evidence, record)]
        made.withheld += len(others) - len(shown)
        shown = shown[-MOST:]
        made.items += len(shown)
        made.pairs.append((record, _added(record, [items[id(one)] for one in shown])))
    return made


def _first(records: Sequence[Asked], count: int, made: _Person) -> _Person:
    """The first rows are history, the rest are asked about: all questions of a person share one beginning."""
    ordered = list(records)
    if all(record.at is not None for record in ordered):
        ordered.sort(key=lambda one: one.at)  # type: ignore[arg-type, return-value]
    shown = [record for record in ordered if isinstance(record, Record)][:count]
    asked = [record for record in ordered if not any(record is one for one in shown)]
    if not asked:
        made.reasons += [f"the person has no more than {count} rows"] * len(shown)
        return made
    made.as_history = len(shown)
    items = [item_of(record) for record in shown]
    for record in asked:
        if any(gives_away(item.evidence, record) for item in items):
            made.reasons.append("the history holds its prompt or one of its answers")
            continue
        made.items += len(items)
        made.pairs.append((record, _added(record, items)))
    return made


def item_of(record: Record) -> Item:
    """A choice as evidence."""
    return Item(
        Comparison(record.task, chosen=record.chosen, rejected=record.rejected), id=record.record_id, at=record.at
    )


def gives_away(item: Evidence, record: Asked) -> bool:
    """Whether an item has the prompt of a record, or one of its answers, also as a part of a longer text."""
    answers = [record.chosen.strip(), record.rejected.strip()] if isinstance(record, Record) else []
    if isinstance(item, Comparison | Rating) and item.prompt.strip() == record.task.strip():
        return True
    match item:
        case Comparison():
            texts = [item.chosen.strip(), item.rejected.strip()]
        case Rating():
            texts = [item.answer.strip()]
        case _:
            texts = [item.text.strip()]
    return any(_same(answer, text) for answer in answers for text in texts)


def _same(answer: str, text: str) -> bool:
    """Whether two texts are equal, or the shorter one, if it has some words, is a part of the other."""
    if answer == text:
        return True
    shorter, longer = (answer, text) if len(answer) <= len(text) else (text, answer)
    return shorter in longer and len(shorter.split()) >= LONG


def _added(record: Asked, items: Iterable[Item]) -> Asked:
    return replace(record, persona=Persona((*record.persona.items, *items)))


def with_evidence(records: Sequence[Asked], evidence: Mapping[str, Sequence[Item]]) -> Historied:
    """The records with further evidence of their people, such as comments from another file.

    Args:
        evidence: user id -> items.
    """
    made: list[Asked] = []
    added = withheld = 0
    for record in records:
        items = evidence.get(record.user_id, ()) if record.user_id is not None else ()
        shown = [item for item in items if not gives_away(item.evidence, record)][-MOST:]
        withheld += len(items) - len(shown)
        added += len(shown)
        made.append(_added(record, shown) if shown else record)
    return Historied(made, added, 0, {}, withheld)
