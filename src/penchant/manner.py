"""Measures how a person likes answers to be written, by comparing the texts of chosen and rejected answers.

The result is a direction per evidence item; no annotator is needed. The dimensions of the space `manner` are style
features of a text (`penchant.style`). If two answers differ clearly in a feature, the chosen answer decides the pole
(side) of that dimension. If their lengths differ clearly, only the dimension `length` counts, because most style
features change with length. Items with a single text (comments, ratings) are neutral, because there is no second text
to compare with.
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
    """The style feature of one dimension, and the difference at which two texts show opposite poles."""

    feature: int
    """Index into STYLE."""
    gap: float
    """Smallest difference of the feature that counts, in the unit of the feature."""


MEASURES: Mapping[str, Measure] = {
    "length": Measure(STYLE.index("log words"), 0.6),
    "difficulty": Measure(STYLE.index("school grade"), 3.5),
    "warmth": Measure(STYLE.index("warm words per 100"), 4.0),
    "excitement": Measure(STYLE.index("exclamations"), 0.4),
    "asking": Measure(STYLE.index("questions"), 0.4),
}
"""Dimension id -> its measure. 0.6 in log words is a ratio of 1.8; exclamations and questions are per ten words."""
MAX_LENGTH_GAP = 0.35
"""Largest difference in log words at which two texts are compared in other features than length."""


def contrast(move: NDArray[np.float64], dimension_id: str, *, times: float = 1.0) -> int:
    """The pole of one text compared with another: +1, -1, or 0 when they do not differ clearly.

    Args:
        move: style of the text minus style of the other text, (12,).
        times: multiple of the gap that counts as a clear difference.
    """
    measure = MEASURES[dimension_id]
    if dimension_id != "length" and abs(move[MEASURES["length"].feature]) > MAX_LENGTH_GAP:
        return 0
    return int(np.sign(move[measure.feature])) if abs(move[measure.feature]) >= times * measure.gap else 0


def measured(persona: Persona) -> Persona:
    """The persona with a measured direction over the space `manner` on each item; it replaces earlier directions."""
    return persona.rewritten(_measured)


@lru_cache(maxsize=65_536)
def _measured(item: Evidence) -> Evidence:
    space = manner_space()
    if not isinstance(item, Comparison):
        return replace(item, direction=space.direction())
    move = style(item.chosen) - style(item.rejected)
    return replace(item, direction=Direction(space, [contrast(move, d.id) for d in space.dimensions]))


def manner_space() -> PreferenceSpace:
    """The space of the directions that `measured` computes."""
    return load_space(SPACE)
