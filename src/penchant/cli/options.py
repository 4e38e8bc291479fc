"""Options that several commands share, each with its help, in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[Path, typer.Option(help="Records: shards, Parquet, JSON or JSONL.")]
SpaceOption = Annotated[str | None, typer.Option(help="Preference space; default: beside the data.")]
RejectedOption = Annotated[Path | None, typer.Option(help="Receives rows left out: NAME.rejected.jsonl.")]
DirectionsOption = Annotated[str, typer.Option(help="Directions of evidence: given or measured.")]
SplitOption = Annotated[str | None, typer.Option(help="Only records of this split.")]
AttributeOption = Annotated[str | None, typer.Option(help="Only records of this subset.")]
LimitOption = Annotated[int | None, typer.Option(min=1, help="At most this many records.")]
SeedOption = Annotated[int, typer.Option(help="Seed of every draw.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what is in --out.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")]
RecipeOption = Annotated[str, typer.Option(help="Name of a shipped recipe, or a YAML file.")]
NeededRecipeOption = Annotated[
    str | None, typer.Option("--recipe", help="hub (pretrained models), another shipped recipe, or a YAML file.")
]
"""A recipe without a default; see `runs.recipe`."""
ModelOption = Annotated[str | None, typer.Option(help="Base: folder or Hub id; default: the recipe's.")]
SetOption = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Override, e.g. ica.beta=0.1; repeatable.")
]
BaseOption = Annotated[str | None, typer.Option(help="Base of the models, where no card names it.")]
LayoutOption = Annotated[str, typer.Option(help="Prompt layout: user_first or paper.")]
BudgetOption = Annotated[int | None, typer.Option(min=1, help="Prompt budget; evidence beyond it is dropped.")]
AnnotatorOption = Annotated[Path | None, typer.Option(help="Reads directions from evidence: a folder, or a recipe.")]
NeutralOption = Annotated[bool, typer.Option("--neutral", help="Hide words of gender and age.")]
SummariesOption = Annotated[str | None, typer.Option(help="Recipe of a language model that writes summaries.")]
CacheOption = Annotated[Path | None, typer.Option(help="Folder that keeps embeddings for later runs.")]
