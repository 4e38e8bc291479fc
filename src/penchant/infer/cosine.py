"""The head over a tuned encoder: a clause leans to a pole as far as their vectors are alike.

The logit is c x.a + bias for a clause x and a pole a. Here the encoder learns what shows a preference, so the head
needs no weights of its own. Poles of fitted dimensions are learned too, and may be longer than 1.
"""

from __future__ import annotations

import torch
from torch import nn

from penchant.infer.head import Clauses, Head, Poles


class CosineHead(Head):
    """See the file."""

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Parameter(torch.tensor(16.0))
        """Weight of the product of a clause and a pole."""
        self.bias = nn.Parameter(torch.tensor([-8.0, -8.0, -8.0]))
        """Per kind of item, added to both poles."""

    def _toward(self, clauses_PE: torch.Tensor, poles: Poles) -> tuple[torch.Tensor, torch.Tensor]:
        return self.near * clauses_PE @ poles.negative.T, self.near * clauses_PE @ poles.positive.T

    def _shift(self, clauses: Clauses, poles: Poles) -> torch.Tensor:
        return self.bias[clauses.kind_N][:, None]
