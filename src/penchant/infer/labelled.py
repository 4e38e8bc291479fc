"""Evidence items with known directions; annotators are fitted and tested on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from penchant.persona import Comparison, Evidence
from penchant.record import Record
from penchant.space import Direction


@dataclass(frozen=True, slots=True)
class Labelled:
    """One evidence item about a person, with its true direction."""

    person: str
    item: Evidence
    """The item without its direction, so that an annotator cannot read the label from it."""
    direction: Direction


def labelled(records: Sequence[Record]) -> list[Labelled]:
    """The annotated evidence of some records and their annotated pairs, each item once per person."""
    items: dict[tuple[str, Evidence], Labelled] = {}
    for record in records:
        person = record.person_id
        pair = Comparison(record.task, record.chosen, record.rejected, direction=record.direction)
        for item in (*record.persona.evidence, pair):
            if item.direction is not None:
                items.setdefault((person, item), Labelled(person, replace(item, direction=None), item.direction))
    return list(items.values())
