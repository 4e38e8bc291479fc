"""The seam to a sentence encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Maps texts to unit vectors; texts of like meaning are near."""

    @property
    def name(self) -> str:
        """Model name and revision, for cards and caches."""
        ...

    @property
    def size(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, size), float32, rows of length 1; an empty text is embedded like any other."""
        ...
