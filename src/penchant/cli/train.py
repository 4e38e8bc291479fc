"""`penchant train`: aligns a model to each person (ICA, PBA) or to everybody at once (universal)."""

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
    ResumeOption,
    SpaceOption,
    SummariesOption,
    TemplateOption,
    set_option,
)
from penchant.cli.output import CONSOLE, tell
from penchant.runs.train import train


def command(
    data: DataOption,
    method: Annotated[str, typer.Option(help="ica, pba, pba_summary, pba_both or universal; see docs/guide/train.md.")],
    out: Annotated[Path, typer.Option(help="Folder for the aligned model.")],
    recipe: NeededRecipeOption = None,
    model: ModelOption = None,
    template: TemplateOption = None,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    ratings: Annotated[bool, typer.Option("--ratings", help="Train on thumbs up or down (KTO), not on pairs.")] = False,
    lora: Annotated[bool, typer.Option("--lora", help="Train a LoRA adapter instead of all weights.")] = False,
    reference_cache: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps log-probabilities of the base for later runs; default: next to --out."),
    ] = None,
    summaries: SummariesOption = None,
    resume: ResumeOption = False,
    overwrite: OverwriteOption = False,
    overrides: Annotated[list[str], set_option("ica.beta=0.2")] = [],  # noqa: B006 - typer only reads it
    json: JsonOption = False,
) -> None:
    """Align a base model to people with DPO.

    The unchanged base is the reference model of the loss.
    """
    trained = train(
        data=data,
        method=method,
        recipe=recipe,
        out=out,
        model=model,
        template=template,
        space=space,
        rejected=rejected,
        ratings=ratings,
        lora=lora,
        reference_cache=reference_cache,
        summaries=summaries,
        resume=resume,
        overwrite=overwrite,
        overrides=overrides,
        reporter=CONSOLE,
    )
    if trained is not None:
        tell(trained, json=json)
