"""`penchant crossval`: models or scorers fitted on some people of a file and measured on the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import (
    AnnotatorOption,
    AttributeOption,
    CacheOption,
    DataOption,
    DirectionsOption,
    JsonOption,
    LimitOption,
    RecipeOption,
    RejectedOption,
    SeedOption,
    SetOption,
    SpaceOption,
    SplitOption,
)
from penchant.cli.output import CONSOLE
from penchant.cli.tables import names, show
from penchant.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Fits on some people of a file and measures on the others.")


@app.command("models")
def models(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for the folds; finished ones are kept.")],
    recipe: RecipeOption = "english",
    folds: Annotated[int, typer.Option(min=2, help="Folds by user.")] = 3,
    only: Annotated[str | None, typer.Option(help="Only these folds, e.g. 0,2.")] = None,
    attribute: Annotated[str | None, typer.Option(help="Only attributes that begin like this.")] = None,
    encoder: Annotated[bool, typer.Option("--encoder", help="Also the encoder scorer.")] = False,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
    json: JsonOption = False,
) -> None:
    """Aligns models by ICA and PBA fold by fold; each person is tested once, by models of other people.

    Finished folds are not measured again, and several processes can share the folds.
    """
    from penchant.runs.crossval import crossval_models

    measurement = crossval_models(
        data=data,
        out=out,
        recipe=recipe,
        folds=folds,
        only=None if only is None else _numbers(only, folds),
        attribute=attribute,
        encoder=encoder,
        space=space,
        rejected=rejected,
        overrides=overrides,
        reporter=CONSOLE,
    )
    show(measurement, json=json)


@app.command("scorers")
def scorers(
    data: DataOption,
    folds: Annotated[int, typer.Option(min=2, help="Folds by user over all rows.")] = 5,
    baselines: Annotated[str | None, typer.Option(help="Also fit vpl, lore; comma-separated.")] = None,
    fit_split: Annotated[str | None, typer.Option(help="Split to fit on, instead of folds.")] = None,
    split: SplitOption = None,
    fit_data: Annotated[Path | None, typer.Option(help="Records to fit on, instead of folds.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="No text in both fit and test.")] = False,
    cache: CacheOption = None,
    personas: Annotated[str | None, typer.Option(help="Kinds of evidence, each alone; default: all.")] = None,
    annotator: AnnotatorOption = None,
    attribute: AttributeOption = None,
    limit: LimitOption = None,
    space: SpaceOption = None,
    directions: DirectionsOption = "given",
    rejected: RejectedOption = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Fits the encoder scorer, and baselines, fold by fold, and measures them beside the controls."""
    from penchant.runs.crossval_scorers import crossval_scorers

    for option, text in (("baselines", baselines), ("personas", personas)):
        if text is not None and not names(text):
            raise ConfigError(f"`{option}` {text}: give names, separated by commas")
    measurement = crossval_scorers(
        data=data,
        folds=folds,
        baselines=names(baselines),
        fit_split=fit_split,
        split=split,
        fit_data=fit_data,
        strict=strict,
        cache=cache,
        personas=names(personas),
        annotator=annotator,
        attribute=attribute,
        limit=limit,
        space=space,
        directions=directions,
        rejected=rejected,
        seed=seed,
        reporter=CONSOLE,
    )
    show(measurement, json=json)


def _numbers(text: str, folds: int) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"`only` {text}: give numbers of folds from 0 to {folds - 1}, separated by commas") from None
