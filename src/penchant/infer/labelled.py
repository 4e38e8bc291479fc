"""Items whose directions are known: what an annotator is fitted on and measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from penchant.persona import Comparison, Evidence
from penchant.record import Record
from penchant.space import Direction


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item of a person, and what it truly says."""

    person: str
    item: Evidence
    """Without a direction of its own, so that nobody can read the label from it."""
    direction: Direction


def labelled(records: Sequence[Record]) -> list[Labelled]:
    """The annotated evidence of some records, each item once per person, and their own pairs where annotated."""
    found: dict[tuple[str, Evidence], Labelled] = {}
    for record in records:
        person = record.person_id
        pair = Comparison(record.prompt, record.chosen, record.rejected, record.direction)
        for item in (*record.persona.evidence, pair):
            if item.direction is not None:
                found.setdefault((person, item), Labelled(person, replace(item, direction=None), item.direction))
    return list(found.values())
