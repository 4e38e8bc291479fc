"""Directions that need no annotator: how a person likes answers written, measured on what they chose.

Over the space `manner`, whose dimensions are numbers of a text (penchant.style). Of two answers that differ clearly in
such a number the person chose one pole; answers that differ in length say nothing of the others, as most numbers of a
text move with its length. Single texts (comments, thumbs) are neutral: there is nothing to compare them with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from penchant.persona import Comparison, Evidence, Persona
from penchant.space import Direction, PreferenceSpace, load_space
from penchant.style import STYLE, style

SPACE = "manner"


@dataclass(frozen=True, slots=True)
class Measure:
    """The number behind one dimension, and how far apart two texts must be to stand for its poles."""

    feature: int
    """Place in STYLE."""
    gap: float


MEASURES: Mapping[str, Measure] = {
    "length": Measure(STYLE.index("log words"), 0.6),
    "difficulty": Measure(STYLE.index("school grade"), 3.5),
    "warmth": Measure(STYLE.index("warm words per 100"), 4.0),
    "excitement": Measure(STYLE.index("exclamations"), 0.4),
    "asking": Measure(STYLE.index("questions"), 0.4),
}
"""Dimension id -> its measure; 0.6 is a ratio of 1.8 in words, exclamations and questions are per ten words."""
MAX_LENGTH_GAP = 0.35
"""Largest difference in log words of two texts that are compared in anything but length."""


def contrast(move: NDArray[np.float64], dimension_id: str, *, times: float = 1.0) -> int:
    """The pole that one text stands for beside another: +1, -1, or 0 where they do not differ clearly.

    Args:
        move: difference of the two texts' style, (12,).
        times: how many gaps count as clear.
    """
    measure = MEASURES[dimension_id]
    if dimension_id != "length" and abs(move[MEASURES["length"].feature]) > MAX_LENGTH_GAP:
        return 0
    return int(np.sign(move[measure.feature])) if abs(move[measure.feature]) >= times * measure.gap else 0


def measured(persona: Persona) -> Persona:
    """The persona with a direction over the space `manner` on each of its items, in place of any other."""
    return Persona(tuple(_measured(item) for item in persona.evidence))


@lru_cache(maxsize=65_536)
def _measured(item: Evidence) -> Evidence:
    space = manner_space()
    if not isinstance(item, Comparison):
        return replace(item, direction=space.direction())
    move = style(item.chosen) - style(item.rejected)
    return replace(item, direction=Direction(space, [contrast(move, d.id) for d in space.dimensions]))


def manner_space() -> PreferenceSpace:
    """The space that `measured` writes in."""
    return load_space(SPACE)
