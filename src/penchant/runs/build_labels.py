"""The sample of a build that its annotator labels, and the annotator that is fitted on these labels for the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.encoder import SENTENCE, open_encoder
from penchant.errors import TrainingError
from penchant.reporter import Reporter
from penchant.runs.annotators import open_annotator
from penchant.runs.quiet import quiet_libraries
from penchant.space import load_space

if TYPE_CHECKING:
    from penchant.build.stages.folder import BuildFolder
    from penchant.build.stages.link import Reader
    from penchant.infer.base import Annotator
    from penchant.persona import Comment, Demographics
    from penchant.space import Direction

_STAGE = "label"
_STEPS = 1500


def label(folder: BuildFolder, reporter: Reporter) -> None:
    """Labels a sample of the replies and fits an annotator on the labels; does nothing if that is done.

    Raises:
        TrainingError: the sample has no direction, or too few people.
    """
    from penchant.build.labels import Labels, sample
    from penchant.fit.annotator import fit_annotator
    from penchant.infer.annotate import directions
    from penchant.infer.labelled import Labelled
    from penchant.shards.atomic import write_text

    if folder.counts(_STAGE, 0) is not None:
        return
    recipe, space = folder.recipe, load_space(folder.recipe.space)
    drawn = sample(folder, recipe.labelled or 0)
    items = [one.item for one in drawn]
    teacher = open_annotator(str(recipe.annotator), space, reporter=reporter)
    with reporter.bar(len(items), "labelling a sample") as advance:
        readings = teacher.annotate(items, progress=advance)
    labelled = [
        Labelled(one.author, one.item, direction)
        for one, direction in zip(drawn, directions(readings, space), strict=True)
    ]
    with quiet_libraries():
        encoder = open_encoder(SENTENCE)
    with reporter.bar(2 * _STEPS, "fitting on the labels") as advance:
        try:
            fitted = fit_annotator(labelled, encoder, space, steps=_STEPS, seed=recipe.seed, progress=advance)
        except TrainingError as error:
            raise TrainingError(f"`labelled` {recipe.labelled}: {error}; label more replies") from error
    fitted.save(_folder(folder))
    Labels.of(items, readings).save(_folder(folder) / "labels")
    held_out = fitted.held_out.as_card() if fitted.held_out else None
    values = {"items": len(items), "annotator": teacher.name, "reader": fitted.name, "agreement": held_out}
    write_text(_folder(folder) / "agreement.json", json.dumps(values))
    folder.done(_STAGE, 0, {})
    if held_out:
        found, side = (100 * float(held_out[name] or 0) for name in ("found", "side"))
        reporter.note(
            f"on {held_out['people']} people outside the fit, the fitted annotator reads {found:.0f} % of the labelled "
            f"poles and leans to their side in {side:.0f} %"
        )


def agreement(folder: BuildFolder) -> dict[str, Any] | None:
    """How the fitted annotator agrees with the labels; None where no sample was labelled."""
    path = _folder(folder) / "agreement.json"
    if not path.is_file():
        return None
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


@lru_cache(maxsize=1)
def labelled_reader(folder: Path, space: str) -> Reader:
    """The labels of a build's sample, and the fitted annotator for all other replies.

    Args:
        folder: the folder of the unfinished build.
    """
    from penchant.build.labels import Labels

    reader = open_annotator(folder / _STAGE / "reader", load_space(space))
    labels = Labels.load(folder / _STAGE / "reader" / "labels")
    return steady(lambda items: labels.directions(items, reader), reader)


def steady(read: Reader, annotator: Annotator) -> Reader:
    """A reader whose results depend on nothing but its items, so that a build is the same with any number of workers.

    An encoder rounds by the batch that a text is in. So nothing of earlier items is kept, and one thread computes.
    """
    from penchant.encoder.pooled import PooledEncoder

    encoder = getattr(annotator, "encoder", None)
    if not isinstance(encoder, PooledEncoder):
        return read

    def alone(items: Sequence[Comment | Demographics]) -> Sequence[Direction | None]:
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        encoder.forget()
        try:
            return read(items)
        finally:
            torch.set_num_threads(threads)

    return alone


def _folder(folder: BuildFolder) -> Path:
    return folder.folder / _STAGE / "reader"
