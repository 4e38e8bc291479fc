"""`penchant infer`: infers directions from the evidence of records, and writes the records with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli import options as shared
from penchant.cli.output import CONSOLE, as_json, result
from penchant.runs.annotators import ENGLISH
from penchant.runs.infer import infer


def command(
    data: shared.DataOption,
    out: Annotated[Path, typer.Option(help="Folder for the records.")],
    annotator: Annotated[Path, typer.Option(help="Folder, recipe, english or english-large.")] = Path(ENGLISH),
    user: Annotated[str | None, typer.Option(help="Use only this person.")] = None,
    limit: shared.LimitOption = None,
    space: shared.SpaceOption = None,
    rejected: shared.RejectedOption = None,
    neutral: shared.NeutralOption = False,
    resume: shared.ResumeOption = False,
    overwrite: shared.OverwriteOption = False,
    json: shared.JsonOption = False,
) -> None:
    """Infer directions from evidence; write the records.

    The inferred directions replace those in the data.
    """
    counts = infer(
        data=data,
        annotator=annotator,
        out=out,
        user=user,
        limit=limit,
        space=space,
        rejected=rejected,
        neutral=neutral,
        resume=resume,
        overwrite=overwrite,
        reporter=CONSOLE,
    )
    result(as_json(counts) if json else "\n".join(f"{key}: {_line(value)}" for key, value in counts.items()))


def _line(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{reason}: {count:,}" for reason, count in value.items()) or "0"
    return str(value)
