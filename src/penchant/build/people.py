"""The posts and choices of a person as records with evidence.

What a record shows of its person comes from other threads than its question, and holds neither of its answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
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
    post: str = ""
    """Id of the chosen reply."""


def records_of(
    person: str,
    written: Sequence[Written],
    choices: Sequence[Chosen],
    profile: Demographics | None,
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
    comments = [
        _Candidate(Item(Comment(reply.prompt, reply.text, reply.direction), id=reply.id, at=reply.at), reply, seed)
        for reply in written
    ]
    others = [
        _Candidate(
            Item(
                Comparison(choice.prompt, choice.chosen, choice.rejected, choice.direction), id=choice.id, at=choice.at
            ),
            choice,
            seed,
        )
        for choice in choices
    ]
    origins = {reply.id: reply.origin for reply in written} | {choice.id: choice.origins[1] for choice in choices}
    records = []
    for choice in choices:
        record = Record(
            record_id=choice.id,
            user_id=person,
            prompt=conversation(choice.prompt),
            chosen=choice.chosen,
            rejected=choice.rejected,
            direction=choice.direction,
            split=choice.split,
            at=choice.at,
        )
        posts: set[str] = set()
        items = _drawn(comments, settings.ugc, choice, record, posts, earlier=settings.earlier)
        items += _drawn(others, settings.pair, choice, record, posts, earlier=settings.earlier)
        if len(items) < settings.fewest:
            counts.drop(f"fewer than {settings.fewest} comments and choices in other threads")
            continue
        if profile and settings.demo:
            items.append(Item(profile, id="profile"))
        meta = {"rows": choice.origins, "evidence": {item.id: origins.get(item.id, "") for item in items}}
        provenance = Provenance(attribute=rule, meta=json.dumps(meta, ensure_ascii=False))
        records.append(replace(record, persona=Persona(tuple(items)), provenance=provenance))
    counts.rows_out = len(records)
    return records, counts


class _Candidate:
    """An item that may be shown, with a number from which its place in the draw of each record is made."""

    __slots__ = ("in_test", "item", "number", "post", "thread")

    def __init__(self, item: Item, row: Written | Chosen, seed: int) -> None:
        self.item, self.thread = item, row.thread
        self.in_test = isinstance(row, Written) and row.in_test
        self.number = draw(seed, "evidence", row.id)
        self.post = row.id if isinstance(row, Written) else row.post
        """Id of the person's own post in the item."""


def _drawn(
    candidates: Sequence[_Candidate], count: int, choice: Chosen, record: Record, posts: set[str], *, earlier: bool
) -> list[Item]:
    """Some items of other threads, drawn for one record, in their order; the oldest first where times are known.

    Items under a prompt of test are not drawn for train, and none that holds an answer of the record.

    Args:
        posts: the person's own posts that items before show; none is shown twice. It grows.
        earlier: take only items from before the choice.
    """
    key = draw(0, "record", choice.id)
    places = [(candidate.number ^ key) * _MIX & _BITS for candidate in candidates]
    order = sorted(range(len(candidates)), key=places.__getitem__)
    kept: list[int] = []
    for row in order:
        if len(kept) == count:
            break
        candidate = candidates[row]
        if candidate.thread == choice.thread or (candidate.in_test and choice.split == "train"):
            continue
        if earlier and not (candidate.item.at and choice.at and candidate.item.at < choice.at):
            continue
        if candidate.post not in posts and not gives_away(candidate.item.evidence, record):
            kept.append(row)
            posts.add(candidate.post)
    items = [candidates[row].item for row in sorted(kept)]
    return sorted(items, key=lambda item: item.at) if all(item.at for item in items) else items  # type: ignore[arg-type, return-value]


_MIX, _BITS = 0x9E3779B97F4A7C15, 2**64 - 1
"""A multiplier that spreads the bits of a number (Knuth, The Art of Computer Programming 3, 6.4)."""


def grouped(rows: Sequence[T], person: Callable[[T], str]) -> Iterator[tuple[str, list[T]]]:
    """Rows by person, in the order of the people's names."""
    groups: dict[str, list[T]] = {}
    for row in rows:
        groups.setdefault(person(row), []).append(row)
    yield from sorted(groups.items())
