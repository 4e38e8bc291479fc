"""Losses on pairs: pure functions of log-probabilities.

Shapes: B pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from penchant.errors import ConfigError

LossType = Literal["sigmoid", "hinge", "ipo"]


@dataclass(frozen=True, slots=True)
class Answers:
    """Log-probabilities of the chosen answers of B pairs, or of the rejected ones."""

    policy_B: Tensor
    """Log-probability of each answer under the policy, summed over its tokens, nats, (B,)."""
    reference_B: Tensor
    """The same under the frozen reference, no gradient, (B,)."""
    tokens_B: Tensor
    """Number of tokens of each answer, (B,)."""


@dataclass(frozen=True, slots=True)
class PairLoss:
    """Loss of B pairs, and their margins, which are logged."""

    loss: Tensor
    """Mean over pairs, scalar."""
    margin_B: Tensor
    """beta * (implicit reward of chosen less rejected), no gradient."""


def pair_loss(
    chosen: Answers, rejected: Answers, *, beta: float, kind: LossType = "sigmoid", nll_weight: float = 0.0
) -> PairLoss:
    """Preference loss of B pairs.

    Args:
        beta: strength of the KL constraint, > 0, dimensionless; for `ipo` the regularisation, tau in its paper.
        kind: `sigmoid` is DPO; `hinge` is SLiC on the same margin; `ipo` is the squared distance to 1 / (2 beta) of
            log-probabilities per token, as in TRL, which follows its authors.
        nll_weight: weight of the mean negative log-likelihood per token of the chosen answers, added to the loss.
    Raises:
        ConfigError: beta <= 0.
    Source: Rafailov et al. 2023, arXiv:2305.18290, eq. 7; Zhao et al. 2023, arXiv:2305.10425, eq. 2; Azar et al. 2023,
        arXiv:2310.12036, eq. 17; the added likelihood as in Pang et al. 2024, arXiv:2404.19733, eq. 1.
    """
    if not beta > 0:  # also refuses NaN
        raise ConfigError(f"beta={beta} must be positive")
    chosen_B, rejected_B = (side.policy_B - side.reference_B for side in (chosen, rejected))
    margin_B = beta * (chosen_B - rejected_B)
    match kind:
        case "sigmoid":
            loss_B = -logsigmoid(margin_B)
        case "hinge":
            loss_B = torch.relu(1 - margin_B)
        case "ipo":
            loss_B = (chosen_B / chosen.tokens_B - rejected_B / rejected.tokens_B - 1 / (2 * beta)) ** 2
    loss = loss_B.mean()
    if nll_weight:
        loss = loss - nll_weight * chosen.policy_B.sum() / chosen.tokens_B.sum()
    return PairLoss(loss, margin_B.detach())


def finite(loss: Tensor) -> bool:
    """Whether every element of a loss is finite."""
    return bool(torch.isfinite(loss).all())
