"""The seam of a scorer: (record, the persona shown) -> margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.persona import Persona
from penchant.record import Record


class Scorer(Protocol):
    """Anything that can say by how much a person prefers one answer to another."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def margins(self, records: Sequence[Record], personas: Sequence[Persona]) -> NDArray[np.float64]:
        """Score of the chosen answer less that of the rejected one, (records,); swapping the answers negates it.

        Args:
            personas: what is shown of each record's person; an empty persona asks for the impersonal score.
        """
        ...
