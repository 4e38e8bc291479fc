"""How much is learned from little: the same pairs, asked after the first few items of a person's history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from penchant.eval.benchmark import Bench, Shown
from penchant.eval.inference import ITEMS
from penchant.eval.score import Scored
from penchant.persona import Persona
from penchant.record import Record


def first_items(records: Sequence[Record]) -> list[Shown]:
    """What is shown after 0, 1, 2, 4, ... items of behaviour, up to the longest history; never a description.

    Where a person has fewer, all they have is shown.
    """
    histories = [record.persona.select("behaviour").evidence for record in records]
    longest = max(map(len, histories), default=0)
    return [
        Shown(f"first {count}", tuple(records), tuple(Persona(history[:count]) for history in histories))
        for count in ITEMS
        if count <= longest
    ]


def passes(bench: Bench, records: Sequence[Record]) -> int:
    """How many passes over the records `limited` will make, for progress."""
    return len(first_items(records)) * bench.passes_of_one()


def limited(bench: Bench, records: Sequence[Record]) -> Iterator[Scored]:
    """Everything that is told the same of each person, by the number of items shown."""
    for shown in first_items(records):
        yield from bench.measure(shown)
