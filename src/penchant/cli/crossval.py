"""`penchant crossval`: trains models or fits scorers on some people of a file, and tests them on the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli import options as shared
from penchant.cli.output import CONSOLE
from penchant.cli.reading import reads_data
from penchant.cli.tables import names, show
from penchant.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Cross-validate: train on some people, test on the rest.")


@app.command("models")
@reads_data
def models(
    data: shared.DataOption,
    out: Annotated[Path, typer.Option(help="Folder for the folds; finished folds are kept.")],
    recipe: shared.RecipeOption = "english",
    model: shared.ModelOption = None,
    template: shared.TemplateOption = None,
    lora: Annotated[bool, typer.Option("--lora", help="Train LoRA adapters instead of all weights.")] = False,
    methods: Annotated[str, typer.Option(help="Methods to align and test: ica, pba or both.")] = "ica,pba",
    folds: Annotated[int, typer.Option(min=2, help="Number of folds; records of a user stay together.")] = 3,
    only: Annotated[str | None, typer.Option(help="Run only these folds; numbers start at 0, e.g. 0,2.")] = None,
    attribute: shared.AttributeOption = None,
    encoder: Annotated[bool, typer.Option("--encoder", help="Also test the encoder scorer on these folds.")] = False,
    space: shared.SpaceOption = None,
    rejected: shared.RejectedOption = None,
    overrides: Annotated[list[str], shared.set_option("ica.max_steps=200")] = [],  # noqa: B006 - typer only reads it
    json: shared.JsonOption = False,
) -> None:
    """Align models fold by fold.

    Test each person once, with ICA and PBA models that were trained on other people.

    Finished folds are not measured again, and several processes can share the folds.
    """
    from penchant.runs.crossval import crossval_models

    measurement = crossval_models(
        data=data,
        out=out,
        recipe=recipe,
        model=model,
        template=template,
        lora=lora,
        methods=names(methods),
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
@reads_data
def scorers(
    data: shared.DataOption,
    folds: Annotated[int, typer.Option(min=2, help="Number of folds; records of a user stay together.")] = 5,
    baselines: Annotated[str | None, typer.Option(help="Baselines to fit too: vpl, lore or both.")] = None,
    fit_split: Annotated[str | None, typer.Option(help="Train on this split instead of folds.")] = None,
    split: shared.SplitOption = None,
    fit_data: Annotated[Path | None, typer.Option(help="Train on these records instead of folds.")] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Drop training rows that share an answer or a history text with a tested row."),
    ] = False,
    cache: shared.CacheOption = None,
    personas: Annotated[
        str | None, typer.Option(help="Kinds of evidence to test one by one; default: all evidence together.")
    ] = None,
    annotator: shared.AnnotatorOption = None,
    attribute: shared.AttributeOption = None,
    limit: shared.LimitOption = None,
    space: shared.SpaceOption = None,
    directions: shared.DirectionsOption = "given",
    rejected: shared.RejectedOption = None,
    seed: shared.SeedOption = 0,
    json: shared.JsonOption = False,
) -> None:
    """Fit scorers fold by fold.

    Test the encoder scorer and the baselines, with every control.
    """
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
