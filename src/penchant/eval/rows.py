"""The one shape of every result: a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class WorstGroup:
    """The subset of the records on which a method does worst."""

    attribute: str
    accuracy: float
    """0 to 1. The least of several figures: of many small groups, chance alone makes one look bad."""


@dataclass(frozen=True, slots=True)
class Row:
    """Alignment accuracy of one method on one set of records."""

    dataset: str
    method: str
    """chance, longer, habit, overlap, style, base, few_shot, asked, ica, pba, pba_golden, encoder, vpl, lore, ..."""
    persona: str
    """ugc, pair, demo, mixed, none or shuffled."""
    attribute: str
    """Subset of the records, or `all`."""
    phrasing: str
    """known or unseen in simulated data, else `-`."""
    layout: str
    seed: int
    accuracy: float
    """Share of pairs with a positive margin, ties counting one half; 0 to 1."""
    ci95: tuple[float, float]
    """Bootstrap interval over users."""
    n: int
    users: int
    ties: int
    ceiling: float | None
    """The most that any method could reach from the same evidence, where it is known; None for real data."""
    macro: float
    """Mean of people's own accuracies: a person with few pairs counts as much as one with many."""
    worst_decile: float
    """The same over the tenth of the people for whom it is worst."""
    worst_group: WorstGroup | None = None
    """Of all records of a phrasing: the worst of their subsets of five people or more; None where there are not two."""
    not_finite: int = 0
    """Pairs besides `n` whose margin is no finite number: no figure of the row counts them."""

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict, accuracy and interval rounded to six digits."""
        values = asdict(self)
        for name in ("accuracy", "macro", "worst_decile"):
            values[name] = round(values[name], 6)
        values["ci95"] = [round(bound, 6) for bound in self.ci95]
        if self.worst_group is not None:
            values["worst_group"]["accuracy"] = round(self.worst_group.accuracy, 6)
        values["ceiling"] = None if self.ceiling is None else round(self.ceiling, 6)
        return values


PERSONAL = ("ica", "pba", "pba_summary", "pba_both", "encoder")
"""Methods that were aligned to people, or fitted on them, and are told of the person."""
_LIMITS = ("ideal", "coverage", "chance")


def is_limit(method: str) -> bool:
    """Whether a row says what is possible, or what a method would do if it were told more than the evidence."""
    return method in _LIMITS or method.endswith(("_golden", "_drawn"))


def is_variant(method: str) -> bool:
    """Whether a row is another reading of a trained method's margins, beside the published metric."""
    return method.endswith(("_same_prompt", "_raw", "_normalised"))


def share_of_gain(row: Row) -> float | None:
    """The part of the possible gain over chance that a row has; None without a ceiling above chance."""
    if row.ceiling is None or row.ceiling <= 0.5:
        return None
    return (row.accuracy - 0.5) / (row.ceiling - 0.5)


def not_finite(rows: Sequence[Row]) -> str | None:
    """A sentence on pairs that were left out as their margins are no finite numbers; None where there are none."""
    lost = [row for row in rows if row.attribute == "all" and row.not_finite]
    if not lost:
        return None
    named = (
        f"{one.method}, {one.persona}{f', {one.phrasing}' * (one.phrasing != '-')}: "
        f"{one.not_finite:,} of {one.n + one.not_finite:,}"
        for one in lost
    )
    return "pairs left out, as their margins are no finite numbers: " + "; ".join(named)


def table(rows: Sequence[Row]) -> str:
    """Rows as aligned text for a terminal; what no row knows has no column."""
    head = (
        *("dataset", "method", "persona", "attribute", "phrasing"),
        *("acc %", "95 % interval", "n", "users", "ties", "worst 10th %", "ceiling %"),
        *(["worst group %"] if (grouped := any(row.worst_group for row in rows)) else []),
        *(["not finite"] if (lost := any(row.not_finite for row in rows)) else []),
    )
    body = [
        (
            row.dataset,
            row.method,
            row.persona,
            row.attribute,
            row.phrasing,
            f"{100 * row.accuracy:.1f}",
            f"{100 * row.ci95[0]:.1f} to {100 * row.ci95[1]:.1f}",
            str(row.n),
            str(row.users),
            str(row.ties),
            f"{100 * row.worst_decile:.1f}",
            "-" if row.ceiling is None else f"{100 * row.ceiling:.1f}",
            *([_group(row.worst_group)] if grouped else []),
            *([str(row.not_finite)] if lost else []),
        )
        for row in rows
    ]
    widths = [max(len(line[i]) for line in (head, *body)) for i in range(len(head))]
    numeric = 5

    def aligned(line: Sequence[str]) -> str:
        cells = enumerate(zip(line, widths, strict=True))
        return "  ".join(cell.ljust(w) if i < numeric else cell.rjust(w) for i, (cell, w) in cells)

    lines = [aligned(line) for line in (head, *body)]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def _group(found: WorstGroup | None) -> str:
    return "-" if found is None else f"{found.attribute} {100 * found.accuracy:.1f}"
