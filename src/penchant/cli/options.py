"""Options that several commands share, each with its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

DataOption = Annotated[Path, typer.Option(help="Data: a file, a folder, or hub:OWNER/NAME.")]
ColumnsOption = Annotated[str | None, typer.Option(help="FIELD=COLUMN,… or a YAML file; see guide.")]
HistoryOption = Annotated[str | None, typer.Option(help="Rows as evidence: others, earlier, first:K.")]
EvidenceOption = Annotated[Path | None, typer.Option(help="More evidence of the people, by user id.")]
SpaceOption = Annotated[str | None, typer.Option(help="Dimensions: name of a space, or .toml file.")]
RejectedOption = Annotated[Path | None, typer.Option(help="File for dropped rows: NAME.rejected.jsonl.")]
DirectionsOption = Annotated[str, typer.Option(help="given: from the data; measured: from text style.")]
ModelDirectionsOption = Annotated[str | None, typer.Option(help="given or measured; default: as trained.")]
SplitOption = Annotated[str | None, typer.Option(help="Use only records of this split.")]
AttributeOption = Annotated[str | None, typer.Option(help="Only records of this subset (attribute).")]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Read at most this many records.")]
SeedOption = Annotated[int, typer.Option(help="Random seed.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what is in --out.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Continue a stopped run.")]
RecipeOption = Annotated[str, typer.Option(help="Shipped recipe (demo, english, forum90, hub), or a YAML file.")]
NeededRecipeOption = Annotated[
    str | None,
    typer.Option("--recipe", help="hub (pretrained), demo, english, forum90, or a YAML file.  [required]"),
]
"""A recipe without a default; see `runs.recipe`."""
ModelOption = Annotated[str | None, typer.Option(help="Base: folder, Hub id or smollm2; default: the recipe's.")]
TemplateOption = Annotated[str | None, typer.Option(help="Chat template: chatml, plain, or Jinja file.")]
BaseOption = Annotated[str | None, typer.Option(help="Base: where no card names it, or alone.")]
LayoutOption = Annotated[str | None, typer.Option(help="user_first or paper; default: as trained.")]
BudgetOption = Annotated[int | None, typer.Option(min=1, help="Longest prompt in tokens.")]
AnnotatorOption = Annotated[Path | None, typer.Option(help="Infer directions: folder, recipe, english, english-large.")]
NeutralOption = Annotated[bool, typer.Option("--neutral", help="Replace words of gender and age.")]
SummariesOption = Annotated[
    str | None, typer.Option(help="Recipe of a language model that writes summaries (pba_summary, pba_both).")
]
CacheOption = Annotated[Path | None, typer.Option(help="Folder that keeps embeddings for later runs.")]


def set_option(example: str) -> Any:
    """The option `--set` of a command, with one setting of its recipe as an example."""
    return typer.Option(
        "--set", metavar="KEY=VALUE", help=f"Change one setting of the recipe, e.g. {example}; repeatable."
    )
