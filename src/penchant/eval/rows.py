"""`Row`: one accuracy with its method, evidence, subset and interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Role = Literal["limit", "control", "untrained", "baseline", "personal", "reading"]
"""The part that a row plays in a table:

- `limit`: the best possible accuracy, or the accuracy of a method that gets more than the evidence.
- `control`: a rule that ignores the person, or only counts words.
- `untrained`: a model that was not trained on any persona.
- `baseline`: anything else that a personal method is compared with, such as a learned scorer from the literature.
- `personal`: aligned to people, or fitted on people, with evidence about the person in its input.
- `reading`: another variant of a trained method's margins, in addition to the published metric.
"""


@dataclass(frozen=True, slots=True)
class WorstGroup:
    """The subset of the records on which a method does worst."""

    attribute: str
    accuracy: float
    """0 to 1. The minimum of several figures: among many small groups, chance alone makes one look bad."""


@dataclass(frozen=True, slots=True)
class Row:
    """Alignment accuracy of one method on one set of records."""

    dataset: str
    method: str
    """chance, longer, habit, overlap, style, base, few_shot, asked, ica, pba, encoder, vpl, lore, ..."""
    variant: str
    """same_prompt, raw, normalised, golden, drawn, text, style, choice, unaligned; empty for the method itself."""
    role: Role
    persona: str
    """The evidence shown: ugc, pair, demo, behaviour, mixed, all, none, shuffled, `first n` or `after n`."""
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
    """The most that any method could reach from the same evidence; None for real data, where it is not known."""
    macro: float
    """Mean of the users' own accuracies: a user with few pairs counts as much as one with many."""
    worst_decile: float
    """The same over the tenth of the users for whom it is worst."""
    worst_group: WorstGroup | None = None
    """Of all records of a phrasing: the worst of their subsets of five users or more; None with fewer than two."""
    not_finite: int = 0
    """Pairs besides `n` whose margin is not a finite number; no figure of the row counts them."""

    @property
    def label(self) -> str:
        """The method with its variant, as tables print it: `ica_raw`."""
        return label(self.method, self.variant)

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


def label(method: str, variant: str) -> str:
    """A method with its variant, as tables print it."""
    return f"{method}_{variant}" if variant else method


def share_of_gain(row: Row) -> float | None:
    """The part of the possible gain over chance that a row has; None without a ceiling above chance."""
    if row.ceiling is None or row.ceiling <= 0.5:
        return None
    return (row.accuracy - 0.5) / (row.ceiling - 0.5)


def not_finite(rows: Sequence[Row]) -> str | None:
    """A sentence on pairs that were left out because their margins are not finite; None where there are none."""
    lost = [row for row in rows if row.attribute == "all" and row.not_finite]
    if not lost:
        return None
    named = (
        f"{row.label}, {row.persona}{f', {row.phrasing}' * (row.phrasing != '-')}: "
        f"{row.not_finite:,} of {row.n + row.not_finite:,}"
        for row in lost
    )
    return "pairs left out, as their margins are no finite numbers: " + "; ".join(named)


_TEXT_COLUMNS = ("dataset", "method", "persona", "attribute", "phrasing")
_NUMBER_COLUMNS = ("acc %", "95 % interval", "n", "users", "ties", "worst 10th %", "ceiling %")


def table(rows: Sequence[Row]) -> str:
    """Rows as aligned text for a terminal; a column that no row fills is left out."""
    grouped, lost = any(row.worst_group for row in rows), any(row.not_finite for row in rows)
    head = [*_TEXT_COLUMNS, *_NUMBER_COLUMNS]
    head += ["worst group %"] * grouped + ["not finite"] * lost
    body = [_cells(row, grouped=grouped, lost=lost) for row in rows]
    return aligned(head, body, texts=len(_TEXT_COLUMNS))


def aligned(head: Sequence[str], body: Sequence[Sequence[str]], *, texts: int) -> str:
    """A table as text: the first `texts` columns to the left, the others to the right."""
    widths = [max(len(line[i]) for line in (head, *body)) for i in range(len(head))]

    def padded(line: Sequence[str]) -> str:
        cells = enumerate(zip(line, widths, strict=True))
        return "  ".join(cell.ljust(width) if i < texts else cell.rjust(width) for i, (cell, width) in cells)

    return "\n".join([padded(head), "  ".join("-" * width for width in widths), *map(padded, body)])


def _cells(row: Row, *, grouped: bool, lost: bool) -> list[str]:
    cells = [row.dataset, row.label, row.persona, row.attribute, row.phrasing]
    cells += [f"{100 * row.accuracy:.1f}", f"{100 * row.ci95[0]:.1f} to {100 * row.ci95[1]:.1f}"]
    cells += [str(row.n), str(row.users), str(row.ties), f"{100 * row.worst_decile:.1f}"]
    cells.append("-" if row.ceiling is None else f"{100 * row.ceiling:.1f}")
    if grouped:
        worst = row.worst_group
        cells.append("-" if worst is None else f"{worst.attribute} {100 * worst.accuracy:.1f}")
    return [*cells, str(row.not_finite)] if lost else cells
