"""What a head is: it computes how far the clauses of an item lean to either pole (side) of every dimension of a space.

The inputs for a dimension are vectors of its two poles and of its name. Therefore a new dimension needs a phrase per
pole and no training. A head gives each clause a logit for the positive and one for the negative pole; for a clause that
the person rejected or disliked, the two change places. An item's logits are the log-sum-exp over its clauses. The logit
of neutral is 0. `bilinear` and `cosine` are the two heads.

Shapes: N items, P clauses, D dimensions, E vector length.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from penchant.infer.pieces import Parts


class Poles(NamedTuple):
    """Vectors of D dimensions, each (D, E)."""

    positive: torch.Tensor
    negative: torch.Tensor
    name: torch.Tensor


class Clauses(NamedTuple):
    """The clauses of N items, concatenated."""

    vectors_PE: torch.Tensor
    owner_P: torch.Tensor
    """Item index of each clause."""
    side_P: torch.Tensor
    """1 for a clause that the person wrote, chose or liked; -1 for one rejected or disliked; 0 for one of the task."""
    kind_N: torch.Tensor
    """Kind of each item, as an index of posterior.KINDS."""


def flatten_clauses(
    split: Sequence[Parts],
    kinds: Sequence[int],
    vectors: Callable[[Sequence[str]], NDArray[np.float32] | torch.Tensor],
) -> Clauses:
    """Concatenates the clauses of items into the input of the head.

    Args:
        split: the parts of each item.
        kinds: the kind of each item, as an index of posterior.KINDS.
        vectors: embeds clauses, (clauses, E).
    """
    texts: list[str] = []
    owner: list[int] = []
    side: list[int] = []
    for item, clauses in enumerate(split):
        for sign, part in ((0, clauses.task), (1, clauses.own), (-1, clauses.against)):
            texts.extend(part)
            owner.extend([item] * len(part))
            side.extend([sign] * len(part))
    return Clauses(
        vectors_PE=torch.as_tensor(vectors(texts)),
        owner_P=torch.tensor(owner, dtype=torch.long),
        side_P=torch.tensor(side),
        kind_N=torch.tensor(kinds, dtype=torch.long),
    )


class Head(nn.Module, ABC):
    """The weights of a head over vectors of one length."""

    def forward(self, clauses: Clauses, poles: Poles) -> torch.Tensor:
        """Logits of (negative, neutral, positive), (N, D, 3)."""
        return self._logits(clauses, poles, *self._sided(clauses, poles))

    def read(self, clauses: Clauses, poles: Poles, novelty_P: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, (N, D, 3), and for each item and dimension the novelty of the strongest clause, (N, D).

        Args:
            novelty_P: novelty of each clause that has a side, in order; clauses of tasks are left out.
        """
        negative, positive = self._sided(clauses, poles)
        owner = clauses.owner_P[clauses.side_P != 0]
        index = owner[:, None].expand(-1, positive.shape[1])
        strength = torch.maximum(negative, positive)
        shape = len(clauses.kind_N), strength.shape[1]
        strongest = torch.full(shape, -torch.inf).scatter_reduce(0, index, strength, "amax")
        decides = strength >= strongest[owner]
        candidates = torch.where(decides, novelty_P[:, None], torch.zeros(()))
        novelty_ND = torch.zeros(shape).scatter_reduce(0, index, candidates, "amax")
        return self._logits(clauses, poles, negative, positive), novelty_ND

    @abstractmethod
    def _toward(self, clauses_PE: torch.Tensor, poles: Poles) -> tuple[torch.Tensor, torch.Tensor]:
        """How far clauses lean to the negative and to the positive pole, (P, D) each."""

    @abstractmethod
    def _shift(self, clauses: Clauses, poles: Poles) -> torch.Tensor:
        """What is added to both poles of an item, (N, D) or (N, 1)."""

    def _sided(self, clauses: Clauses, poles: Poles) -> tuple[torch.Tensor, torch.Tensor]:
        """As `_toward`, for the clauses that have a side; those against change places."""
        text = clauses.side_P != 0
        negative, positive = self._toward(clauses.vectors_PE[text], poles)
        own = clauses.side_P[text, None] > 0
        return torch.where(own, negative, positive), torch.where(own, positive, negative)

    def _logits(
        self, clauses: Clauses, poles: Poles, negative_PD: torch.Tensor, positive_PD: torch.Tensor
    ) -> torch.Tensor:
        owner, items = clauses.owner_P[clauses.side_P != 0], len(clauses.kind_N)
        shift = self._shift(clauses, poles)
        # an item without own or rejected clauses is neutral, whatever its task
        silent = (torch.bincount(owner, minlength=items) == 0)[:, None]
        negative, positive = (
            (log_sum_exp(toward, owner, items) + shift).masked_fill(silent, _SILENT)
            for toward in (negative_PD, positive_PD)
        )
        return torch.stack([negative, torch.zeros_like(negative), positive], dim=-1)


_SILENT = -30.0
"""Logit of a pole of an item that says nothing."""


def log_sum_exp(values_PD: torch.Tensor, owner_P: torch.Tensor, items: int) -> torch.Tensor:
    """Log-sum-exp over the clauses of each item, (items, D); 0 where there are none."""
    dimensions = values_PD.shape[1]
    index = owner_P[:, None].expand(-1, dimensions)
    highest = torch.full((items, dimensions), -torch.inf).scatter_reduce(0, index, values_PD.detach(), "amax")
    spoken = torch.isfinite(highest)
    highest = torch.where(spoken, highest, torch.zeros_like(highest))
    total = torch.zeros(items, dimensions).index_add(0, owner_P, (values_PD - highest[owner_P]).exp())
    return torch.where(spoken, total.clamp(min=1e-30).log() + highest, highest)
