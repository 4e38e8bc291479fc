"""Tunes a sentence encoder to read preferences: a low-rank update of its weights, fitted together with a head.

A frozen encoder finds what a sentence is about, but hardly on which side of it the author stands. Here the vectors of
the sentences, the head and the poles of the space's dimensions are fitted at once. Poles begin at the vectors of their
phrases. Other dimensions are read from their phrases alone, and hardly found.

A small encoder also learns from what a larger annotator, its teacher, reads in texts without labels (distillation,
arXiv:1503.02531).
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from penchant.encoder import low_rank
from penchant.encoder.sentence import SentenceEncoder, knows_bfloat16
from penchant.errors import TrainingError
from penchant.infer.cosine import CosineHead
from penchant.infer.head import Poles, flatten_clauses
from penchant.infer.labelled import Labelled
from penchant.infer.pieces import Parts, parts
from penchant.persona import Evidence
from penchant.posterior import kind_of
from penchant.space import PreferenceSpace

_BATCH = 32
_HEAD_RATE, _POLE_RATE = 2e-3, 4e-3
_DECAY = 1e-2
_WARM = 0.06
"""Share of the steps in which the rates rise."""
_REFRESH = 50
"""After every so many steps, the vectors of the phrases are computed anew with the encoder as it is then."""
_BUCKET = 16
"""So many batches of items are sorted by length together, and then divided."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How an encoder is tuned."""

    rank: int = 32
    epochs: float = 3.0
    rate: float = 5e-4


class Taught(NamedTuple):
    """Items without labels, and what a teacher reads in them."""

    items: Sequence[Evidence]
    readings_ND3: NDArray[np.float32]
    """Probabilities of (negative, neutral, positive)."""
    credits: tuple[str, ...] = ()
    """Sources of the items, with their licences."""

    def of(self, space: PreferenceSpace, rest: PreferenceSpace) -> Taught:
        """The readings of some dimensions of their space."""
        rows = [space.index(dimension.id) for dimension in rest.dimensions]
        return self._replace(readings_ND3=self.readings_ND3[:, rows])


class Tuned(NamedTuple):
    """A tuned encoder, and what was fitted with it."""

    encoder: SentenceEncoder
    head: CosineHead
    mean_E: NDArray[np.float32]
    """Subtracted from every vector."""
    poles: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
    """Dimension id -> vectors of the positive and of the negative pole."""


def steps_of(items: int, tuning: Tuning) -> int:
    """The number of steps for some items."""
    return max(1, round(items * tuning.epochs / _BATCH))


