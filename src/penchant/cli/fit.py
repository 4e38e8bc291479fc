"""`penchant fit`: fits scorers and annotators on embeddings of a frozen encoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import (
    CacheOption,
    DataOption,
    JsonOption,
    OverwriteOption,
    RejectedOption,
    SeedOption,
    SpaceOption,
)
from penchant.cli.output import CONSOLE, as_json, result, tell
from penchant.cli.reading import reads_data
from penchant.encoder import SENTENCE
from penchant.runs import fit

if TYPE_CHECKING:
    from penchant.infer.heldout import HeldOut

OutOption = Annotated[Path, typer.Option(help="Folder for the result.")]

app = typer.Typer(no_args_is_help=True, help="Fit a scorer or an annotator on text embeddings.")


@app.command("encoder")
@reads_data
def encoder(
    data: DataOption,
    out: OutOption,
    annotator: Annotated[
        Path | None, typer.Option(help="Annotator; its beliefs become a feature of the scorer.")
    ] = None,
    cache: CacheOption = None,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Fit the encoder scorer.

    It is a logistic regression on sentence embeddings.
    """
    fitted = fit.fit_encoder(
        data=data,
        out=out,
        annotator=annotator,
        cache=cache,
        space=space,
        rejected=rejected,
        overwrite=overwrite,
        reporter=CONSOLE,
    )
    tell(fitted, json=json)


@app.command("vpl")
@reads_data
def vpl(
    data: DataOption,
    out: OutOption,
    seed: SeedOption = 0,
    cache: CacheOption = None,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Fit the baseline VPL.

    It is a reward with a latent variable per person, by Poddar et al. 2024.
    """
    _baseline("vpl", data, out, seed=seed, cache=cache, space=space, rejected=rejected, overwrite=overwrite, json=json)


@app.command("lore")
@reads_data
def lore(
    data: DataOption,
    out: OutOption,
    seed: SeedOption = 0,
    cache: CacheOption = None,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Fit the baseline LoRe.

    It mixes a few basis rewards for each person.
    """
    _baseline("lore", data, out, seed=seed, cache=cache, space=space, rejected=rejected, overwrite=overwrite, json=json)


@app.command("annotator")
@reads_data
def annotator(
    data: DataOption,
    out: OutOption,
    encoder: Annotated[
        str, typer.Option(help="sentence (all-MiniLM-L6-v2), mpnet, or a model's folder or Hub id.")
    ] = SENTENCE,
    steps: Annotated[int, typer.Option(min=1, help="Training steps; each uses 128 items.")] = 2000,
    tune: Annotated[bool, typer.Option("--tune", help="Tune the encoder's weights, not --steps.")] = False,
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the data, with --tune.")] = 3.0,
    teacher: Annotated[Path | None, typer.Option(help="Annotator whose readings of --texts are learned.")] = None,
    texts: Annotated[Path | None, typer.Option(help="Parquet with a column text.")] = None,
    seed: SeedOption = 0,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Fit an annotator of texts.

    It infers a person's preferences from what they wrote, chose or said. One tenth of the people is kept for testing.
    The test people are split in two halves; each half is measured with a calibration fitted on the other. Before the
    real fit, a trial fit hides some words, to learn how much to lower the confidence for unfamiliar words.
    """
    fitted = fit.fit_annotator(
        data=data,
        out=out,
        encoder=encoder,
        steps=steps,
        tune=tune,
        epochs=epochs,
        teacher=teacher,
        texts=texts,
        seed=seed,
        space=space,
        rejected=rejected,
        overwrite=overwrite,
        reporter=CONSOLE,
    )
    if json:
        figures = {"held_out": fitted.held_out, "new_words": fitted.new_words}
        cards = {name: one.as_card() if one else None for name, one in figures.items()}
        result(as_json({**fitted.counts, **cards}))
        return
    tell(fitted.counts, json=False)
    result("\n".join([*_held_out(fitted.held_out), *_new_words(fitted.new_words)]))


def _baseline(name: str, data: Path, out: Path, *, json: bool, **settings: Any) -> None:
    tell(fit.fit_baseline(name=name, data=data, out=out, reporter=CONSOLE, **settings), json=json)


def _held_out(figures: HeldOut | None) -> list[str]:
    if figures is None:
        return ["held out: nobody is measured; that takes twenty people at least, whose evidence speaks of something"]
    head = f"held out: {figures.people} people, {figures.cells:,} cells (item x dimension) that speak for a pole"
    return [head, *_lines(figures)]


def _new_words(figures: HeldOut | None) -> list[str]:
    if figures is None:
        return ["words left out of a first fit: none, too few are rare; how well new wordings are read is not known"]
    return [
        f"words left out of a first fit: {figures.cells:,} cells that speak for a pole in them",
        *_lines(figures),
        "  expect this of new wordings of the same kind of text; an annotator fitted on simulated people reads real "
        "texts worse, and may be sure and wrong",
    ]


def _lines(figures: HeldOut) -> list[str]:
    error = "–" if figures.calibration_error is None else f"{figures.calibration_error:.3f}"
    return [
        f"  on the right side: {100 * figures.side:.1f} %, found: {100 * figures.recall:.1f} %",
        f"  calibration error of the {figures.stated:,} poles stated: {error}",
    ]
