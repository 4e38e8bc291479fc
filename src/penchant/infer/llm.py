"""The annotator that asks a language model, over any OpenAI-compatible endpoint and a ledger (`model.remote`).

Each item is asked about in one or two orders and any number of samples; readings are their mean, so that what the
answers disagree on is doubted. How far they agree is told as Krippendorff's alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import krippendorff
import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Progress
from penchant.errors import ModelError
from penchant.infer.asking import messages, reader, schema
from penchant.infer.base import Readings, Reason
from penchant.infer.read import STATED
from penchant.model.remote import Endpoint, Question
from penchant.persona import Evidence
from penchant.posterior import EVEN, Prior
from penchant.space import PreferenceSpace

DIMENSIONS = 100
"""Asked about in one question; a larger space is asked in parts."""


@dataclass(frozen=True)
class LLMAnnotator:
    """See `infer.base.Annotator`. An item that no answer was usable for says nothing, and is counted."""

    endpoint: Endpoint
    space: PreferenceSpace
    orders: int = 1
    samples: int = 1
    note: Callable[[str], None] = lambda _: None
    """Told one line after each `annotate`: what it cost, what was unusable, how far the answers agree."""
    prior: Prior = EVEN

    @property
    def name(self) -> str:
        """What cards call it."""
        return f"{self.endpoint.name}, orders {self.orders}, samples {self.samples}"

    def caution(self) -> str | None:
        """See `Annotator.caution`; how a model reads is not known here."""
        return None

    def set_aside(self, items: Sequence[Evidence]) -> list[Reason | None]:
        """See `Annotator.set_aside`; none is."""
        return [None] * len(items)

    def annotate(self, items: Sequence[Evidence], *, progress: Progress | None = None) -> Readings:
        """See `Annotator.annotate`.

        Raises:
            ModelError: no answer at all was usable; and as `Endpoint.ask`.
        """
        readings = np.zeros((len(items), len(self.space), 3), dtype=np.float32)
        readings[:, :, 1] = 1
        if not items:
            return readings
        starts = range(0, len(self.space), DIMENSIONS)
        counted = _per_item(len(starts) * self.orders * self.samples, progress)
        votes = np.concatenate([self._part(items, start, readings, counted) for start in starts], axis=2)
        self.note(f"{self.name}: {self.endpoint.account}{agreement(votes)}")
        return readings

    def _part(
        self, items: Sequence[Evidence], start: int, readings: Readings, progress: Progress
    ) -> NDArray[np.float64]:
        """Fills in the readings of some dimensions; the signs that each run read, (runs, items, dimensions)."""
        dimensions = self.space.dimensions[start : start + DIMENSIONS]
        runs = [(order == 1, seed) for order in range(self.orders) for seed in range(self.samples)]
        found = np.full((len(runs), len(items), len(dimensions), 3), np.nan)
        form = schema(dimensions)
        for run, (other, seed) in enumerate(runs):
            questions = [Question(messages(item, dimensions, other=other), form, seed) for item in items]
            answers = self.endpoint.ask(questions, reader(dimensions, other=other), progress=progress)
            for place, answer in enumerate(answers):
                if answer is not None:
                    found[run, place] = answer
        answered = ~np.isnan(found[:, :, 0, 0])
        if not answered.any():
            raise ModelError(
                f"none of the answers of '{self.endpoint.name}' to {len(items)} items could be used; try a larger "
                "max_tokens, another 'structured', or another model"
            )
        some = answered.any(0)
        readings[some, start : start + DIMENSIONS] = np.nanmean(found[:, some], axis=0)
        signs = np.where(found[..., 2] >= STATED, 1.0, np.where(found[..., 0] >= STATED, -1.0, 0.0))
        return np.where(np.isnan(found[..., 0]), np.nan, signs)


def _per_item(answers: int, progress: Progress | None) -> Progress:
    """Progress in items, told of answers, of which each item has so many."""
    settled = 0

    def counted(more: int) -> None:
        nonlocal settled
        before, settled = settled, settled + more
        if progress is not None and settled // answers > before // answers:
            progress(settled // answers - before // answers)

    return counted


def agreement(votes: NDArray[np.float64]) -> str:
    """How far several runs agree, in words; empty for one run.

    Args:
        votes: (runs, items, dimensions), each -1, 0 or 1; not a number where a run has no answer.
    """
    if len(votes) < 2:
        return ""
    found = alpha(votes.reshape(len(votes), -1))
    if found is None:
        return "; all runs say the same of everything, so that alpha is not defined"
    return f"; Krippendorff's alpha of {len(votes)} runs {found:.3f} (ordinal)"


def alpha(votes: NDArray[np.float64]) -> float | None:
    """Krippendorff's alpha of several runs, ordinal; 1 is full agreement, None where there is but one value.

    Args:
        votes: (runs, items), each -1, 0 or 1; not a number where a run has no answer.
    Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability".
    """
    if len(np.unique(votes[~np.isnan(votes)])) < 2:
        return None
    return float(krippendorff.alpha(reliability_data=votes, level_of_measurement="ordinal"))
