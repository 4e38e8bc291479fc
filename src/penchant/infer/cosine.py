"""The head over a tuned encoder: a sentence leans to a pole as far as their vectors are alike.

The logit is c x.a + b for a sentence x and a pole a; the clauses are whole sentences here. The encoder learns what
shows a preference, so the head has only the scale c and a bias b per kind of item. Poles of fitted dimensions are
learned too, and may be longer than 1.

A head is fitted on single sentences, most of which say something. In a long comment, few do. Therefore the logarithm of
the number of its sentences is subtracted: a long comment is as likely to speak for a pole as a short one.
"""

from __future__ import annotations

import torch
from torch import nn

from penchant.infer.head import Clauses, Head, Poles
from penchant.posterior import KINDS

_WROTE = KINDS.index("wrote")


class CosineHead(Head):
    """See the file."""

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Parameter(torch.tensor(16.0))
        """Weight of the product of a sentence and a pole."""
        self.bias = nn.Parameter(torch.full((len(KINDS),), -8.0))
        """Per kind of item, added to both poles."""

    def _toward(self, clauses_PE: torch.Tensor, poles: Poles) -> tuple[torch.Tensor, torch.Tensor]:
        return self.near * clauses_PE @ poles.negative.T, self.near * clauses_PE @ poles.positive.T

    def _shift(self, clauses: Clauses, poles: Poles) -> torch.Tensor:
        count = torch.bincount(clauses.owner_P[clauses.side_P != 0], minlength=len(clauses.kind_N)).clamp(min=1)
        length = torch.where(clauses.kind_N == _WROTE, count.log(), 0.0)
        return (self.bias[clauses.kind_N] - length)[:, None]
