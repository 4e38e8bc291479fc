"""Alignment accuracy of models on records: every method, persona and control as rows.

The paper's metric (implicit reward against the reference under the history prompt) is the plain method name; the
variants stand beside it: `_same_prompt` (the reference reads the policy's own prompt), `_raw` (no reference) and
`_normalised` (log-probabilities per token). Sums in float64, ties count one half.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.eval.rows import Row, WorstGroup
from penchant.record import Record
from penchant.stats import accuracy, correctness, finite, spread

Margins = NDArray[np.float64]
GROUP_USERS = 5
"""People that a subset of the records needs to be called the worst."""


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
    """All records, then each attribute by itself, per phrasing."""
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
    """The margins of one method in one setting."""

    method: str
    persona: str
    records: tuple[Record, ...]
    margins: Margins
    """Score of chosen less rejected, (records,); what is not finite is left out and counted."""
    ceiling: NDArray[np.float64] | None
    """Expected accuracy of the best possible guess per record, (records,), where it is known."""
    limit: bool = False
    """Whether this is a limit rather than a method: its accuracy is the ceiling itself."""

    def rows(self, setting: Setting) -> list[Row]:
        """One row per group of records."""
        if self.limit and self.ceiling is not None:
            return limit_rows(setting, self.method, self.persona, self.records, self.ceiling)
        return rows(setting, self.method, self.persona, self.records, self.margins, self.ceiling)


def limit_rows(
    setting: Setting, method: str, persona: str, records: Sequence[Record], expected: NDArray[np.float64]
) -> list[Row]:
    """Rows of a limit that is known per record as an expected accuracy; each row is its own ceiling."""
    found = rows(setting, method, persona, records, expected - 0.5, expected)
    users = np.array([record.person_id for record in records])
    result = []
    for row, group in zip(found, groups(records), strict=True):
        people, value = spread(expected[group.keep], users[group.keep].tolist()), float(row.ceiling or 0)
        known = replace(row, accuracy=value, ci95=(value, value), ties=0)
        result.append(replace(known, macro=people.macro, worst_decile=people.worst_decile))
    return [_with_worst_group(row, result) for row in result]


def rows(
    setting: Setting,
    method: str,
    persona: str,
    records: Sequence[Record],
    margins: Margins,
    ceiling: NDArray[np.float64] | None = None,
) -> list[Row]:
    """One row per group of records, over its finite margins; others are counted (`not_finite`), never averaged.

    A subset without any finite margin has no row; that of all records counts its pairs.

    Args:
        margins: score of chosen less rejected, (records,).
        ceiling: expected accuracy of the best possible guess per record, (records,), where it is known.
    Raises:
        RecordError: no margin of a phrasing is finite.
    """
    users, whole = [record.person_id for record in records], np.isfinite(margins)
    result = []
    for group in groups(records):
        kept, count = group.keep & whole, int(group.keep.sum())
        if group.attribute == "all":
            where = f"{method} under '{persona}'" + f", {group.phrasing} phrasings" * (group.phrasing != "-")
            finite(margins[group.keep], of=where)
        if not kept.any():
            continue
        who = [user for user, keep in zip(users, kept, strict=True) if keep]
        measured, people = (
            accuracy(margins[kept], who, seed=setting.seed),
            spread(correctness(margins[kept]), who),
        )
        result.append(
            Row(
                dataset=setting.dataset,
                method=method,
                persona=persona,
                attribute=group.attribute,
                phrasing=group.phrasing,
                layout=setting.layout,
                seed=setting.seed,
                accuracy=measured.value,
                ci95=measured.ci95,
                n=measured.n,
                users=measured.users,
                ties=measured.ties,
                ceiling=None if ceiling is None else float(ceiling[kept].mean()),
                macro=people.macro,
                worst_decile=people.worst_decile,
                not_finite=count - measured.n,
            )
        )
    return [_with_worst_group(row, result) for row in result]


def _with_worst_group(row: Row, found: Sequence[Row]) -> Row:
    """A row of all records of a phrasing with the worst of their subsets, which are rows too; others as they are."""
    subsets = [one for one in found if one.phrasing == row.phrasing and one.attribute != "all"]
    large = [one for one in subsets if one.users >= GROUP_USERS]
    if row.attribute != "all" or len(large) < 2:
        return replace(row, worst_group=None)
    worst = min(large, key=lambda one: one.accuracy)
    return replace(row, worst_group=WorstGroup(worst.attribute, worst.accuracy))
