"""Counts of the steps of a build: what goes into a step comes out of it, or is dropped with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penchant.errors import DataError


@dataclass(slots=True)
class StepCounts:
    """The counts of one step."""

    unit: str = "posts"
    """What is counted: rows, posts, pairs, records."""
    rows_in: int = 0
    rows_out: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Reason -> number."""
    changed: dict[str, int] = field(default_factory=dict)
    """Kind of change -> number, for steps that change texts."""

    def drop(self, reason: str, number: int = 1) -> None:
        """Counts what a step leaves out."""
        if number:
            self.dropped[reason] = self.dropped.get(reason, 0) + number

    def add(self, other: StepCounts) -> None:
        """Adds the counts of another part of the same step."""
        self.rows_in += other.rows_in
        self.rows_out += other.rows_out
        for reason, number in other.dropped.items():
            self.drop(reason, number)
        for kind, number in other.changed.items():
            self.changed[kind] = self.changed.get(kind, 0) + number

    def as_dict(self) -> dict[str, Any]:
        """The counts as they are written."""
        return {
            "unit": self.unit,
            "in": self.rows_in,
            "out": self.rows_out,
            "dropped": dict(sorted(self.dropped.items(), key=lambda entry: (-entry[1], entry[0]))),
            **({"changed": dict(sorted(self.changed.items()))} if self.changed else {}),
        }

    @classmethod
    def of_dict(cls, values: Mapping[str, Any]) -> StepCounts:
        """The counts that `as_dict` wrote."""
        return cls(
            unit=values["unit"],
            rows_in=values["in"],
            rows_out=values["out"],
            dropped=dict(values["dropped"]),
            changed=dict(values.get("changed", {})),
        )


Counts = dict[str, StepCounts]
"""Step -> its counts, in the order of the steps."""


def enter(counts: Counts, step: str, reason: str | None) -> None:
    """Counts what goes into a step: it comes out, or is dropped for a reason."""
    counts[step].rows_in += 1
    if reason is None:
        counts[step].rows_out += 1
    else:
        counts[step].drop(reason)


def total(parts: Iterable[Mapping[str, StepCounts]]) -> Counts:
    """The sums over the parts of a stage."""
    sums: Counts = {}
    for part in parts:
        for step, counts in part.items():
            sums.setdefault(step, StepCounts(counts.unit)).add(counts)
    return sums


def check(counts: Mapping[str, StepCounts]) -> None:
    """Raises DataError where a step has lost something: in is not out and dropped together."""
    for step, one in counts.items():
        dropped = sum(one.dropped.values())
        if one.rows_in != one.rows_out + dropped:
            raise DataError(
                f"step '{step}' read {one.rows_in:,} {one.unit}, kept {one.rows_out:,} and dropped {dropped:,}: the "
                "sums differ, which is a fault of penchant; please report it with the recipe"
            )
