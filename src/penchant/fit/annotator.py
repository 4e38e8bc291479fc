"""Fits an annotator over an encoder, on evidence items that carry directions.

The calibration is fitted on held-out people. It softens the head's probabilities (`Doubt` holds its parameters), so
that readings with probability 0.8 are right four times in five. Confidence must fall further on words that are not in
the fit. A first fit leaves some words out and shows how far. The figures on held-out people and on left-out words are
measured in the same way: the people are split in two, and each half is scored with calibration fitted on the other
half.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from penchant.encoder.base import Encoder, Progress
from penchant.errors import TrainingError
from penchant.fit.descent import one_thread
from penchant.fit.table import Readings, Table, cross_measured, read
from penchant.infer.bilinear import BilinearHead
from penchant.infer.calibration import NO_DOUBT, Doubt, left_out_mask
from penchant.infer.fitted import BATCH, EncoderAnnotator
from penchant.infer.head import Poles
from penchant.infer.heldout import HeldOut
from penchant.infer.labelled import Labelled
from penchant.infer.voice import fit_voice
from penchant.persona import Comment
from penchant.space import Direction, PreferenceSpace

_RATE = 1e-2
_DECAY = 1e-2
_HELD_OUT = 0.1
"""Share of the people who are held out."""
_EVERYDAY = 0.3
"""Everyday texts in a fit, as a share of its items."""
_NEW_ITEMS = 4_000
"""Most items with left-out words on which the growth of doubt is fitted."""


def fit_annotator(
    labelled: Sequence[Labelled],
    encoder: Encoder,
    space: PreferenceSpace,
    *,
    steps: int = 1500,
    seed: int = 0,
    embedding: Progress | None = None,
    progress: Callable[[int], None] | None = None,
) -> EncoderAnnotator:
    """An annotator fitted on items with known directions.

    Dimensions that no item is about are not fitted; they are read from the phrases of their poles alone.

    Args:
        steps: steps of each fit of a head.
        embedding: called with the number of clauses embedded since the last call.
        progress: called with 1 after each step. There are two fits if words can be left out, else one.
    Raises:
        TrainingError: too few people to hold some out, no item with a direction, or a loss that is not a number.
        SpaceMismatch: an item is labelled in another space.
    """
    rest, labelled = covered(labelled, space)
    if len(rest) < len(space):
        annotator = fit_annotator(
            labelled, encoder, rest, steps=steps, seed=seed, embedding=embedding, progress=progress
        )
        return replace(annotator, space=space)
    fitted, held_out = held_out_split(labelled, seed)
    neutral = everyday(space)
    table = Table.of([*labelled, *neutral], encoder, embedding)
    everyday_rows = range(len(labelled), len(table.split))
    own_passages = sorted({passage for row in fitted for passage in table.split[row].passages})
    untrained = EncoderAnnotator(
        encoder=encoder,
        space=space,
        head=_fresh_head(encoder.size, seed),
        mean_E=table.mean_E,
        voice=fit_voice(own_passages, encoder, space, seed=seed),
        known_CE=np.zeros((0, encoder.size), dtype=np.float32),
        items=len(labelled),
    )

    def trained(rows: Sequence[int]) -> EncoderAnnotator:
        head = _fresh_head(encoder.size, seed)
        # a head that was never shown a clause without a pole reads a pole into every sentence
        added = random.Random(f"everyday:{seed}").choices(everyday_rows, k=int(_EVERYDAY * len(rows)))
        _train(head, untrained.poles(), table, [*rows, *added], steps=steps, seed=seed, progress=progress)
        return replace(untrained, head=head, known_CE=table.known_clauses([*rows, *everyday_rows]))

    left_out = left_out_mask(table.split[: len(labelled)], seed)
    with one_thread():
        growth, new_words = _growth(trained, table, fitted=fitted, held_out=held_out, left_out=left_out, seed=seed)
        annotator = trained(fitted)
        readings = read(annotator, table, held_out)
        doubt, figures_held_out = readings.doubt(growth), cross_measured(readings, growth=growth)
    return replace(annotator, doubt=doubt, held_out=figures_held_out, new_words=new_words)


def covered(labelled: Sequence[Labelled], space: PreferenceSpace) -> tuple[PreferenceSpace, Sequence[Labelled]]:
    """The dimensions that some item is about, and the items in the space of these dimensions alone.

    Fitting the other dimensions as neutral would teach that their own phrases say nothing. If no item has a direction,
    the space is returned as it is.

    Raises:
        SpaceMismatch: an item is labelled in another space.
    """
    for label in labelled:
        label.direction.require(space, where=f"an item of '{label.person}'")
    kept = np.any([label.direction.signs != 0 for label in labelled], axis=0) if labelled else np.zeros(len(space))
    if not kept.any() or kept.all():
        return space, labelled
    names = [dimension.id for dimension, keep in zip(space.dimensions, kept, strict=True) if keep]
    rest = space.subset(names, name=space.name)
    return rest, [replace(label, direction=Direction(rest, label.direction.signs[kept])) for label in labelled]


def held_out_split(labelled: Sequence[Labelled], seed: int) -> tuple[list[int], list[int]]:
    """Rows of the people to fit on, and rows of the held-out people.

    Raises:
        TrainingError: too few people to hold some out, or no item with a direction.
    """
    people = sorted({label.person for label in labelled})
    random.Random(f"held out:{seed}").shuffle(people)
    held_out = set(people[: int(len(people) * _HELD_OUT)])
    if not held_out or not any(label.direction.signs.any() for label in labelled):
        raise TrainingError(
            f"labelled items of {len(people)} people; give those of ten people at least, with directions"
        )
    rows = range(len(labelled))
    return (
        [row for row in rows if labelled[row].person not in held_out],
        [row for row in rows if labelled[row].person in held_out],
    )


def everyday(space: PreferenceSpace) -> list[Labelled]:
    """Short texts that say nothing lasting about their author, each of nobody."""
    texts: list[str] = yaml.safe_load((files("penchant.infer") / "everyday.yaml").read_text(encoding="utf-8"))
    return [Labelled("", Comment("", text), space.direction()) for text in texts]


def _growth(
    trained: Callable[[Sequence[int]], EncoderAnnotator],
    table: Table,
    *,
    fitted: Sequence[int],
    held_out: Sequence[int],
    left_out: NDArray[np.bool_],
    seed: int,
) -> tuple[Doubt, HeldOut | None]:
    """The growth of doubt with novelty, and the figures of left-out words, from a first fit without these words.

    Args:
        trained: fits an annotator on some rows.
        fitted, held_out: rows by whether their person is held out.
        left_out: the items with left-out words, (items,).
    """
    rest = [row for row in fitted if not left_out[row]]
    new = np.flatnonzero(left_out).tolist()
    random.Random(f"strange:{seed}").shuffle(new)
    new = new[:_NEW_ITEMS]
    if not new or not bool(table.truth_ND[rest].ne(1).any()):
        return NO_DOUBT, None
    first = trained(rest)
    new_readings = read(first, table, new)
    known_readings = read(first, table, [row for row in held_out if not left_out[row]] or held_out)
    growth = Readings.concatenated([known_readings, new_readings]).doubt()
    return growth, cross_measured(new_readings, extra=known_readings, growth=None)


def _fresh_head(size: int, seed: int) -> BilinearHead:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BilinearHead(size)


def _train(
    head: BilinearHead,
    poles: Poles,
    table: Table,
    rows: Sequence[int],
    *,
    steps: int,
    seed: int,
    progress: Callable[[int], None] | None,
) -> None:
    scales = [head.near, head.bias, head.about]
    rest = [*head.left, *head.right]
    groups = [
        {"params": scales, "scale": 10.0, "weight_decay": 0.0},
        {"params": rest, "scale": 1.0, "weight_decay": _DECAY},
    ]
    optimizer = torch.optim.AdamW(groups, lr=_RATE)
    rng = random.Random(f"batches:{seed}")
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = group["scale"] * _RATE * min(1.0, step / 30) * (1 - 0.99 * step / steps)
        batch = rng.sample(rows, min(BATCH, len(rows)))
        logits = head(table.clauses(batch), poles)
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, 3), table.truth_ND[batch].reshape(-1), reduction="sum"
        )
        loss = loss / len(batch)
        if not torch.isfinite(loss):
            raise TrainingError(f"the head's loss is not a number at step {step}; check the encoder's vectors")
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        if progress is not None:
            progress(1)
    head.eval()
