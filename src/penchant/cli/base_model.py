"""`penchant base`: makes the small base model that the demo starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import OverwriteOption, RecipeOption, ResumeOption, SetOption
from penchant.cli.output import CONSOLE, result
from penchant.runs.base_model import RECIPE, base


def command(
    recipe: RecipeOption = RECIPE,
    out: Annotated[Path, typer.Option(help="Folder for weights, tokenizer, card, training curve.")] = Path(
        "models/forum-base"
    ),
    texts: Annotated[
        Path | None, typer.Option(help="Parquet with a column 'text', for a recipe with corpus: text.")
    ] = None,
    resume: ResumeOption = False,
    overwrite: OverwriteOption = False,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
) -> None:
    """Train a small base model from scratch.

    It learns from simulated forum threads, or from your own texts.
    """
    base(
        out=out,
        recipe=recipe,
        texts=texts,
        resume=resume,
        overwrite=overwrite,
        overrides=overrides,
        reporter=CONSOLE,
    )
    result(str(out))
