"""Replaces the directions of evidence items by those that an annotator infers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from penchant.encoder.base import Progress
from penchant.infer.base import Annotator, Readings
from penchant.neutral_words import neutral_item
from penchant.persona import Evidence, Persona
from penchant.record import Record
from penchant.space import Direction, PreferenceSpace

STATED = 0.5
"""Minimum probability of a pole (side of a dimension) that becomes part of the item's direction."""


def read_items(
    items: Iterable[Evidence], annotator: Annotator, *, neutral: bool = False, progress: Progress | None = None
) -> dict[Evidence, Evidence]:
    """Maps each item to the same item with the direction that the annotator reads; equal items are read once.

    Args:
        neutral: make words of gender and age neutral before reading (`penchant.neutral_words`), so that they cannot
            change a reading. The returned items keep their text.
    """
    distinct = list(dict.fromkeys(items))
    readings = annotator.annotate([neutral_item(item) for item in distinct] if neutral else distinct, progress=progress)
    read = directions(readings, annotator.space)
    return {item: replace(item, direction=direction) for item, direction in zip(distinct, read, strict=True)}


def directions(readings: Readings, space: PreferenceSpace) -> list[Direction]:
    """One direction per item: each pole of probability `STATED` or more, with its probability.

    Dimensions that the space withholds get no pole.
    """
    signs = np.where(readings[..., 2] >= readings[..., 0], 1, -1)
    sure = np.maximum(readings[..., 0], readings[..., 2])
    signs = np.where((sure >= STATED) & ~space.withheld, signs, 0)
    return [Direction(space, row, np.where(row != 0, p, 1.0)) for row, p in zip(signs, sure, strict=True)]


def reread(persona: Persona, read: Mapping[Evidence, Evidence]) -> Persona:
    """The persona with each item replaced by its reading."""
    return persona.rewritten(lambda item: read[item])


def items_of(records: Sequence[Record]) -> list[Evidence]:
    """The distinct items of the records' personas, in order."""
    return list(dict.fromkeys(item for record in records for item in record.persona.evidence))
