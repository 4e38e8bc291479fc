"""One head for every dimension of any space: it computes how far a clause leans to either pole (side) of a dimension.

The inputs for a dimension are the vectors of its two pole phrases and of its name. Therefore a new dimension needs a
phrase per pole and no training. For a clause x and the poles a (positive) and b (negative), with d = a - b and m = (a +
b) / 2, the head computes two numbers. The side g = c x.d + (U x).(V d) changes sign when the poles are swapped. The
relevance h = c' x.m + (U' x).(V' m) does not. The clause's logit is h + g for the positive pole and h - g for the
negative pole; for a clause that the person rejected or disliked, the sign of g is flipped. An item's logits are the
log-sum-exp over its clauses. The similarity between the item's task and the dimension's name is added to both poles.
The logit of neutral is 0.

Shapes: N items, P clauses, D dimensions, E vector length.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

RANK = 64
_SIDE, _RELEVANCE, _TASK = range(3)
"""Indices of the weights of the head's three parts."""


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


class Head(nn.Module):
    """The weights of the head."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = nn.ParameterList(nn.Parameter(torch.randn(size, RANK) / size**0.5) for _ in range(3))
        self.right = nn.ParameterList(nn.Parameter(torch.zeros(size, RANK)) for _ in range(3))
        self.near = nn.Parameter(torch.tensor([15.0, 12.0, 12.0]))
        """Weights of the plain cosines: side, relevance, task."""
        self.bias = nn.Parameter(torch.tensor([-12.0, -12.0, -8.0]))
        """Per kind of item, added to both poles; the lower, the more readings are neutral."""
        self.about = nn.Parameter(torch.tensor(1.0))
        """Weight of the similarity between the task and the dimension's name."""

    def forward(self, clauses: Clauses, poles: Poles) -> torch.Tensor:
        """Logits of (negative, neutral, positive), (N, D, 3)."""
        side, relevance = self._sides(clauses, poles)
        return self._logits(clauses, poles, side=side, relevance=relevance)

    def read(self, clauses: Clauses, poles: Poles, novelty_P: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, (N, D, 3), and for each item and dimension the novelty of the strongest clause, (N, D).

        Args:
            novelty_P: novelty of each clause that has a side, in order; clauses of tasks are left out.
        """
        side, relevance = self._sides(clauses, poles)
        text = clauses.side_P != 0
        index = clauses.owner_P[text][:, None].expand(-1, side.shape[1])
        strength = relevance + side.abs()
        shape = len(clauses.kind_N), side.shape[1]
        strongest = torch.full(shape, -torch.inf).scatter_reduce(0, index, strength, "amax")
        decides = strength >= strongest[clauses.owner_P[text]]
        candidates = torch.where(decides, novelty_P[:, None], torch.zeros(()))
        novelty_ND = torch.zeros(shape).scatter_reduce(0, index, candidates, "amax")
        return self._logits(clauses, poles, side=side, relevance=relevance), novelty_ND

    def _sides(self, clauses: Clauses, poles: Poles) -> tuple[torch.Tensor, torch.Tensor]:
        """Side and relevance of every clause that has a side, (P, D) each."""
        text = clauses.side_P != 0
        own = clauses.vectors_PE[text]
        side = self._weigh(_SIDE, own, poles.positive - poles.negative) * clauses.side_P[text, None]
        return side, self._weigh(_RELEVANCE, own, (poles.positive + poles.negative) / 2)

    def _logits(self, clauses: Clauses, poles: Poles, *, side: torch.Tensor, relevance: torch.Tensor) -> torch.Tensor:
        text = clauses.side_P != 0
        items = len(clauses.kind_N)
        owner = clauses.owner_P[text]
        towards = [_log_sum_exp(relevance + sign * side, owner, items) for sign in (-1, 1)]
        task = self._weigh(_TASK, clauses.vectors_PE[~text], poles.name)
        shift = self.about * _log_sum_exp(task, clauses.owner_P[~text], items) + self.bias[clauses.kind_N][:, None]
        # an item without own or rejected clauses is neutral, whatever its task
        silent = (torch.bincount(owner, minlength=items) == 0)[:, None]
        negative, positive = ((toward + shift).masked_fill(silent, _SILENT) for toward in towards)
        return torch.stack([negative, torch.zeros_like(negative), positive], dim=-1)

    def _weigh(self, part: int, clauses_PE: torch.Tensor, poles_DE: torch.Tensor) -> torch.Tensor:
        plain = clauses_PE @ poles_DE.T
        shaped: torch.Tensor = (clauses_PE @ self.left[part]) @ (poles_DE @ self.right[part]).T
        return self.near[part] * plain + shaped


_SILENT = -30.0
"""Logit of a pole of an item that says nothing."""


def _log_sum_exp(values_PD: torch.Tensor, owner_P: torch.Tensor, items: int) -> torch.Tensor:
    """Log-sum-exp over the clauses of each item, (items, D); 0 where there are none."""
    dimensions = values_PD.shape[1]
    index = owner_P[:, None].expand(-1, dimensions)
    highest = torch.full((items, dimensions), -torch.inf).scatter_reduce(0, index, values_PD.detach(), "amax")
    spoken = torch.isfinite(highest)
    highest = torch.where(spoken, highest, torch.zeros_like(highest))
    total = torch.zeros(items, dimensions).index_add(0, owner_P, (values_PD - highest[owner_P]).exp())
    return torch.where(spoken, total.clamp(min=1e-30).log() + highest, highest)
