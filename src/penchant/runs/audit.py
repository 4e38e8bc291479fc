"""Finds leaks and shortcuts in data that raise scores without learning about people; `penchant audit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data, as_data, read, space_for

if TYPE_CHECKING:
    from penchant.audit.leakage import Finding
    from penchant.audit.shortcuts import Shortcut


@dataclass(frozen=True, slots=True)
class Audit:
    """The checks of some records."""

    data: Path | Data
    records: int
    leakage: tuple[Finding, ...]
    """Records that give their own answer away, or are in the training data too."""
    shortcuts: tuple[Shortcut, ...]
    """What rules without a model get right."""
    by_attribute: Mapping[str, tuple[Shortcut, ...]]
    """The same for each subset of the records; a rule may decide subsets in opposite ways and look harmless in all."""


def audit(
    *,
    data: Path | Data,
    against: Path | None = None,
    against_split: str | None = None,
    split: str | None = None,
    space: str | None = None,
    rejected: Path | None = None,
    seed: int = 0,
    reporter: Reporter = QUIET,
) -> Audit:
    """Counts records that give their own answer away, and measures what rules without a model get right.

    Args:
        data: the test records.
        against: the training records; people and texts that are in both are counted.
        against_split: only records of this split of `against`.
        split: only records of this split of `data`.
        seed: of the bootstrap intervals.
    Raises:
        DataError, SpaceMismatch: see `runs.data.read`.
    """
    from penchant.audit.leakage import leakage
    from penchant.audit.shortcuts import shortcuts

    read_in = space_for(data, space)
    records = read(data, read_in, split=split, rejected=rejected, reporter=reporter)
    if against is None:
        others = []
        reporter.note("give the training data as `against` to count people and texts that are in both")
    else:
        others = read(against, read_in, split=against_split, reporter=reporter)
    if not any(record.persona.items for record in records):
        reporter.note("no record holds evidence, so histories are not checked; `history` makes other rows evidence")
    subsets: dict[str, list[Record]] = {}
    for record in records:
        if record.provenance.attribute:
            subsets.setdefault(record.provenance.attribute, []).append(record)
    by_attribute = {name: tuple(shortcuts(theirs, seed=seed)) for name, theirs in sorted(subsets.items())}
    if len(by_attribute) < 2 and sum(map(len, subsets.values())) == len(records):
        by_attribute = {}
    return Audit(
        as_data(data).path,
        len(records),
        tuple(leakage(records, others)),
        tuple(shortcuts(records, seed=seed)),
        by_attribute,
    )
