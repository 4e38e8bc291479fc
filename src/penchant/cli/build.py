"""`penchant build`: builds a data set from raw posts, or says where a row of it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import JsonOption, OverwriteOption, ResumeOption, set_option
from penchant.cli.output import CONSOLE, as_json, result
from penchant.runs.build import build
from penchant.runs.built import explain as explained
from penchant.runs.built import explanation, summary


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
        result(as_json(values) if json else explanation(values))
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
    result(as_json({**manifest, "folder": str(out)}) if json else summary(manifest, out))
