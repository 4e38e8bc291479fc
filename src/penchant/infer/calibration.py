"""Calibrates an annotator's probabilities: confidence falls for texts that are unlike the texts of the fit.

Temperature scaling (Guo et al. 2017, arXiv:1706.04599) calibrates probabilities for texts like those it is fitted on;
on other texts they stay far too confident. Here the logarithm of the temperature, and a shift against neutral, are
linear in *novelty*. Novelty is 1 minus the highest cosine between the clause that decides a probability and any clause
of the fit. The slopes are fitted on words that were left out of a first fit.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from penchant.infer.pieces import Parts
from penchant.rules import words

MAX_KNOWN = 16_384
"""Number of clauses, the most frequent ones, whose vectors are kept to measure novelty."""
NEW_CLAUSE = 0.1
"""Novelty from which on the figures of new wordings count a clause as new."""
_MAX_LOG_TEMPERATURE = 3.0
"""Bound of the absolute logarithm of a temperature."""
_LEFT_OUT = 0.1
"""Share of items that are left out of the first fit, because they contain a word that is left out."""
_COMMON = 0.05
"""Words in more than this share of items are not left out: common phrases are never new."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Temperature, and shift of both poles against neutral; each has a constant and a slope over novelty."""

    temperature: float = 1.0
    """Temperature at novelty 0."""
    shift: float = 0.0
    """Added to the logits of both poles at novelty 0."""
    temperature_slope: float = 0.0
    """Growth of the temperature's logarithm per unit of novelty."""
    shift_slope: float = 0.0
    """Growth of the shift per unit of novelty."""

    def apply(self, logits_ND3: torch.Tensor, novelty_ND: torch.Tensor) -> torch.Tensor:
        """Calibrated logits of (negative, neutral, positive), (N, D, 3)."""
        temperature = self.temperature * (self.temperature_slope * novelty_ND).exp()
        shift = self.shift + self.shift_slope * novelty_ND
        return logits_ND3 / temperature[..., None] + shift[..., None] * torch.tensor([1.0, 0.0, 1.0])


NO_DOUBT = Doubt()
"""Leaves the head's probabilities as they are."""


def fit_doubt(
    logits_ND3: torch.Tensor, novelty_ND: torch.Tensor, truth_ND: torch.Tensor, *, slopes: Doubt | None = None
) -> Doubt:
    """Maximum-likelihood doubt on items that the head was not fitted on.

    Args:
        logits_ND3: logits of (negative, neutral, positive), before any doubt.
        novelty_ND: novelty of the clause that decides each reading, in [0, 2].
        truth_ND: 0 negative, 1 neutral, 2 positive.
        slopes: keep the slopes of this doubt and fit the constants only; None fits both.
    """
    logits, novelty, truth = logits_ND3.reshape(-1, 3).double(), novelty_ND.reshape(-1).double(), truth_ND.reshape(-1)
    constants = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    growth = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    if slopes is not None:
        growth = torch.tensor([slopes.temperature_slope, slopes.shift_slope], dtype=torch.float64)
    free = [constants] if slopes is not None else [constants, growth]
    optimizer = torch.optim.LBFGS(free, max_iter=80, line_search_fn="strong_wolfe")
    poles = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        # bounded: if every reading is right, the likelihood grows without end as the temperature falls
        scale = (constants[0] + growth[0] * novelty).clamp(-_MAX_LOG_TEMPERATURE, _MAX_LOG_TEMPERATURE).exp()
        sure = logits / scale[:, None] + (constants[1] + growth[1] * novelty)[:, None] * poles
        value = torch.nn.functional.cross_entropy(sure, truth)
        torch.autograd.backward(value)
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    log_temperature, shift = constants.detach().tolist()
    temperature_slope, shift_slope = growth.detach().tolist()
    fitted = Doubt(
        temperature=float(np.exp(np.clip(log_temperature, -_MAX_LOG_TEMPERATURE, _MAX_LOG_TEMPERATURE))),
        shift=shift,
        # new clauses are never read with more confidence than known ones
        temperature_slope=max(0.0, temperature_slope),
        shift_slope=min(0.0, shift_slope),
    )
    if slopes is None and (temperature_slope < 0 or shift_slope > 0):
        # the constants were fitted beside slopes that are not kept
        return fit_doubt(logits_ND3, novelty_ND, truth_ND, slopes=fitted)
    return fitted


def novelty(vectors_PE: torch.Tensor, known_CE: torch.Tensor) -> torch.Tensor:
    """1 minus each vector's highest cosine to a known vector, (P,).

    Args:
        vectors_PE, known_CE: rows of length 1. Without known vectors, every novelty is 0.
    """
    if not len(vectors_PE) or not len(known_CE):
        return torch.zeros(len(vectors_PE))
    return 1 - (vectors_PE @ known_CE.T).amax(dim=1)


def left_out_mask(split: Sequence[Parts], seed: int) -> NDArray[np.bool_]:
    """Items that the first fit leaves out, (items,).

    Words are drawn until a tenth of the items contains a drawn word; these items are left out. If all words are common,
    no item is left out.
    """
    rows_of_word: dict[str, list[int]] = {}
    for row, parts in enumerate(split):
        for word in {word for clause in (*parts.own, *parts.against) for word in words(clause)}:
            rows_of_word.setdefault(word, []).append(row)
    rare = sorted(word for word, rows in rows_of_word.items() if len(rows) <= _COMMON * len(split))
    random.Random(f"words left out:{seed}").shuffle(rare)
    mask = np.zeros(len(split), dtype=np.bool_)
    for word in rare:
        if mask.mean() >= _LEFT_OUT:
            break
        mask[rows_of_word[word]] = True
    return mask


def frequent_clauses(split: Sequence[Parts]) -> list[str]:
    """The clauses of some items, most frequent first, at most `MAX_KNOWN`."""
    counts = Counter(clause for parts in split for clause in (*parts.own, *parts.against))
    return [clause for clause, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_KNOWN]]
