"""Measures shortcuts: the accuracy of rules that ignore the person or only count words.

If such a rule does as well as a method, the method's accuracy says little. In the published P-Soups files, two kinds of
rule decide 69 to 79 % of the pairs: the lengths of the answers in the history, and six style numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penchant.errors import RecordError
from penchant.record import Record
from penchant.rules import CONTROLS
from penchant.stats import accuracy, correctness, spread

SUSPICIOUS = 0.6
"""Accuracy from which on a rule is worth a warning."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """The accuracy of one rule."""

    rule: str
    """The name of the rule."""
    what: str
    """The answer that the rule prefers."""
    accuracy: float
    ci95: tuple[float, float]
    """95 % interval of the accuracy, over people."""
    macro: float
    """Mean over people of their accuracies."""
    n: int
    """Number of pairs."""
    users: int
    ties: int
    """Pairs in which the rule prefers neither answer; each counts half."""

    @property
    def suspicious(self) -> bool:
        """Whether the accuracy is far from chance. Far below chance counts too: the reversed rule is then accurate."""
        return max(self.accuracy, 1 - self.accuracy) >= SUSPICIOUS and not self.ci95[0] <= 0.5 <= self.ci95[1]


RULES = {
    "longer": "the longer answer",
    "habit": "the longer or the shorter answer, as in the person's own choices",
    "overlap": "the answer that shares words with the history",
    "style": "the answer whose style differs as the person's choices differed",
}


def shortcuts(records: Sequence[Record], *, seed: int = 0) -> list[Shortcut]:
    """Every rule of `controls` on the records, the most accurate first.

    Raises:
        RecordError: there are no records.
    """
    if not records:
        raise RecordError("no records to audit")
    personas = [record.persona for record in records]
    users = [record.person_id for record in records]
    results = []
    for rule, control in CONTROLS.items():
        margins = control(records, personas)
        right = accuracy(margins, users, seed=seed)
        results.append(
            Shortcut(
                rule=rule,
                what=RULES[rule],
                accuracy=right.value,
                ci95=right.ci95,
                macro=spread(correctness(margins), users).macro,
                n=right.n,
                users=right.users,
                ties=right.ties,
            )
        )
    return sorted(results, key=lambda result: -result.accuracy)
