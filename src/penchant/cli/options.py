"""Options that several commands share, each with its help, in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[Path, typer.Option(help="Records: shards, Parquet, JSON or JSONL.")]
SpaceOption = Annotated[str | None, typer.Option(help="Preference space: a name or a .toml file.")]
RejectedOption = Annotated[Path | None, typer.Option(help="File for dropped rows: NAME.rejected.jsonl.")]
DirectionsOption = Annotated[str, typer.Option(help="given in the data, or measured on its style.")]
SplitOption = Annotated[str | None, typer.Option(help="Use only records of this split.")]
AttributeOption = Annotated[str | None, typer.Option(help="Use only records of this attribute.")]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Read at most this many records.")]
SeedOption = Annotated[int, typer.Option(help="Random seed.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what is in --out.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Continue a stopped run.")]
RecipeOption = Annotated[str, typer.Option(help="Name of a shipped recipe, or a YAML file.")]
NeededRecipeOption = Annotated[
    str | None,
    typer.Option("--recipe", help="hub (pretrained models), another recipe, or a YAML file. Required."),
]
"""A recipe without a default; see `runs.recipe`."""
ModelOption = Annotated[str | None, typer.Option(help="Base model: folder or Hub id; default: the recipe's.")]
SetOption = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting of the recipe, e.g. seed=1; repeatable."),
]
BaseOption = Annotated[str | None, typer.Option(help="Base model, if the models' cards name none.")]
LayoutOption = Annotated[str, typer.Option(help="Prompt order: user_first, or paper (task first).")]
BudgetOption = Annotated[int | None, typer.Option(min=1, help="Longest prompt; the oldest evidence is dropped.")]
AnnotatorOption = Annotated[Path | None, typer.Option(help="Annotator that infers directions: folder or recipe.")]
NeutralOption = Annotated[bool, typer.Option("--neutral", help="Replace words of gender and age.")]
SummariesOption = Annotated[str | None, typer.Option(help="Recipe of the language model that summarises people.")]
CacheOption = Annotated[Path | None, typer.Option(help="Folder that keeps embeddings for later runs.")]
