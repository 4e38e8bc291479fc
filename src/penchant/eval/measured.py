"""What was measured in one go: the margins of every method in every setting, from which all tables are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from penchant.eval.contrasts import Contrast, contrasts
from penchant.eval.rows import Row
from penchant.eval.score import Scored, Setting


@dataclass(frozen=True, slots=True)
class Measured:
    """Methods side by side on the same records."""

    setting: Setting
    scored: tuple[Scored, ...]

    def rows(self) -> list[Row]:
        """One row per method, setting and group of records."""
        return [row for one in self.scored for row in one.rows(self.setting)]


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that is told of one or several measurements."""

    rows: tuple[Row, ...]
    contrasts: tuple[Contrast, ...]

    @classmethod
    def of(cls, measured: Sequence[Measured]) -> Results:
        """Rows, and contrasts corrected over all of the measurements together."""
        rows = tuple(row for one in measured for row in one.rows())
        return cls(rows, tuple(contrasts([(one.setting, one.scored) for one in measured])))

    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines of results.jsonl: `kind` is row or contrast, the rest its fields."""
        for kind, found in (("row", self.rows), ("contrast", self.contrasts)):
            for one in found:
                yield {"kind": kind, **one.as_json()}
