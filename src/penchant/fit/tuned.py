"""Fits an annotator and its encoder together, on items with known directions."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from penchant.encoder.base import Encoder, Progress
from penchant.encoder.sentence import SentenceEncoder
from penchant.errors import TrainingError
from penchant.fit.annotator import covered, everyday, held_out_split
from penchant.fit.descent import one_thread
from penchant.fit.table import Table, cross_measured, read
from penchant.fit.tuning import Taught, Tuning, tune
from penchant.infer.fitted import EncoderAnnotator
from penchant.infer.labelled import Labelled
from penchant.infer.voice import fit_voice
from penchant.space import PreferenceSpace

_PHRASE_SCALE = {"mpnet": 1.6}
"""Source of an encoder -> length of the poles of dimensions that were not fitted, chosen on ten dimensions that were
left out (docs/lab/ordinary-english.md). It is 1 for others: no length helped all-MiniLM-L6-v2, none else was tried."""
_KNOWN = 4_096
"""Items whose sentences are kept to measure novelty."""


def tune_annotator(
    labelled: Sequence[Labelled],
    encoder: Encoder,
    space: PreferenceSpace,
    tuning: Tuning,
    *,
    seed: int = 0,
    taught: Taught | None = None,
    embedding: Progress | None = None,
    progress: Callable[[int], None] | None = None,
) -> EncoderAnnotator:
    """An annotator with a tuned encoder. Doubt and its growth come from the held-out items, which are new wordings.

    Dimensions that no item is about are not fitted; they are read from the phrases of their poles alone.

    Args:
        taught: items without labels, with a teacher's readings in the same space.
        embedding: called with the number of sentences embedded since the last call, after the tuning.
        progress: called with 1 after each step.
    Raises:
        TrainingError: an encoder that cannot be tuned; else as `fit.annotator.fit_annotator`.
        SpaceMismatch: an item is labelled in another space.
    """
    if not isinstance(encoder, SentenceEncoder):
        raise TrainingError(f"'{encoder.name}' cannot be tuned; give a published sentence encoder")
    rest, labelled = covered(labelled, space)
    if len(rest) < len(space):
        taught = taught and taught.of(space, rest)
        annotator = tune_annotator(
            labelled, encoder, rest, tuning, seed=seed, taught=taught, embedding=embedding, progress=progress
        )
        return replace(annotator, space=space)
    fitted, held_out = held_out_split(labelled, seed)
    items = [*(labelled[row] for row in fitted), *everyday(space)]
    tuned = tune(items, encoder, space, tuning, seed=seed, taught=taught, progress=progress)
    table = Table.of(labelled, tuned.encoder, embedding, mean_E=tuned.mean_E, by_sentence=True)
    rows = random.Random(f"known:{seed}").sample(fitted, min(len(fitted), _KNOWN))
    annotator = EncoderAnnotator(
        encoder=tuned.encoder,
        space=space,
        head=tuned.head,
        mean_E=tuned.mean_E,
        voice=fit_voice(
            sorted({passage for row in fitted for passage in table.split[row].passages}),
            tuned.encoder,
            space,
            seed=seed,
            by_sentence=True,
        ),
        known_CE=table.known_clauses(rows),
        items=len(labelled),
        learned=tuned.poles,
        phrase_scale=_PHRASE_SCALE.get(encoder.source, 1.0),
        by_sentence=True,
        credits=taught.credits if taught else (),
    )
    with one_thread():
        readings = read(annotator, table, held_out)
        growth = readings.doubt()
        new = cross_measured(readings, growth=None)
        return replace(
            annotator,
            doubt=readings.doubt(growth),
            held_out=cross_measured(readings, growth=growth),
            new_words=new,
        )
