"""An annotator that asks a language model, over any OpenAI-compatible endpoint.

Answers are kept in a ledger (`model.ledger`), so that no question is paid for twice. The model gets each item in one or
two orders, and several times if `samples` is above 1. The result is the mean of the answers, so that disagreement
lowers its confidence. Krippendorff's alpha measures the agreement of the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import krippendorff
import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Progress
from penchant.errors import ModelError
from penchant.infer.annotate import STATED
from penchant.infer.asking import messages, reader, schema
from penchant.infer.base import Readings, Reason
from penchant.model.remote import Endpoint, Request
from penchant.persona import Evidence
from penchant.space import PreferenceSpace

DIMENSIONS = 100
"""Dimensions in one question, at most; a larger space is split over several questions."""


@dataclass(frozen=True)
class LLMAnnotator:
    """See `infer.base.Annotator`. An item without a usable answer is read as neutral, and counted."""

    endpoint: Endpoint
    space: PreferenceSpace
    orders: int = 1
    samples: int = 1
    note: Callable[[str], None] = lambda _: None
    """Receives one line after each `annotate`: the cost, the unusable answers, the agreement of the answers."""

    @property
    def name(self) -> str:
        """The annotator's name on cards."""
        return f"{self.endpoint.name}, orders {self.orders}, samples {self.samples}"

    def caution(self) -> str | None:
        """See `Annotator.caution`; None, as the model's reading quality is not measured."""
        return None

    def set_aside(self, items: Sequence[Evidence]) -> list[Reason | None]:
        """See `Annotator.set_aside`; every item is read in full."""
        return [None] * len(items)

    def annotate(self, items: Sequence[Evidence], *, progress: Progress | None = None) -> Readings:
        """See `Annotator.annotate`.

        Raises:
            ModelError: no answer was usable.
            ConfigError, ModelError: as `Endpoint.ask`.
        """
        readings = np.zeros((len(items), len(self.space), 3), dtype=np.float32)
        readings[:, :, 1] = 1
        if not items:
            return readings
        starts = range(0, len(self.space), DIMENSIONS)
        counted = _per_item(len(starts) * self.orders * self.samples, progress)
        parts = [self._read_part(items, start, readings=readings, progress=counted) for start in starts]
        votes = np.concatenate(parts, axis=2)
        self.note(f"{self.name}: {self.endpoint.account}{agreement(votes)}")
        return readings

    def _read_part(
        self, items: Sequence[Evidence], start: int, *, readings: Readings, progress: Progress
    ) -> NDArray[np.float64]:
        """Fills in the readings of `DIMENSIONS` dimensions from `start` on.

        Returns:
            The signs that each run read, (runs, items, dimensions); not a number where an answer was unusable.
        """
        dimensions = self.space.dimensions[start : start + DIMENSIONS]
        runs = [(order == 1, seed) for order in range(self.orders) for seed in range(self.samples)]
        answers = np.full((len(runs), len(items), len(dimensions), 3), np.nan)
        form = schema(dimensions)
        for run, (reverse, seed) in enumerate(runs):
            questions = [Request(messages(item, dimensions, reverse=reverse), form, seed) for item in items]
            replies = self.endpoint.ask(questions, reader(dimensions, reverse=reverse), progress=progress)
            for row, reply in enumerate(replies):
                if reply is not None:
                    answers[run, row] = reply
        answered = ~np.isnan(answers[:, :, 0, 0])
        if not answered.any():
            raise ModelError(
                f"none of the answers of '{self.endpoint.name}' to {len(items)} items could be used; try a larger "
                "max_tokens, another 'structured', or another model"
            )
        usable = answered.any(0)
        readings[usable, start : start + DIMENSIONS] = np.nanmean(answers[:, usable], axis=0)
        signs = np.where(answers[..., 2] >= STATED, 1.0, np.where(answers[..., 0] >= STATED, -1.0, 0.0))
        return np.where(np.isnan(answers[..., 0]), np.nan, signs)


def _per_item(answers: int, progress: Progress | None) -> Progress:
    """Turns progress in answers into progress in items; each item has `answers` answers."""
    settled = 0

    def counted(steps: int) -> None:
        nonlocal settled
        before, settled = settled, settled + steps
        if progress is not None and settled // answers > before // answers:
            progress(settled // answers - before // answers)

    return counted


def agreement(votes: NDArray[np.float64]) -> str:
    """The agreement of several runs, as the end of a sentence; empty for one run.

    Args:
        votes: (runs, items, dimensions), each -1, 0 or 1; not a number where a run has no answer.
    """
    if len(votes) < 2:
        return ""
    value = alpha(votes.reshape(len(votes), -1))
    if value is None:
        return "; all runs give one and the same value everywhere, so that alpha is not defined"
    return f"; Krippendorff's alpha of {len(votes)} runs {value:.3f} (ordinal)"


def alpha(votes: NDArray[np.float64]) -> float | None:
    """Krippendorff's alpha of several runs, ordinal; 1 is full agreement. None if all votes have the same value.

    Args:
        votes: (runs, items), each -1, 0 or 1; not a number where a run has no answer.
    Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability".
    """
    if len(np.unique(votes[~np.isnan(votes)])) < 2:
        return None
    return float(krippendorff.alpha(reliability_data=votes, level_of_measurement="ordinal"))
