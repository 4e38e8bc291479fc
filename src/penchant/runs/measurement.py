"""The rows and contrasts of a run, with seed, times and versions.

A row is the accuracy of one method. A contrast is the difference between the accuracies of two methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penchant.eval.measured import Measured, Results
from penchant.reporter import QUIET, Reporter


@dataclass(frozen=True, slots=True)
class Measurement:
    """Rows and contrasts of a run."""

    results: Results
    seed: int
    seconds: Mapping[str, float]
    """Stage -> wall time."""
    versions: Mapping[str, str]

    @classmethod
    def of(
        cls, measured: Sequence[Measured], *, seed: int, seconds: Mapping[str, float], reporter: Reporter = QUIET
    ) -> Measurement:
        """The rows of some margins; notes the pairs that no row counts."""
        from penchant.eval.rows import not_finite
        from penchant.model.card import versions

        results = Results.of(measured)
        if (sentence := not_finite(results.rows)) is not None:
            reporter.note(sentence)
        return cls(results, seed=seed, seconds=dict(seconds), versions=versions())

    def as_json(self) -> dict[str, Any]:
        """The content of results.json."""
        seconds = {stage: round(value, 2) for stage, value in self.seconds.items()}
        return {**self.results.as_json(), "seconds": seconds, "seed": self.seed, "versions": dict(self.versions)}

    def text(self) -> str:
        """The main rows and the contrasts, as tables for a terminal."""
        from penchant.eval import contrasts
        from penchant.eval.rows import table

        parts = [table(self.results.main)]
        if self.results.contrasts:
            parts.append(contrasts.table(self.results.contrasts))
        return "\n\n".join(parts)
