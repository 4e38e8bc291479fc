"""Fits the annotator over an encoder on items that carry directions.

A part of the people is held out, on which two numbers are set (a temperature and a shift against neutral), so that 0.8
means four of five. They are measured too, either half of them with numbers that were set on the other half alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch

from penchant.encoder.base import Encoder, Progress
from penchant.errors import TrainingError
from penchant.infer.encoder import BATCH, EncoderAnnotator, doubted, flat, unit
from penchant.infer.head import Clauses, Head, Poles
from penchant.infer.heldout import HeldOut, figures
from penchant.infer.labelled import Labelled
from penchant.infer.pieces import parts
from penchant.infer.voice import fit_voice
from penchant.population import learned
from penchant.posterior import EVEN, Prior, Tally, kind_of
from penchant.space import PreferenceSpace

_RATE = 1e-2
_DECAY = 1e-2
_HELD_OUT = 0.1
"""Share of people on whom the temperature is set, and who are measured."""


def fit(
    labelled: Sequence[Labelled],
    encoder: Encoder,
    space: PreferenceSpace,
    *,
    steps: int = 1500,
    seed: int = 0,
    embedding: Progress | None = None,
    progress: Callable[[int], None] | None = None,
) -> EncoderAnnotator:
    """An annotator from items whose directions are known.

    Args:
        embedding: told how many more clauses are embedded.
        progress: told after each step.
    Raises:
        TrainingError: too few people to hold some out, no item that speaks of anything, or a loss that is no number.
        SpaceMismatch: an item is labelled in another space.
    """
    for one in labelled:
        one.direction.require(space, where=f"an item of '{one.person}'")
    people = sorted({one.person for one in labelled})
    random.Random(f"held out:{seed}").shuffle(people)
    held = set(people[: int(len(people) * _HELD_OUT)])
    if not held or not any(one.direction.signs.any() for one in labelled):
        raise TrainingError(
            f"labelled items of {len(people)} people; give those of ten people at least, with directions"
        )
    split = [parts(one.item) for one in labelled]
    texts = sorted({text for found in split for part in found for text in part})
    vectors = encoder.layers(texts, progress=embedding).final
    mean = vectors.mean(0)
    table = dict(zip(texts, unit(vectors - mean), strict=True))
    kinds = [kind_of(one.item) for one in labelled]
    truth = torch.from_numpy(np.stack([one.direction.signs for one in labelled]).astype(np.int64) + 1)
    places = [[i for i, one in enumerate(labelled) if (one.person in held) == wanted] for wanted in (False, True)]
    size = vectors.shape[1]

    def clauses(chosen: Sequence[int]) -> Clauses:
        return flat(
            [split[i] for i in chosen],
            [kinds[i] for i in chosen],
            lambda found: np.array([table[text] for text in found], dtype=np.float32).reshape(-1, size),
        )

    trained = {passage for i in places[0] for passage in split[i].within}
    voice = fit_voice(sorted(trained), encoder, space, seed=seed)
    bare = EncoderAnnotator(encoder, space, _fresh(size, seed), mean, voice, items=len(labelled))
    poles = bare.poles()
    with _one_thread():
        _train(bare.head, poles, clauses, truth, places[0], steps=steps, seed=seed, progress=progress)
        logits, held_truth = _logits(bare.head, poles, clauses, places[1]), truth[places[1]]
        temperature, shift = _calibrated(logits, held_truth)
        held_out = _measured(logits, held_truth, [labelled[i].person for i in places[1]])
    prior = _population(labelled, space, seed)
    return replace(bare, temperature=temperature, shift=shift, prior=prior, held_out=held_out)


def _population(labelled: Sequence[Labelled], space: PreferenceSpace, seed: int) -> Prior:
    """What the people that were labelled tell of anybody."""
    people: dict[str, Tally] = {}
    for one in labelled:
        tally = people.setdefault(one.person, Tally(len(space)))
        tally.add(one.direction, EVEN.weights[kind_of(one.item)], None)
    return learned(list(people.values()), EVEN, seed=seed)


def _fresh(size: int, seed: int) -> Head:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Head(size)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Steps this small gain nothing by threads, and lose minutes by them where another process wants the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _train(
    head: Head,
    poles: Poles,
    clauses: Callable[[Sequence[int]], Clauses],
    truth_ND: torch.Tensor,
    places: Sequence[int],
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
        batch = rng.sample(places, min(BATCH, len(places)))
        logits = head(clauses(batch), poles)
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, 3), truth_ND[batch].reshape(-1), reduction="sum")
        loss = loss / len(batch)
        if not torch.isfinite(loss):
            raise TrainingError(f"the head's loss is not a number at step {step}; check the encoder's vectors")
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        if progress is not None:
            progress(1)
    head.eval()


def _logits(
    head: Head, poles: Poles, clauses: Callable[[Sequence[int]], Clauses], places: Sequence[int]
) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([head(clauses(places[i : i + BATCH]), poles) for i in range(0, len(places), BATCH)])


def _measured(logits_ND3: torch.Tensor, truth_ND: torch.Tensor, people: Sequence[str]) -> HeldOut | None:
    """Figures of the people held out, each half with what was set on the other; None for one person alone."""
    half = set(sorted(set(people))[::2])
    first = torch.tensor([person in half for person in people])
    if first.all():
        return None
    read = torch.empty_like(logits_ND3)
    for some in (first, ~first):
        read[some] = doubted(logits_ND3[some], *_calibrated(logits_ND3[~some], truth_ND[~some])).softmax(-1)
    return figures(read.numpy(), truth_ND.numpy() - 1, people)


def _calibrated(logits_ND3: torch.Tensor, truth_ND: torch.Tensor) -> tuple[float, float]:
    """Temperature and shift of the greatest likelihood on people held out (Guo et al. 2017, arXiv:1706.04599)."""
    logits, truth = logits_ND3.reshape(-1, 3), truth_ND.reshape(-1)
    log_t, shift = torch.zeros((), requires_grad=True), torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([log_t, shift], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(doubted(logits, log_t.exp(), shift), truth)
        torch.autograd.backward(value)
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return float(log_t.detach().exp()), float(shift.detach())
