"""Likelihoods of answers from next-token distributions, for every model that steps (`model.base.Steps`).

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ModelError
from penchant.model.base import Candidates, Likelihood, Steps

_ROWS = 16
"""Answers that are computed at once, at most, unless one prompt has more."""


def likelihoods(steps: Steps, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
    """One likelihood per answer, in order; see `Scores.logprobs`. Sums are taken in float64.

    Raises:
        ModelError: a prompt with its answer is longer than the model's context.
    """
    results: list[tuple[Likelihood, ...]] = []
    for batch in in_batches(candidates):
        asked = [(row, ids) for row, prompt in enumerate(batch) for ids in _answers_of(steps, prompt)]
        contexts = steps.open([prompt.messages for prompt in batch], room=max(len(ids) for _, ids in asked))
        contexts.select([row for row, _ in asked])
        _require_room(steps, [length + len(ids) for length, (_, ids) in zip(contexts.lengths, asked, strict=True)])
        first = contexts.next_logprobs()
        after = contexts.verify([ids[:-1] for _, ids in asked])
        sums = [
            _sum(np.concatenate([before[None], rows]), ids)
            for before, rows, (_, ids) in zip(first, after, asked, strict=True)
        ]
        scored = iter([Likelihood(value, len(ids)) for value, (_, ids) in zip(sums, asked, strict=True)])
        results += [tuple(next(scored) for _ in prompt.answers) for prompt in batch]
    scores = iter(results)
    return [next(scores) if prompt.answers else () for prompt in candidates]


def _answers_of(steps: Steps, prompt: Candidates) -> Sequence[Sequence[int]]:
    """The tokens of each answer."""
    return steps.answer_ids(prompt.messages, prompt.answers)


def in_batches(candidates: Sequence[Candidates]) -> Iterator[Sequence[Candidates]]:
    """Prompts that have answers, in order, with together at most `_ROWS` answers, or a single prompt."""
    batch: list[Candidates] = []
    for prompt in candidates:
        if batch and sum(len(one.answers) for one in batch) + len(prompt.answers) > _ROWS:
            yield batch
            batch = []
        if prompt.answers:
            batch.append(prompt)
    if batch:
        yield batch


def _require_room(steps: Steps, lengths: Sequence[int]) -> None:
    """Refuses what is longer than the context."""
    if steps.context is not None and max(lengths) > steps.context:
        raise ModelError(
            f"a prompt with its answer has {max(lengths)} tokens and the model's context {steps.context}; "
            "shorten the prompt, or take a model with a longer context"
        )


def _sum(logprobs: NDArray[np.float32], ids: Sequence[int]) -> float:
    """The log-probability of an answer, from the distribution before each of its tokens, (tokens, V)."""
    return float(logprobs[np.arange(len(ids)), list(ids)].astype(np.float64).sum())
