"""One head for every dimension of any space: how far a clause leans to either pole of a dimension.

A dimension enters as the vectors of its two pole phrases and its name, so that a new one needs a sentence per pole and
no training. Of a clause x and the poles a (positive) and b (negative), with d = a - b and m = (a + b) / 2, it weighs a
side g = c x.d + (U x).(V d), which changes sign when the poles are swapped, and a relevance h = c' x.m + (U' x).(V' m),
which does not. A clause speaks for the positive pole by h + g and for the negative one by h - g, the other way round if
its person passed it over. Clauses of an item are put together by log-sum-exp, what its task is about is added to both
poles, and neutral stands at 0.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

RANK = 64


class Poles(NamedTuple):
    """D dimensions as vectors, each (D, E)."""

    positive: torch.Tensor
    negative: torch.Tensor
    name: torch.Tensor


class Clauses(NamedTuple):
    """P clauses of N items, flat."""

    vectors_PE: torch.Tensor
    owner_P: torch.Tensor
    """Item of each clause."""
    side_P: torch.Tensor
    """1 for the person's own, -1 for what was passed over, 0 for the task."""
    kind_N: torch.Tensor
    """Kind of each item, its place in posterior.KINDS."""


class Head(nn.Module):
    """The weights; E is the encoder's size."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = nn.ParameterList(nn.Parameter(torch.randn(size, RANK) / size**0.5) for _ in range(3))
        self.right = nn.ParameterList(nn.Parameter(torch.zeros(size, RANK)) for _ in range(3))
        self.near = nn.Parameter(torch.tensor([15.0, 12.0, 12.0]))
        """Weights of the plain cosines: side, relevance, task."""
        self.bias = nn.Parameter(torch.tensor([-12.0, -12.0, -8.0]))
        """By kind of item; how much it takes to be anything but neutral."""
        self.about = nn.Parameter(torch.tensor(1.0))
        """Weight of what the task is about."""

    def forward(self, clauses: Clauses, poles: Poles) -> torch.Tensor:
        """Logits of (negative, neutral, positive), (N, D, 3)."""
        return self._logits(clauses, poles, *self._sides(clauses, poles))

    def read(self, clauses: Clauses, poles: Poles, novelty_P: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, (N, D, 3), and of each cell the novelty of the clause that speaks for it most, (N, D).

        Args:
            novelty_P: of the clauses that take a side, in their order; those of tasks are not among them.
        """
        side, relevance = self._sides(clauses, poles)
        text = clauses.side_P != 0
        index = clauses.owner_P[text][:, None].expand(-1, side.shape[1])
        strength = relevance + side.abs()
        items = len(clauses.kind_N), side.shape[1]
        most = torch.full(items, -torch.inf).scatter_reduce(0, index, strength, "amax")
        speaks = strength >= most[clauses.owner_P[text]]
        its_own = torch.where(speaks, novelty_P[:, None], torch.zeros(()))
        return self._logits(clauses, poles, side, relevance), torch.zeros(items).scatter_reduce(
            0, index, its_own, "amax"
        )

    def _sides(self, clauses: Clauses, poles: Poles) -> tuple[torch.Tensor, torch.Tensor]:
        """Side and relevance of every clause that takes one, (P, D) each."""
        text = clauses.side_P != 0
        own = clauses.vectors_PE[text]
        side = self._weigh(0, own, poles.positive - poles.negative) * clauses.side_P[text, None]
        return side, self._weigh(1, own, (poles.positive + poles.negative) / 2)

    def _logits(self, clauses: Clauses, poles: Poles, side: torch.Tensor, relevance: torch.Tensor) -> torch.Tensor:
        text = clauses.side_P != 0
        items = len(clauses.kind_N)
        owner = clauses.owner_P[text]
        towards = [_together(relevance + sign * side, owner, items) for sign in (-1, 1)]
        task = self._weigh(2, clauses.vectors_PE[~text], poles.name)
        shift = self.about * _together(task, clauses.owner_P[~text], items) + self.bias[clauses.kind_N][:, None]
        # whatever its task is about, an item that says nothing is neutral
        silent = (torch.bincount(owner, minlength=items) == 0)[:, None]
        negative, positive = ((toward + shift).masked_fill(silent, _NOTHING) for toward in towards)
        return torch.stack([negative, torch.zeros_like(negative), positive], dim=-1)

    def _weigh(self, place: int, clauses_PE: torch.Tensor, poles_DE: torch.Tensor) -> torch.Tensor:
        plain = clauses_PE @ poles_DE.T
        shaped: torch.Tensor = (clauses_PE @ self.left[place]) @ (poles_DE @ self.right[place]).T
        return self.near[place] * plain + shaped


_NOTHING = -30.0


def _together(values_PD: torch.Tensor, owner_P: torch.Tensor, items: int) -> torch.Tensor:
    """Log-sum-exp over the clauses of each item, (items, D); 0 where there are none."""
    dimensions = values_PD.shape[1]
    index = owner_P[:, None].expand(-1, dimensions)
    highest = torch.full((items, dimensions), -torch.inf).scatter_reduce(0, index, values_PD.detach(), "amax")
    spoken = torch.isfinite(highest)
    highest = torch.where(spoken, highest, torch.zeros_like(highest))
    total = torch.zeros(items, dimensions).index_add(0, owner_P, (values_PD - highest[owner_P]).exp())
    return torch.where(spoken, total.clamp(min=1e-30).log() + highest, highest)