def tune(
    items: Sequence[Labelled],
    encoder: SentenceEncoder,
    space: PreferenceSpace,
    tuning: Tuning,
    *,
    seed: int,
    taught: Taught | None = None,
    progress: Callable[[int], None] | None = None,
) -> Tuned:
    """Tunes an encoder on items with known directions.

    Args:
        taught: further items, with a teacher's readings.
        progress: called with 1 after each step.
    Raises:
        TrainingError: a loss that is not a number.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        run = _Run(items, taught, encoder, space, tuning, seed)
        run.train(progress)
        return run.tuned()


class _Run:
    """The state of one tuning: network, head and poles while they are trained."""

    def __init__(
        self,
        labelled: Sequence[Labelled],
        taught: Taught | None,
        encoder: SentenceEncoder,
        space: PreferenceSpace,
        tuning: Tuning,
        seed: int,
    ) -> None:
        self._encoder, self._space, self._tuning = encoder, space, tuning
        self._rng = random.Random(f"tuning:{seed}")
        items = [*(label.item for label in labelled), *(taught.items if taught else ())]
        self._split = [parts(item, by_sentence=True) for item in items]
        self._kinds = [kind_of(item) for item in items]
        signs_ND = torch.from_numpy(np.stack([label.direction.signs for label in labelled]).astype(np.int64))
        self._targets_ND3 = torch.nn.functional.one_hot(signs_ND + 1, 3).half()
        if taught:
            readings = torch.from_numpy(taught.readings_ND3).half()
            self._targets_ND3 = torch.cat([self._targets_ND3, readings])
        clauses = [clause for split in self._split for clause in (*split.own, *split.against)]
        sample = self._rng.sample(clauses, min(len(clauses), 2000))
        self._mean_E = torch.from_numpy(encoder.layers(sample).final.mean(0))
        self._network = copy.deepcopy(encoder.network)
        weights = low_rank.begin(self._network, tuning.rank)
        self._narrow = knows_bfloat16()
        if self._narrow:
            low_rank.narrow(self._network)
        self._head = CosineHead()
        self._moved_2DE = torch.nn.Parameter(torch.zeros(2, len(space), encoder.size))
        """How far the poles are from the vectors of their phrases: positive, then negative."""
        self._phrases = self._phrase_vectors()
        groups = [
            {"params": weights, "lr": tuning.rate, "weight_decay": _DECAY},
            {"params": list(self._head.parameters()), "lr": _HEAD_RATE, "weight_decay": 0.0},
            {"params": [self._moved_2DE], "lr": _POLE_RATE, "weight_decay": _DECAY},
        ]
        self._optimizer = torch.optim.AdamW([{**group, "scale": group["lr"]} for group in groups])

    def train(self, progress: Callable[[int], None] | None) -> None:
        """Runs all steps."""
        steps = steps_of(len(self._split), self._tuning)
        self._network.train()
        batches = self._batches()
        for step in range(1, steps + 1):
            pace = min(1.0, step / (_WARM * steps)) * (1 - 0.97 * step / steps)
            for group in self._optimizer.param_groups:
                group["lr"] = group["scale"] * pace
            if step % _REFRESH == 0:
                self._phrases = self._phrase_vectors()
            loss = self._loss(next(batches))
            if not torch.isfinite(loss):
                raise TrainingError(f"the loss is not a number at step {step} of tuning; lower its rate")
            self._optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(self._weights(), 1.0)
            self._optimizer.step()
            if progress is not None:
                progress(1)
        self._network.eval()

    def tuned(self) -> Tuned:
        """The result; the update of the encoder is rounded as it will be saved (float16)."""
        self._phrases = self._phrase_vectors()
        poles = self._poles()
        update = {
            name: low_rank.Factors(factors.up.half().float(), factors.down.half().float())
            for name, factors in low_rank.end(self._network).items()
        }
        vectors = {
            dimension.id: (poles.positive[row].detach().numpy(), poles.negative[row].detach().numpy())
            for row, dimension in enumerate(self._space.dimensions)
        }
        encoder = self._encoder.tuned(update)
        return Tuned(encoder, self._head.eval(), self._mean_E.numpy(), vectors)

    def _weights(self) -> list[torch.nn.Parameter]:
        return [weight for group in self._optimizer.param_groups for weight in group["params"]]

    def _loss(self, rows: Sequence[int]) -> torch.Tensor:
        """Cross-entropy of a batch, summed over dimensions."""
        poles = self._poles()
        split = [self._split[row] for row in rows]
        clauses = flatten_clauses(split, [self._kinds[row] for row in rows], self._vectors)
        logits = self._head(clauses, poles)
        targets = self._targets_ND3[list(rows)].float()
        summed = torch.nn.functional.cross_entropy(logits.reshape(-1, 3), targets.reshape(-1, 3), reduction="sum")
        return summed / len(rows)

    def _vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """Vectors of some texts by the network as it is, less the mean, of length 1, (texts, E)."""
        distinct = list(dict.fromkeys(texts))
        tokens = self._encoder.batch_tokens(distinct)
        # bfloat16 in the network alone: three times as fast on processors that know it, and slow on others
        with torch.autocast("cpu", torch.bfloat16, enabled=self._narrow):
            states = self._network(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1)
        pooled = torch.nn.functional.normalize((states.float() * mask).sum(1) / mask.sum(1), dim=-1)
        rows = {text: row for row, text in enumerate(distinct)}
        centred = torch.nn.functional.normalize(pooled - self._mean_E, dim=-1)
        return centred[[rows[text] for text in texts]]

    def _phrase_vectors(self) -> Poles:
        """Vectors of the poles' phrases and of the names, without gradients."""
        dimensions = self._space.dimensions
        training = self._network.training
        self._network.eval()
        with torch.no_grad():
            made = [
                self._vectors([getattr(dimension, part) for dimension in dimensions])
                for part in ("positive", "negative", "name")
            ]
        self._network.train(training)
        return Poles(*made)

    def _poles(self) -> Poles:
        positive, negative, name = self._phrases
        return Poles(positive + self._moved_2DE[0], negative + self._moved_2DE[1], name)

    def _batches(self) -> Iterator[list[int]]:
        """Batches of rows of similar length, epoch after epoch."""
        while True:
            order = list(range(len(self._split)))
            self._rng.shuffle(order)
            batches: list[list[int]] = []
            for start in range(0, len(order), _BATCH * _BUCKET):
                bucket = sorted(order[start : start + _BATCH * _BUCKET], key=lambda row: _length(self._split[row]))
                batches += [bucket[first : first + _BATCH] for first in range(0, len(bucket), _BATCH)]
            self._rng.shuffle(batches)
            yield from batches


def _length(split: Parts) -> int:
    return max((len(clause) for clause in (*split.own, *split.against, *split.task)), default=0)
