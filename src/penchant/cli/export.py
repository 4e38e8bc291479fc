"""`penchant export`: writes preference pairs for the command line of TRL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import (
    DataOption,
    JsonOption,
    ModelOption,
    NeededRecipeOption,
    OverwriteOption,
    RejectedOption,
    SpaceOption,
    TemplateOption,
    set_option,
)
from penchant.cli.output import CONSOLE, tell
from penchant.runs.export import CONFIG, ROWS, export


def command(
    data: DataOption,
    method: Annotated[str, typer.Option(help="ica, pba, pba_summary, pba_both or universal; see docs/guide/train.md.")],
    out: Annotated[Path, typer.Option(help=f"Folder for {ROWS} and {CONFIG}.")],
    recipe: NeededRecipeOption = None,
    rounds: Annotated[int, typer.Option(min=1, help="How many times each person's evidence is sampled.")] = 1,
    model: ModelOption = None,
    template: TemplateOption = None,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    overrides: Annotated[list[str], set_option("ica.max_prompt_tokens=2000")] = [],  # noqa: B006 - typer only reads it
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Write training pairs for `trl dpo`.

    The rows equal those of `penchant train`. Set steps and batch size in TRL.
    """
    counts = export(
        data=data,
        method=method,
        recipe=recipe,
        out=out,
        rounds=rounds,
        model=model,
        template=template,
        space=space,
        rejected=rejected,
        overwrite=overwrite,
        overrides=overrides,
        reporter=CONSOLE,
    )
    tell(counts, json=json)
