"""The interface of an annotator: it infers what an evidence item says about each dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Progress
from penchant.persona import Evidence
from penchant.space import PreferenceSpace

Readings = NDArray[np.float32]
"""(items, dimensions, 3): P(negative), P(neutral), P(positive) of each item on each dimension; they sum to 1."""

Reason = Literal["unfamiliar words", "not the author's own voice"]
UNFAMILIAR: Final = "unfamiliar words"
"""The item uses words that the annotator does not know, for example of another language."""
NOT_OWN: Final = "not the author's own voice"
"""The item quotes or reports somebody else, or gives orders to its reader."""


class Annotator(Protocol):
    """Reads directions from evidence."""

    @property
    def name(self) -> str:
        """Kind and origin of the annotator, for cards."""
        ...

    @property
    def space(self) -> PreferenceSpace:
        """The dimensions that the annotator reads."""
        ...

    def caution(self) -> str | None:
        """A warning to users about the quality of readings, as a sentence; None when the annotator has none."""
        ...

    def set_aside(self, items: Sequence[Evidence]) -> list[Reason | None]:
        """For each item, the reason why the annotator discounts it; None for items that it reads in full.

        An item that simply says nothing is read in full.
        """
        ...

    def annotate(self, items: Sequence[Evidence], *, progress: Progress | None = None) -> Readings:
        """Reads each item. Directions that items already carry are ignored."""
        ...
