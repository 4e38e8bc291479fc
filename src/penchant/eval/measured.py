"""Holds all margins of a measurement; tables are computed from it.

A margin is the score of the chosen answer minus the score of the rejected answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from penchant.eval.contrasts import Contrast, contrasts
from penchant.eval.rows import Row
from penchant.eval.score import Scored, Setting


@dataclass(frozen=True, slots=True)
class Measured:
    """Methods measured on the same records."""

    setting: Setting
    scored: tuple[Scored, ...]

    def rows(self) -> list[Row]:
        """One row per method, condition and group of records."""
        return [row for scored in self.scored for row in scored.rows(self.setting)]


@dataclass(frozen=True, slots=True)
class Results:
    """The rows and contrasts of one or several measurements."""

    rows: tuple[Row, ...]
    contrasts: tuple[Contrast, ...]

    @classmethod
    def of(cls, measured: Sequence[Measured]) -> Results:
        """Rows, and contrasts corrected over all measurements together."""
        rows = tuple(row for measurement in measured for row in measurement.rows())
        return cls(rows, tuple(contrasts([(one.setting, one.scored) for one in measured])))

    @property
    def main(self) -> list[Row]:
        """The rows of all records, without other readings of the same margins."""
        return [row for row in self.rows if row.attribute == "all" and row.role != "reading"]

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict of rows and contrasts."""
        return {
            "rows": [row.as_json() for row in self.rows],
            "contrasts": [contrast.as_json() for contrast in self.contrasts],
        }

    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines of results.jsonl: `kind` is row or contrast, the rest are its fields."""
        for row in self.rows:
            yield {"kind": "row", **row.as_json()}
        for contrast in self.contrasts:
            yield {"kind": "contrast", **contrast.as_json()}
