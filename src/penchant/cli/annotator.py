"""`penchant annotator`: fits what reads directions from evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.data import RejectedOption, SpaceOption, read, space_for
from penchant.cli.output import as_json, bar, result
from penchant.encoder import SENTENCE, open_encoder
from penchant.errors import ConfigError

if TYPE_CHECKING:
    from penchant.infer.heldout import HeldOut


def command(
    data: Annotated[Path, typer.Option(help="Records whose evidence carries directions.")],
    out: Annotated[Path, typer.Option(help="Folder for the annotator.")],
    encoder: Annotated[
        str, typer.Option(help="'sentence' (all-MiniLM-L6-v2), or a language model: folder or Hub id.")
    ] = SENTENCE,
    steps: Annotated[int, typer.Option(min=1, help="Steps of 128 items.")] = 2000,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    seed: Annotated[int, typer.Option(help="Of the weights, the batches and the people held out.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an annotator in --out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Summary as one JSON line.")] = False,
) -> None:
    """Fits an annotator: one head that reads any dimension from its pole phrases, with calibrated probabilities.

    A tenth of the people is held out, and some words of a first fit. On them it is set how sure a reading is, and the
    figures printed are measured: either half of them with what was set on the other half alone.
    """
    from penchant.fit.annotator import fit_annotator
    from penchant.infer.encoder import CARD
    from penchant.infer.labelled import labelled
    from penchant.infer.pieces import parts

    if (out / CARD).exists() and not overwrite:
        raise ConfigError(f"{out / CARD} is there already; give another --out, or add --overwrite")
    where = space_for(data, space)
    known = labelled(read(data, where, rejected=rejected))
    if not known:
        raise ConfigError(f"{data} has no evidence with directions; an annotator is fitted on annotated evidence")
    opened = open_encoder(encoder)
    clauses = len({text for one in known for part in parts(one.item) for text in part})
    with bar(clauses, "embedding clauses") as embedding, bar(2 * steps, "fitting twice", later=True) as fitting:
        found = fit_annotator(known, opened, where, steps=steps, seed=seed, embedding=embedding, progress=fitting)
    found.save(out)
    counts = {"annotator": str(out), "encoder": opened.name, "space": where.name, "items": len(known)}
    counts |= {"people": len({one.person for one in known}), "temperature": round(found.doubt.temperature, 4)}
    if json:
        figures = {"held_out": found.held_out, "new_words": found.new_words}
        result(as_json({**counts, **{name: one.as_card() if one else None for name, one in figures.items()}}))
        return
    result("\n".join(f"{key}: {value}" for key, value in counts.items()))
    result("\n".join(_told(found.held_out)))
    result("\n".join(_new(found.new_words)))


def _told(found: HeldOut | None) -> list[str]:
    if found is None:
        return ["held out: nobody is measured; that takes twenty people at least, whose evidence speaks of something"]
    of = f"held out: {found.people} people, {found.cells:,} cells (item x dimension) that speak for a pole"
    return [of, *_figures(found)]


def _new(found: HeldOut | None) -> list[str]:
    if found is None:
        return ["words left out of a first fit: none, too few are rare; how new wordings are read is not known"]
    of = f"words left out of a first fit: {found.cells:,} cells that speak for a pole in them"
    warning = (
        "  expect this of new wordings of the same kind of text; texts of another kind, as real ones are to one "
        "fitted on simulated people, it reads worse, and it may be sure and wrong"
    )
    return [of, *_figures(found), warning]


def _figures(found: HeldOut) -> list[str]:
    error = "–" if found.calibration_error is None else f"{found.calibration_error:.3f}"
    return [
        f"  on the right side: {100 * found.side:.1f} %, found: {100 * found.recall:.1f} %",
        f"  calibration error of the {found.stated:,} poles stated: {error}",
    ]
