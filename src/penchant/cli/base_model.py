"""`penchant base`: trains a small base model from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import OverwriteOption, ResumeOption, set_option
from penchant.cli.output import CONSOLE, result
from penchant.runs.base_model import RECIPE, base


def command(
    recipe: Annotated[str, typer.Option(help="base, english-base, or a YAML file.")] = RECIPE,
    out: Annotated[Path, typer.Option(help="Folder for weights, tokenizer, model card, training curve.")] = Path(
        "models/forum-base"
    ),
    texts: Annotated[
        Path | None,
        typer.Option(help="Parquet file with a column `text`, for recipes with `corpus: text`, such as english-base."),
    ] = None,
    resume: ResumeOption = False,
    overwrite: OverwriteOption = False,
    overrides: Annotated[list[str], set_option("seed=1")] = [],  # noqa: B006 - typer only reads it
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
