"""The seam of an annotator: an item of evidence -> what it says of each dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Progress
from penchant.persona import Evidence
from penchant.posterior import Prior
from penchant.space import PreferenceSpace

Readings = NDArray[np.float32]
"""(items, dimensions, 3): P(negative), P(neutral), P(positive) of each item on each dimension; they sum to 1."""

Reason = Literal["unfamiliar words", "not the author's own voice"]
UNFAMILIAR: Final = "unfamiliar words"
"""It is in words that the annotator does not know, another language say."""
NOT_OWN: Final = "not the author's own voice"
"""It quotes or reports somebody else, or speaks to whoever reads it."""


class Annotator(Protocol):
    """Anything that reads directions from evidence."""

    @property
    def name(self) -> str:
        """What it is and what it was made from, for cards."""
        ...

    @property
    def space(self) -> PreferenceSpace:
        """The dimensions that are read."""
        ...

    @property
    def prior(self) -> Prior:
        """What it knows of anybody before an item is read; even where it knows nothing."""
        ...

    def caution(self) -> str | None:
        """What its readings are to be taken with, in a sentence for people; None where nothing is known."""
        ...

    def set_aside(self, items: Sequence[Evidence]) -> list[Reason | None]:
        """Why little or nothing is read from an item, where there is a reason besides that it says nothing."""
        ...

    def annotate(self, items: Sequence[Evidence], *, progress: Progress | None = None) -> Readings:
        """What each item says; directions that items carry already are not looked at."""
        ...
