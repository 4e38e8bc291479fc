"""Shortcuts: how far rules go that know nothing of the person, or only count words.

Where a rule does as well as a method, the method's score says little: the published P-Soups files are solved at 69 to
79 % by the sign of the history's lengths or by six numbers of style.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penchant.controls import CONTROLS
from penchant.errors import RecordError
from penchant.record import Record
from penchant.stats import accuracy, correctness, spread

SUSPICIOUS = 0.6
"""Accuracy of a rule from which on it is worth a warning."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What one rule gets right."""

    rule: str
    what: str
    accuracy: float
    ci95: tuple[float, float]
    """Over people."""
    macro: float
    n: int
    users: int
    ties: int

    @property
    def suspicious(self) -> bool:
        """Whether the rule is right or wrong more often than a fair file has it: below chance is a rule as well."""
        return max(self.accuracy, 1 - self.accuracy) >= SUSPICIOUS and not self.ci95[0] <= 0.5 <= self.ci95[1]


WHAT = {
    "longer": "the longer answer",
    "habit": "longer or shorter, as the person's own choices were",
    "overlap": "the answer that shares words with the history",
    "style": "the answer whose style moves as the person's choices did",
}


def shortcuts(records: Sequence[Record], *, seed: int = 0) -> list[Shortcut]:
    """Every rule of `controls` on some records, the best first.

    Raises:
        RecordError: there are no records.
    """
    if not records:
        raise RecordError("no records to audit")
    personas = [record.persona for record in records]
    users = [record.person_id for record in records]
    found = []
    for rule, control in CONTROLS.items():
        margins = control(records, personas)
        right, people = accuracy(margins, users, seed=seed), spread(correctness(margins), users)
        found.append(
            Shortcut(rule, WHAT[rule], right.value, right.ci95, people.macro, right.n, right.users, right.ties)
        )
    return sorted(found, key=lambda one: -one.accuracy)
