"""Fits an annotator over an encoder, on evidence items that carry directions.

The calibration is fitted on held-out people. It softens the head's probabilities (`Doubt` holds its parameters), so
that readings with probability 0.8 are right four times in five. Confidence must fall further on words that are not in
the fit. A first fit leaves some words out and shows how far. The figures on held-out people and on left-out words are
measured in the same way: the people are split in two, and each half is scored with calibration fitted on the other
half.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from penchant.encoder.base import Encoder, Progress
from penchant.encoder.sentence import SentenceEncoder
from penchant.errors import TrainingError
from penchant.fit.descent import one_thread
from penchant.fit.tuning import Tuning, tune
from penchant.infer.calibration import NEW_CLAUSE, NO_DOUBT, Doubt, fit_doubt, frequent_clauses, left_out_mask
from penchant.infer.fitted import BATCH, EncoderAnnotator, flatten_clauses, unit
from penchant.infer.head import Clauses, Head, Poles
from penchant.infer.heldout import HeldOut, figures
from penchant.infer.labelled import Labelled
from penchant.infer.pieces import Parts, parts
from penchant.infer.voice import fit_voice
from penchant.persona import Comment
from penchant.posterior import kind_of
from penchant.space import Direction, PreferenceSpace

_RATE = 1e-2
_DECAY = 1e-2
_HELD_OUT = 0.1
"""Share of the people who are held out."""
_EVERYDAY = 0.3
"""Everyday texts in a fit, as a share of its items."""
_TUNED_KNOWN = 4_096
"""Items of a tuned annotator whose clauses are kept to measure novelty."""
_NEW_ITEMS = 4_000
"""Most items with left-out words on which the growth of doubt is fitted."""


def fit_annotator(
    labelled: Sequence[Labelled],
    encoder: Encoder,
    space: PreferenceSpace,
    *,
    steps: int = 1500,
    seed: int = 0,
    tuning: Tuning | None = None,
    embedding: Progress | None = None,
    progress: Callable[[int], None] | None = None,
) -> EncoderAnnotator:
    """An annotator fitted on items with known directions.

    Dimensions that no item is about are not fitted; they are read from the phrases of their poles alone.

    Args:
        steps: steps of each fit of a head.
        tuning: tune the encoder together with the head, see `fit.tuning`, in place of a head over the encoder as it is.
        embedding: called with the number of clauses embedded since the last call.
        progress: called with 1 after each step. There are two fits if words can be left out, else one.
    Raises:
        TrainingError: too few people to hold some out, no item with a direction, or a loss that is not a number.
        SpaceMismatch: an item is labelled in another space.
    """
    for label in labelled:
        label.direction.require(space, where=f"an item of '{label.person}'")
    covered = (
        np.any([label.direction.signs != 0 for label in labelled], axis=0) if labelled else np.zeros(0, dtype=bool)
    )
    if covered.any() and not covered.all():
        # nobody labelled the other dimensions: fitting them as neutral would teach that their own phrases say nothing
        names = [dimension.id for dimension, kept in zip(space.dimensions, covered, strict=True) if kept]
        rest = space.subset(names, name=space.name)
        narrow = [replace(label, direction=Direction(rest, label.direction.signs[covered])) for label in labelled]
        annotator = fit_annotator(
            narrow, encoder, rest, steps=steps, seed=seed, tuning=tuning, embedding=embedding, progress=progress
        )
        return replace(annotator, space=space)
    fitted, held_out = _held_out_split(labelled, seed)
    neutral = [Labelled("", Comment("", text), space.direction()) for text in everyday()]
    if tuning is not None:
        return _tuned(
            labelled,
            neutral,
            encoder,
            space,
            tuning,
            fitted=fitted,
            held_out=held_out,
            seed=seed,
            embedding=embedding,
            progress=progress,
        )
    table = _Table.of([*labelled, *neutral], encoder, embedding)
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
        readings = _read(annotator, table, held_out)
        doubt, figures_held_out = readings.doubt(growth), _cross_measured(readings, growth=growth)
    return replace(annotator, doubt=doubt, held_out=figures_held_out, new_words=new_words)


def _tuned(
    labelled: Sequence[Labelled],
    neutral: Sequence[Labelled],
    encoder: Encoder,
    space: PreferenceSpace,
    tuning: Tuning,
    *,
    fitted: Sequence[int],
    held_out: Sequence[int],
    seed: int,
    embedding: Progress | None,
    progress: Callable[[int], None] | None,
) -> EncoderAnnotator:
    """An annotator with a tuned encoder. Doubt and its growth come from the held-out items, which are new wordings."""
    if not isinstance(encoder, SentenceEncoder):
        raise TrainingError(f"'{encoder.name}' cannot be tuned; give a published sentence encoder")
    items = [*(labelled[row] for row in fitted), *neutral]
    tuned = tune(items, encoder, space, tuning, seed=seed, progress=progress)
    table = _Table.of(labelled, tuned.encoder, embedding, mean_E=tuned.mean_E, by_sentence=True)
    rows = random.Random(f"known:{seed}").sample(fitted, min(len(fitted), _TUNED_KNOWN))
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
        ),
        known_CE=table.known_clauses(rows),
        items=len(labelled),
        learned=tuned.poles,
        by_sentence=True,
    )
    with one_thread():
        readings = _read(annotator, table, held_out)
        growth = readings.doubt()
        new = _cross_measured(readings, growth=None)
        return replace(
            annotator,
            doubt=readings.doubt(growth),
            held_out=_cross_measured(readings, growth=growth),
            new_words=new,
        )


def _held_out_split(labelled: Sequence[Labelled], seed: int) -> tuple[list[int], list[int]]:
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


@lru_cache
def everyday() -> Sequence[str]:
    """Short texts that say nothing lasting about their author."""
    texts: list[str] = yaml.safe_load((files("penchant.infer") / "everyday.yaml").read_text(encoding="utf-8"))
    return texts


@dataclass(frozen=True)
class _Table:
    """The clauses of N items with their vectors, and the items' true directions."""

    split: Sequence[Parts]
    """Clauses of each item."""
    kinds: Sequence[int]
    vectors: Mapping[str, NDArray[np.float32]]
    """Clause -> its unit vector."""
    mean_E: NDArray[np.float32]
    truth_ND: torch.Tensor
    """0 negative, 1 neutral, 2 positive."""
    people: Sequence[str]
    """The person of each item."""

    @classmethod
    def of(
        cls,
        labelled: Sequence[Labelled],
        encoder: Encoder,
        embedding: Progress | None,
        *,
        mean_E: NDArray[np.float32] | None = None,
        by_sentence: bool = False,
    ) -> _Table:
        """The table of some items; without a mean, that of their clauses is subtracted."""
        split = [parts(label.item, by_sentence=by_sentence) for label in labelled]
        clauses = sorted({clause for part in split for clause in (*part.task, *part.own, *part.against)})
        vectors = encoder.layers(clauses, progress=embedding).final
        mean = vectors.mean(0) if mean_E is None else mean_E
        return cls(
            split=split,
            kinds=[kind_of(label.item) for label in labelled],
            vectors=dict(zip(clauses, unit(vectors - mean), strict=True)),
            mean_E=mean,
            truth_ND=torch.from_numpy(np.stack([label.direction.signs for label in labelled]).astype(np.int64) + 1),
            people=[label.person for label in labelled],
        )

    def embed(self, clauses: Sequence[str]) -> NDArray[np.float32]:
        """(clauses, E)."""
        return np.array([self.vectors[clause] for clause in clauses], dtype=np.float32).reshape(-1, len(self.mean_E))

    def clauses(self, rows: Sequence[int]) -> Clauses:
        """The clauses of some items as the head takes them."""
        return flatten_clauses([self.split[row] for row in rows], [self.kinds[row] for row in rows], self.embed)

    def known_clauses(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Vectors of the most frequent clauses of some items."""
        return self.embed(frequent_clauses([self.split[row] for row in rows]))


class _Readings(NamedTuple):
    """What a head reads from some items, before doubt is applied."""

    logits_ND3: torch.Tensor
    novelty_ND: torch.Tensor
    truth_ND: torch.Tensor
    people: Sequence[str]

    @classmethod
    def concatenated(cls, parts: Sequence[_Readings]) -> _Readings:
        return cls(
            logits_ND3=torch.cat([part.logits_ND3 for part in parts]),
            novelty_ND=torch.cat([part.novelty_ND for part in parts]),
            truth_ND=torch.cat([part.truth_ND for part in parts]),
            people=[person for part in parts for person in part.people],
        )

    def doubt(self, growth: Doubt | None = None) -> Doubt:
        """Doubt of maximum likelihood; `growth` fixes the slopes."""
        return fit_doubt(self.logits_ND3, self.novelty_ND, self.truth_ND, slopes=growth)

    def where(self, mask: torch.Tensor) -> _Readings:
        """The items where a mask is True."""
        people = [person for person, kept in zip(self.people, mask.tolist(), strict=True) if kept]
        return _Readings(self.logits_ND3[mask], self.novelty_ND[mask], self.truth_ND[mask], people)


def _read(annotator: EncoderAnnotator, table: _Table, rows: Sequence[int]) -> _Readings:
    poles = annotator.poles()
    with torch.no_grad():
        batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
        logits, novelty = zip(*(annotator.logits(table.clauses(batch), poles) for batch in batches), strict=True)
    return _Readings(torch.cat(logits), torch.cat(novelty), table.truth_ND[rows], [table.people[row] for row in rows])


def _growth(
    trained: Callable[[Sequence[int]], EncoderAnnotator],
    table: _Table,
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
    new_readings = _read(first, table, new)
    known_readings = _read(first, table, [row for row in held_out if not left_out[row]] or held_out)
    growth = _Readings.concatenated([known_readings, new_readings]).doubt()
    return growth, _cross_measured(new_readings, extra=known_readings, growth=None)


def _cross_measured(readings: _Readings, *, extra: _Readings | None = None, growth: Doubt | None) -> HeldOut | None:
    """Figures of readings; each half of the people is read with the doubt fitted on the other half.

    Args:
        extra: more readings to fit doubt on.
        growth: fixes the slopes of doubt. None fits the slopes too, and measures only cells decided by a new clause.
    Returns:
        None for a single person.
    """
    half = set(sorted(set(readings.people))[::2])
    first = torch.tensor([person in half for person in readings.people])
    if first.all() or not first.any():
        return None
    probabilities = torch.empty_like(readings.logits_ND3)
    for mask in (first, ~first):
        fitted_on = [readings.where(~mask)] + ([extra] if extra is not None else [])
        doubt = _Readings.concatenated(fitted_on).doubt(growth)
        probabilities[mask] = doubt.apply(readings.logits_ND3[mask], readings.novelty_ND[mask]).softmax(-1)
    signs = readings.truth_ND.numpy() - 1
    if growth is None:
        # cells decided by known clauses of the same items say nothing about new words: count them as neutral
        known = (readings.novelty_ND < NEW_CLAUSE).numpy()
        signs = np.where(known, 0, signs)
        probabilities[torch.from_numpy(known)] = torch.tensor([0.0, 1.0, 0.0])
    return figures(probabilities.numpy(), signs, readings.people)


def _fresh_head(size: int, seed: int) -> Head:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Head(size)


def _train(
    head: Head,
    poles: Poles,
    table: _Table,
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
