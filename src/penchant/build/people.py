"""The posts and choices of a person as records with evidence.

What a record shows of its person comes from other threads than its question, and holds neither of its answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from penchant.build.counts import StepCounts
from penchant.build.draws import draw
from penchant.build.recipe import PersonaSection
from penchant.history import gives_away
from penchant.message import conversation
from penchant.persona import Comment, Comparison, Demographics, Item, Persona
from penchant.record import Provenance, Record
from penchant.space import Direction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Written:
    """A reply as evidence about its author."""

    id: str
    thread: str
    prompt: str
    text: str
    at: datetime | None
    direction: Direction | None
    in_test: bool
    """Whether the post that it answers is the prompt of a record of test."""
    origin: str = ""
    """Source and row."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice of a person."""

    id: str
    thread: str
    prompt: str
    chosen: str
    rejected: str
    at: datetime | None
    direction: Direction | None
    split: str
    origins: Sequence[str]
    """Sources and rows of the prompt, the chosen and the rejected reply."""


def records_of(
    person: str,
    written: Sequence[Written],
    choices: Sequence[Chosen],
    profile: str | None,
    settings: PersonaSection,
    *,
    rule: str,
    seed: int,
) -> tuple[list[Record], StepCounts]:
    """The records of one person, one a choice.

    Args:
        profile: a description of the person.
        rule: how the choices were made, for the provenance.
    """
    counts = StepCounts("pairs", rows_in=len(choices))
    records = []
    for choice in choices:
        bare = Record(
            record_id=choice.id,
            user_id=person,
            prompt=conversation(choice.prompt),
            chosen=choice.chosen,
            rejected=choice.rejected,
            direction=choice.direction,
            split=choice.split,
            at=choice.at,
        )
        comments = [
            Item(Comment(one.prompt, one.text, one.direction), id=one.id, at=one.at)
            for one in written
            if one.thread != choice.thread and not (one.in_test and choice.split == "train")
        ]
        others = [
            Item(Comparison(one.prompt, one.chosen, one.rejected, one.direction), id=one.id, at=one.at)
            for one in choices
            if one.thread != choice.thread
        ]
        items = [
            *_drawn([item for item in comments if not gives_away(item.evidence, bare)], settings.ugc, choice.id, seed),
            *_drawn([item for item in others if not gives_away(item.evidence, bare)], settings.pair, choice.id, seed),
        ]
        if len(items) < settings.fewest:
            counts.drop(f"fewer than {settings.fewest} comments and choices in other threads")
            continue
        if profile and settings.demo:
            items.append(Item(Demographics(profile), id="profile"))
        origins = {one.id: one.origin for one in written} | {one.id: one.origins[1] for one in choices}
        meta = {"rows": choice.origins, "evidence": {item.id: origins.get(item.id, "") for item in items}}
        records.append(
            Record(
                record_id=choice.id,
                user_id=person,
                prompt=bare.prompt,
                chosen=choice.chosen,
                rejected=choice.rejected,
                persona=Persona(tuple(items)),
                direction=choice.direction,
                split=choice.split,
                provenance=Provenance(attribute=rule, meta=json.dumps(meta, ensure_ascii=False)),
                at=choice.at,
            )
        )
    counts.rows_out = len(records)
    return records, counts


def grouped(rows: Sequence[T], person: Callable[[T], str]) -> Iterator[tuple[str, list[T]]]:
    """Rows by person, in the order of the people's names."""
    groups: dict[str, list[T]] = {}
    for row in rows:
        groups.setdefault(person(row), []).append(row)
    yield from sorted(groups.items())


def _drawn(items: Sequence[Item], count: int, record: str, seed: int) -> list[Item]:
    """Some items, drawn for one record, in their order; the oldest first where times are known."""
    chosen = sorted(range(len(items)), key=lambda row: draw(seed, "evidence", record, items[row].id))[:count]
    kept = [items[row] for row in sorted(chosen)]
    return sorted(kept, key=lambda item: item.at) if all(item.at for item in kept) else kept  # type: ignore[arg-type, return-value]
