"""How sure a head's reading is: less, the further a clause is from all that the head was fitted on.

Temperature scaling (Guo et al. 2017, arXiv:1706.04599) makes probabilities right for texts like those it is set on, and
leaves them far too sure elsewhere. Here the temperature and a shift against neutral are linear in the *novelty* of the
clause that speaks for a dimension: 1 less its nearest cosine to a clause that was fitted on. How fast doubt grows is
set on words that were left out of a first fit.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from penchant.controls import words
from penchant.infer.pieces import Parts

MOST_KNOWN = 16_384
"""Clauses whose vectors are kept to tell what is new, the most frequent ones."""
NEW_CLAUSE = 0.1
"""Novelty from which on a clause counts as new where figures are told apart."""
_MOST = 3.0
"""Of the logarithm of a temperature, either way."""
_LEFT_OUT = 0.1
"""Share of items that hold a word which is left out of the first fit."""
_COMMON = 0.05
"""Share of items that a word may stand in to be left out: frames of speech are never new."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Log temperature and shift of both poles, each a constant and a slope over novelty."""

    temperature: float = 1.0
    """Of clauses that are known."""
    shift: float = 0.0
    temperature_slope: float = 0.0
    """Of the temperature's logarithm."""
    shift_slope: float = 0.0

    def apply(self, logits_ND3: torch.Tensor, novelty_ND: torch.Tensor) -> torch.Tensor:
        """Logits less sure, (N, D, 3)."""
        temperature = self.temperature * (self.temperature_slope * novelty_ND).exp()
        shift = self.shift + self.shift_slope * novelty_ND
        return logits_ND3 / temperature[..., None] + shift[..., None] * torch.tensor([1.0, 0.0, 1.0])


NO_DOUBT = Doubt()
"""Probabilities as the head gives them."""


def fit_doubt(
    logits_ND3: torch.Tensor, novelty_ND: torch.Tensor, truth_ND: torch.Tensor, *, slopes: Doubt | None = None
) -> Doubt:
    """Doubt of the greatest likelihood on items that were not fitted on.

    Args:
        truth_ND: 0 negative, 1 neutral, 2 positive.
        slopes: take these for given, and set the constants alone.
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
        # where every reading is right, ever greater certainty would be likelier still
        scale = (constants[0] + growth[0] * novelty).clamp(-_MOST, _MOST).exp()
        sure = logits / scale[:, None] + (constants[1] + growth[1] * novelty)[:, None] * poles
        value = torch.nn.functional.cross_entropy(sure, truth)
        torch.autograd.backward(value)
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    (log_t, shift), (faster, sinking) = constants.detach().tolist(), growth.detach().tolist()
    # what is new is never surer than what is known
    return Doubt(float(np.exp(np.clip(log_t, -_MOST, _MOST))), shift, max(0.0, faster), min(0.0, sinking))


def novelty(vectors_PE: torch.Tensor, known_CE: torch.Tensor) -> torch.Tensor:
    """1 less each vector's nearest cosine to a known one, (P,); rows of both have length 1."""
    if not len(vectors_PE) or not len(known_CE):
        return torch.zeros(len(vectors_PE))
    return 1 - (vectors_PE @ known_CE.T).amax(dim=1)


def left_out_mask(split: Sequence[Parts], seed: int) -> NDArray[np.bool_]:
    """Which items hold a word that is left out: words are drawn until a tenth of the items holds one.

    None does where all words are common.
    """
    held: dict[str, list[int]] = {}
    for place, one in enumerate(split):
        for word in {word for clause in (*one.own, *one.against) for word in words(clause)}:
            held.setdefault(word, []).append(place)
    rare = sorted(word for word, places in held.items() if len(places) <= _COMMON * len(split))
    random.Random(f"words left out:{seed}").shuffle(rare)
    found = np.zeros(len(split), dtype=np.bool_)
    for word in rare:
        if found.mean() >= _LEFT_OUT:
            break
        found[held[word]] = True
    return found


def frequent_clauses(split: Sequence[Parts]) -> list[str]:
    """The clauses of some items, the most frequent first, `MOST_KNOWN` at most."""
    counts = Counter(clause for one in split for clause in (*one.own, *one.against))
    return [clause for clause, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_KNOWN]]
