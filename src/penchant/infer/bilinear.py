"""The head over a frozen encoder. Its own weights learn what shows the side and what shows the relevance.

For a clause x and the poles a (positive) and b (negative), with d = a - b and m = (a + b) / 2, it computes two numbers
with learned c, c', U, U', V and V'. The side g = c x.d + (U x).(V d) changes sign when the poles are swapped. The
relevance h = c' x.m + (U' x).(V' m) does not. The clause's logit is h + g for the positive pole and h - g for the
negative pole. The similarity between the item's task (its prompt) and the dimension's name is added to both poles.
"""

from __future__ import annotations

import torch
from torch import nn

from penchant.infer.head import Clauses, Head, Poles, log_sum_exp

RANK = 64
_SIDE, _RELEVANCE, _TASK = range(3)
"""Indices of the weights of the head's three parts."""


class BilinearHead(Head):
    """See the file."""

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

    def _toward(self, clauses_PE: torch.Tensor, poles: Poles) -> tuple[torch.Tensor, torch.Tensor]:
        side = self._weigh(_SIDE, clauses_PE, poles.positive - poles.negative)
        relevance = self._weigh(_RELEVANCE, clauses_PE, (poles.positive + poles.negative) / 2)
        return relevance - side, relevance + side

    def _shift(self, clauses: Clauses, poles: Poles) -> torch.Tensor:
        of_task = clauses.side_P == 0
        task = self._weigh(_TASK, clauses.vectors_PE[of_task], poles.name)
        similarity = log_sum_exp(task, clauses.owner_P[of_task], len(clauses.kind_N))
        return self.about * similarity + self.bias[clauses.kind_N][:, None]

    def _weigh(self, part: int, clauses_PE: torch.Tensor, poles_DE: torch.Tensor) -> torch.Tensor:
        plain = clauses_PE @ poles_DE.T
        shaped: torch.Tensor = (clauses_PE @ self.left[part]) @ (poles_DE @ self.right[part]).T
        return self.near[part] * plain + shaped
