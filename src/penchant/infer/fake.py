"""An annotator without a model, for tests: a table of words decides the directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.encoder.base import Progress
from penchant.infer.base import Readings, Reason
from penchant.infer.pieces import parts
from penchant.persona import Evidence
from penchant.space import PreferenceSpace


@dataclass(frozen=True, slots=True)
class FakeAnnotator:
    """Looks up the poles of words in a table; words of a rejected or disliked answer count for the opposite pole."""

    space: PreferenceSpace
    words: Mapping[str, tuple[str, int]]
    """Word -> dimension id and sign."""
    sure: float = 0.9
    """Probability of the pole of a word."""
    name: str = "fake"

    def caution(self) -> str | None:
        """See `Annotator.caution`."""
        return None

    def set_aside(self, items: Sequence[Evidence]) -> list[Reason | None]:
        """See `Annotator.set_aside`; every item is read in full."""
        return [None] * len(items)

    def annotate(self, items: Sequence[Evidence], *, progress: Progress | None = None) -> Readings:
        """See `Annotator.annotate`."""
        readings = np.zeros((len(items), len(self.space), 3), dtype=np.float32)
        readings[:, :, 1] = 1
        for row, item in enumerate(items):
            clauses = parts(item)
            for side, texts in ((1, clauses.own), (-1, clauses.against)):
                for word in " ".join(texts).lower().split():
                    if word in self.words:
                        dimension, sign = self.words[word]
                        rest = (1 - self.sure) / 2
                        reading = [rest, rest, rest]
                        reading[1 + side * sign] = self.sure
                        readings[row, self.space.index(dimension)] = reading
        if progress is not None:
            progress(len(items))
        return readings
