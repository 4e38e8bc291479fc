"""`penchant audit`: finds leaks and shortcuts in data, which raise scores without learning about people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from penchant.audit.shortcuts import Shortcut
from penchant.cli import options as shared
from penchant.cli.output import CONSOLE, as_json, result
from penchant.runs.audit import Audit, audit


def command(
    data: Annotated[Path, typer.Option(help="Test data to check.")],
    against: Annotated[Path | None, typer.Option(help="Training data, to count shared people and texts.")] = None,
    against_split: Annotated[str | None, typer.Option(help="Use only this split of --against.")] = None,
    split: Annotated[str | None, typer.Option(help="Use only this split of --data.")] = None,
    space: shared.SpaceOption = None,
    rejected: shared.RejectedOption = None,
    seed: Annotated[int, typer.Option(help="Random seed of the bootstrap intervals.")] = 0,
    json: shared.JsonOption = False,
) -> None:
    """Find leaks and shortcuts in data.

    Count records that contain their own answer. Measure the accuracy of simple rules.
    """
    audited = audit(
        data=data,
        against=against,
        against_split=against_split,
        split=split,
        space=space,
        rejected=rejected,
        seed=seed,
        reporter=CONSOLE,
    )
    result(as_json(_values(audited)) if json else "\n".join(_lines(audited)))


def _values(audited: Audit) -> dict[str, object]:
    leaks = [{**asdict(finding), "share": finding.share} for finding in audited.leakage]
    rules = [{**asdict(rule), "suspicious": rule.suspicious} for rule in audited.shortcuts]
    subsets = {
        name: [{**asdict(rule), "suspicious": rule.suspicious} for rule in found]
        for name, found in audited.by_attribute.items()
    }
    values = {"audit": str(audited.data), "records": audited.records, "leakage": leaks, "shortcuts": rules}
    return {**values, "by_attribute": subsets}


def _lines(audited: Audit) -> list[str]:
    lines = [f"{audited.data}: {audited.records:,} records", "", "leakage"]
    for leak in audited.leakage:
        examples = f"   {', '.join(leak.examples)}" if leak.examples else ""
        lines.append(f"  {leak.count:>8,}  {100 * leak.share:5.1f} %  {leak.check}: {leak.what}{examples}")
    lines += ["", "shortcuts: pairs that a rule without a model gets right (95 % interval over people)"]
    lines += _rules(audited.shortcuts)
    for name, found in audited.by_attribute.items():
        if suspicious := [rule for rule in found if rule.suspicious]:
            lines += ["", f"shortcuts in the subset {name}", *_rules(suspicious)]
    return lines


def _rules(rules: Sequence[Shortcut]) -> list[str]:
    lines = []
    for rule in rules:
        low, high = (100 * end for end in rule.ci95)
        mark = "  <- a score on this data must be read beside it" if rule.suspicious else ""
        lines.append(f"  {100 * rule.accuracy:5.1f} %  ({low:.1f}–{high:.1f})  {rule.rule}: {rule.what}{mark}")
    return lines
