"""What was measured, told: tables for people, one JSON object for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.cli.output import as_json, result, say

if TYPE_CHECKING:
    from penchant.eval.measured import Measured, Results


def show(measured: Sequence[Measured], *, json: bool, seconds: dict[str, float], seed: int) -> None:
    """Prints the main rows and contrasts as tables, or everything as one JSON object on the last line."""
    from penchant.eval import contrasts
    from penchant.eval.measured import Results
    from penchant.eval.rows import is_variant, table
    from penchant.model.card import versions

    found = Results.of(measured)
    say_not_finite(found)
    if json:
        result(as_json(summary(found, seconds=seconds, seed=seed, versions=versions())))
        return
    main = [row for row in found.rows if row.attribute == "all" and not is_variant(row.method)]
    result(table(main))
    if found.contrasts:
        result("\n" + contrasts.table(found.contrasts))
    if len(main) < len(found.rows):
        say(f"{len(found.rows) - len(main)} more rows, of subsets and variants of the metric, are in --json")


def say_not_finite(found: Results) -> None:
    """Says once what was left out of the rows as its margin is no finite number, if anything."""
    from penchant.eval.rows import not_finite

    if (sentence := not_finite(found.rows)) is not None:
        say(sentence)


def summary(found: Results, *, seconds: dict[str, float], seed: int, versions: dict[str, str]) -> dict[str, object]:
    """The content of results.json."""
    spent = {stage: round(value, 2) for stage, value in seconds.items()}
    told = {"rows": [row.as_json() for row in found.rows], "contrasts": [one.as_json() for one in found.contrasts]}
    return {**told, "seconds": spent, "seed": seed, "versions": versions}
