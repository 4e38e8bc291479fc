"""`penchant build`: builds a data set from raw posts, or says where a row of it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.cli.options import JsonOption, OverwriteOption, ResumeOption, set_option
from penchant.cli.output import CONSOLE, as_json, result
from penchant.runs.build import build
from penchant.runs.built import explain as explained

_MOST = 5
"""Records that are named where many have a row as evidence."""


def command(
    out: Annotated[Path, typer.Option(help="Folder for train/, test/, card and manifest.")],
    config: Annotated[Path | None, typer.Option(help="Recipe: a YAML file.")] = None,
    records: Annotated[list[Path], typer.Option(help="Take over choices, e.g. rows of AlignX; repeatable.")] = [],  # noqa: B006 - typer only reads it
    explain: Annotated[str | None, typer.Option(metavar="ROW", help="Say what became of a row.")] = None,
    engine: Annotated[str, typer.Option(help="local, or ray (a cluster).")] = "local",
    workers: Annotated[int, typer.Option(min=1, help="Processes; changes nothing but the time.")] = 1,
    overrides: Annotated[list[str], set_option("pairs.mirrored=true")] = [],  # noqa: B006 - typer only reads it
    resume: ResumeOption = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Build a data set of personal preferences from raw posts.

    The recipe names the sources and every step; each row is kept, or counted with its reason.
    """
    if explain is not None:
        values = explained(out, explain)
        result(as_json(values) if json else _explanation(values))
        return
    manifest = build(
        config=config,
        records=records,
        out=out,
        engine=engine,
        workers=workers,
        overrides=overrides,
        resume=resume,
        overwrite=overwrite,
        reporter=CONSOLE,
    )
    result(as_json({**manifest, "folder": str(out)}) if json else _summary(manifest, out))


def _summary(manifest: dict[str, Any], out: Path) -> str:
    lines = []
    for step, counts in manifest["steps"].items():
        reasons = "; ".join(f"{reason}: {number:,}" for reason, number in counts["dropped"].items())
        lines.append(f"{step:<11} {counts['in']:>11,} → {counts['out']:>11,} {counts['unit']:<8}{reasons}".rstrip())
    records = ", ".join(f"{split}: {number:,} records" for split, number in manifest["records"].items())
    return "\n".join([*lines, f"{records}; folder: {out}"])


def _explanation(values: dict[str, Any]) -> str:
    lines = [f"left out at step '{drop['step']}': {drop['reason']}" for drop in values["dropped"]]
    for record in values["records"]:
        for key, value in record.items():
            text = _poles(value) if key == "direction" else value
            lines.append(f"{key}: {', '.join(filter(None, value.values())) if key == 'evidence' else text}")
        lines.append("")
    if values["evidence"]:
        lines.append(f"evidence of {len(values['evidence']):,} records: {', '.join(values['evidence'][:_MOST])}")
    text = "\n".join(lines).rstrip()
    return (
        text or "kept as a post (if the source has such a row), but no record asks about it or was given it as evidence"
    )


def _poles(direction: dict[str, int] | None) -> str:
    return ", ".join(f"{name}{'+' if sign > 0 else '-'}" for name, sign in (direction or {}).items()) or "none"
