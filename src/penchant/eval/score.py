"""Computes rows (accuracies with intervals) from the margins of a method.

Each method has one or more variants of the margin. The main metric has an empty `variant`; it is the paper's implicit
reward, whose reference reads the history prompt. The others are `same_prompt` (the reference reads the policy's own
prompt), `raw` (no reference) and `normalised` (log-probabilities per token). Sums are in float64; ties count one half.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.eval.rows import Role, Row, WorstGroup, label
from penchant.record import Record
from penchant.stats import accuracy, correctness, finite, spread

Margins = NDArray[np.float64]
GROUP_USERS = 5
"""Users that a subset needs to be called the worst."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the rows of one table share."""

    dataset: str
    layout: str
    seed: int


@dataclass(frozen=True, slots=True)
class Group:
    """A subset of records that gets rows of its own."""

    attribute: str
    phrasing: str
    keep: NDArray[np.bool_]


def groups(records: Sequence[Record]) -> Iterator[Group]:
    """For each phrasing: all records, then each attribute by itself."""
    phrasings = np.array([record.provenance.phrasing or "-" for record in records])
    attributes = np.array([record.provenance.attribute or "all" for record in records])
    for phrasing in sorted(set(phrasings)):
        here = phrasings == phrasing
        yield Group("all", str(phrasing), here)
        names = sorted(set(attributes[here]) - {"all"})
        if len(names) > 1:
            for name in names:
                yield Group(str(name), str(phrasing), here & (attributes == name))


@dataclass(frozen=True, slots=True)
class Scored:
    """The margins of one method under one condition."""

    method: str
    persona: str
    """The evidence shown."""
    records: tuple[Record, ...]
    margins: Margins
    """Score of the chosen answer minus that of the rejected one, (records,)."""
    ceiling: NDArray[np.float64] | None = None
    """Expected accuracy of the best possible guess per record, (records,); None where it is not known."""
    variant: str = ""
    """See `Row.variant`."""
    role: Role = "baseline"
    expected: bool = False
    """Whether the accuracy of each record is the ceiling itself, as for a limit that never decides."""

    @property
    def label(self) -> str:
        """The method with its variant."""
        return label(self.method, self.variant)

    def rows(self, setting: Setting) -> list[Row]:
        """One row per group of records, over finite margins; pairs with other margins are counted (`not_finite`).

        A subset without any finite margin has no row; the row of all records counts its pairs.

        Raises:
            RecordError: no margin of a phrasing is finite.
        """
        if self.expected and self.ceiling is not None:
            rows = self._expected_rows(setting, self.ceiling)
        else:
            rows = [row for group in groups(self.records) if (row := self._row(setting, group)) is not None]
        return [_with_worst_group(row, rows) for row in rows]

    def _row(self, setting: Setting, group: Group) -> Row | None:
        kept = group.keep & np.isfinite(self.margins)
        if group.attribute == "all":
            where = f"{self.label} under '{self.persona}'"
            where += f", {group.phrasing} phrasings" * (group.phrasing != "-")
            finite(self.margins[group.keep], of=where)
        if not kept.any():
            return None
        users = [record.person_id for record, keep in zip(self.records, kept, strict=True) if keep]
        measured = accuracy(self.margins[kept], users, seed=setting.seed)
        people = spread(correctness(self.margins[kept]), users)
        return Row(
            dataset=setting.dataset,
            method=self.method,
            variant=self.variant,
            role=self.role,
            persona=self.persona,
            attribute=group.attribute,
            phrasing=group.phrasing,
            layout=setting.layout,
            seed=setting.seed,
            accuracy=measured.value,
            ci95=measured.ci95,
            n=measured.n,
            users=measured.users,
            ties=measured.ties,
            ceiling=None if self.ceiling is None else float(self.ceiling[kept].mean()),
            macro=people.macro,
            worst_decile=people.worst_decile,
            not_finite=int(group.keep.sum()) - measured.n,
        )

    def _expected_rows(self, setting: Setting, expected: NDArray[np.float64]) -> list[Row]:
        """Rows whose accuracy is the mean of an expectation per record; each row is its own ceiling."""
        users = np.array([record.person_id for record in self.records])
        guesses = replace(self, margins=expected - 0.5)
        rows = []
        for group in groups(self.records):
            row = guesses._row(setting, group)
            if row is not None:
                people, value = spread(expected[group.keep], users[group.keep].tolist()), float(row.ceiling or 0)
                row = replace(row, accuracy=value, ci95=(value, value), ties=0)
                rows.append(replace(row, macro=people.macro, worst_decile=people.worst_decile))
        return rows


def _with_worst_group(row: Row, rows: Sequence[Row]) -> Row:
    """A row of all records of a phrasing, with the worst of their subsets; other rows as they are."""
    subsets = [other for other in rows if other.phrasing == row.phrasing and other.attribute != "all"]
    large = [other for other in subsets if other.users >= GROUP_USERS]
    if row.attribute != "all" or len(large) < 2:
        return replace(row, worst_group=None)
    worst = min(large, key=lambda other: other.accuracy)
    return replace(row, worst_group=WorstGroup(worst.attribute, worst.accuracy))
