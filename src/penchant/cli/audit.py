"""`penchant audit`: what would make a score on some data look better than it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.data import RejectedOption, SpaceOption, read, space_for
from penchant.cli.output import as_json, result, say

if TYPE_CHECKING:
    from penchant.audit.leakage import Finding
    from penchant.audit.shortcuts import Shortcut


def command(
    data: Annotated[Path, typer.Option(help="Records to audit: what is tested on.")],
    against: Annotated[
        Path | None, typer.Option(help="What was trained on; shared people and texts are counted.")
    ] = None,
    against_split: Annotated[str | None, typer.Option(help="Only records of this split of --against.")] = None,
    split: Annotated[str | None, typer.Option(help="Only records of this split of --data.")] = None,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    seed: Annotated[int, typer.Option(help="Of the intervals.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")] = False,
) -> None:
    """Counts records that give their own answer away, and measures what rules without a model get right."""
    from penchant.audit.leakage import leakage
    from penchant.audit.shortcuts import shortcuts

    where = space_for(data, space)
    records = read(data, where, split=split, rejected=rejected)
    others = read(against, where, split=against_split) if against is not None else []
    findings, rules = leakage(records, others), shortcuts(records, seed=seed)
    if json:
        found = [{**asdict(one), "share": one.share} for one in findings]
        measured = [{**asdict(one), "suspicious": one.suspicious} for one in rules]
        result(as_json({"audit": str(data), "records": len(records), "leakage": found, "shortcuts": measured}))
        return
    result(f"{data}: {len(records):,} records\n")
    result("\n".join(_leaks(findings)))
    result("\n".join(_rules(rules)))
    if against is None:
        say("give --against, what was trained on, to count people and texts that are in both")


def _leaks(findings: Sequence[Finding]) -> list[str]:
    lines = ["leakage"]
    for one in findings:
        examples = f"   {', '.join(one.examples)}" if one.examples else ""
        lines.append(f"  {one.count:>8,}  {100 * one.share:5.1f} %  {one.check}: {one.what}{examples}")
    return [*lines, ""]


def _rules(rules: Sequence[Shortcut]) -> list[str]:
    lines = ["shortcuts: pairs that a rule without a model gets right (95 % interval over people)"]
    for one in rules:
        low, high = (100 * end for end in one.ci95)
        mark = "  <- a score on this data must be read beside it" if one.suspicious else ""
        lines.append(f"  {100 * one.accuracy:5.1f} %  ({low:.1f}–{high:.1f})  {one.rule}: {one.what}{mark}")
    return lines
