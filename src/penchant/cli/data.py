"""`penchant data`: what is in a file, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.cli import options as shared
from penchant.cli.output import CONSOLE, as_flags, as_json, result
from penchant.errors import DataError
from penchant.runs.data import Data
from penchant.runs.look import Look, look

_SHOWN = 160
"""Characters of a text that are shown."""


def command(
    data: Annotated[Path, typer.Argument(metavar="FILE", help="File, folder, or hub:OWNER/NAME.")],
    columns: shared.ColumnsOption = None,
    space: shared.SpaceOption = None,
    rejected: shared.RejectedOption = None,
    limit: shared.LimitOption = None,
    json: shared.JsonOption = False,
) -> None:
    """Show how a file is read.

    Print its layout, columns, people, first record, and what would be dropped.
    """
    seen = look(data=Data(data, columns), space=space, rejected=rejected, limit=limit, reporter=CONSOLE)
    result(as_json(seen.as_json()) if json else "\n".join(_lines(seen)))
    if not seen.records and not seen.evidence:
        raise DataError(f"{seen.path} holds nothing that can be used; the reasons are above")


def _lines(seen: Look) -> list[str]:
    kinds = {
        "pairs": seen.pairs,
        f"ratings of single answers ({seen.liked:,} up, {seen.ratings - seen.liked:,} down)": seen.ratings,
        "questions without answers": seen.questions,
        "items of evidence (for `evidence` and penchant show users)": 0 if seen.records else seen.evidence,
    }
    held = ", ".join(f"{count:,} {name}" for name, count in kinds.items() if count) or "nothing that can be used"
    lines = [as_flags(f"{seen.path}: layout {seen.layout}; {seen.rows:,} rows, {held}")]
    if seen.columns:
        lines += ["", "read from", *(f"  {field:<10} {column}" for field, column in seen.columns.items())]
    if seen.kept_aside:
        lines += [f"  kept as meta and not read: {', '.join(seen.kept_aside)}"]
    lines += ["", people] if (people := _people(seen)) else []
    if seen.evidence and seen.records:
        lines.append(f"{seen.evidence:,} items of evidence in the rows")
    if seen.dropped:
        lines += ["", "would be dropped", *_counts(seen.dropped, "rows")]
    if seen.silent:
        lines += ["", "say nothing, in rows that are kept", *_counts(seen.silent, "parts")]
    if seen.lost:
        lines += ["", "evidence left out", *_counts(seen.lost, "items")]
    if (first := seen.first_values()) is not None:
        lines += ["", "the first record"]
        lines += [_short_line("person", first["user_id"] or "not named")]
        turns = first["prompt"]
        lines += [_short_line(turn["role"], turn["content"]) for turn in turns]
        lines += _answer_lines(first["chosen"], first["rejected"])
    return lines


def _answer_lines(chosen: str | None, rejected: str | None) -> list[str]:
    """Both answers in short; a long beginning that they share is left out of the second."""
    one, other = (" ".join((text or "").split()) for text in (chosen, rejected))
    ends = min(len(one), len(other))
    shared = next((i for i in range(ends) if one[i] != other[i]), ends)
    if shared > _SHOWN // 2:
        one, other = (f"…{text[shared - 20 :]}" for text in (one, other))
    return [_short_line(side, text) for side, text in (("chosen", one), ("rejected", other)) if text]


def _people(seen: Look) -> str:
    if not seen.records and not seen.evidence:
        return ""
    if not seen.named:
        return "no people are named: every record counts as a person of its own (--columns user_id=… names them)"
    sizes = seen.items
    kinds = [("pairs", seen.pairs), ("ratings", seen.ratings), ("questions", seen.questions)]
    held = [name for name, count in kinds if count]
    unit = held[0] if len(held) == 1 else "entries"
    spread = f"{sizes['least']:,} to {sizes['most']:,} {unit} each, median {sizes['median']:,}"
    unnamed = f"; {seen.people - seen.named:,} records name nobody" if seen.people > seen.named else ""
    return f"{seen.named:,} people, {spread}{unnamed}"


def _counts(reasons: Any, what: str) -> list[str]:
    return [f"  {count:>9,} {what}: {reason}" for reason, count in sorted(reasons.items(), key=lambda one: -one[1])]


def _short_line(label: str, text: str) -> str:
    short = " ".join(str(text).split())
    return f"  {label:<10} {short[:_SHOWN]}{'…' if len(short) > _SHOWN else ''}"
