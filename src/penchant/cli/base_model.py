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
    out: Annotated[Path, typer.Option(help="Folder for weights, tokenizer, card and curve.")] = Path(
        "models/forum-base"
    ),
    texts: Annotated[Path | None, typer.Option(help="Parquet with a column 'text'; for corpus: text.")] = None,
    resume: ResumeOption = False,
    overwrite: OverwriteOption = False,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
) -> None:
    """Trains a base language model from scratch: forum threads or real text, and pages with questions about them."""
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
