"""Evidence with the directions that an annotator reads from it, in place of any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from penchant.demographics import neutral_item
from penchant.encoder.base import Progress
from penchant.infer.base import Annotator, Readings
from penchant.persona import Evidence, Persona
from penchant.record import Record
from penchant.space import Direction, PreferenceSpace

STATED = 0.5
"""Probability of a pole from which on an item is taken to speak for it."""


def read_items(
    items: Iterable[Evidence], annotator: Annotator, *, neutral: bool = False, progress: Progress | None = None
) -> dict[Evidence, Evidence]:
    """Each item -> the same item with what it was read to say; equal items are read once.

    Args:
        neutral: read with words of gender and age made neutral (`penchant.demographics`): nothing hangs on them then.
    """
    distinct = list(dict.fromkeys(items))
    readings = annotator.annotate([neutral_item(item) for item in distinct] if neutral else distinct, progress=progress)
    said = directions(readings, annotator.space)
    return {item: replace(item, direction=direction) for item, direction in zip(distinct, said, strict=True)}


def directions(readings: Readings, space: PreferenceSpace) -> list[Direction]:
    """One direction per item: the poles that are likelier than not and not withheld, each with its probability."""
    signs = np.where(readings[..., 2] >= readings[..., 0], 1, -1)
    sure = np.maximum(readings[..., 0], readings[..., 2])
    signs = np.where((sure >= STATED) & ~space.withheld, signs, 0)
    return [Direction(space, row, np.where(row != 0, p, 1.0)) for row, p in zip(signs, sure, strict=True)]


def reread(persona: Persona, read: Mapping[Evidence, Evidence]) -> Persona:
    """The persona with its items as they were read."""
    return Persona(tuple(read[item] for item in persona.evidence))


def items_of(records: Sequence[Record]) -> list[Evidence]:
    """Every item of the records' personas, each once."""
    return list(dict.fromkeys(item for record in records for item in record.persona.evidence))
