"""Losses on pairs: pure functions of log-probabilities.

Shapes: B pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from penchant.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PairLoss:
    """Loss of B pairs and what is logged beside it."""

    loss: Tensor
    """Mean over pairs, scalar."""
    margin_B: Tensor
    """beta * (implicit reward of chosen less rejected), no gradient."""


def dpo_loss(
    policy_chosen_B: Tensor,
    policy_rejected_B: Tensor,
    reference_chosen_B: Tensor,
    reference_rejected_B: Tensor,
    *,
    beta: float,
) -> PairLoss:
    """DPO loss of B preference pairs.

    Args:
        policy_chosen_B, policy_rejected_B: summed log-probabilities of the answers, nats, (B,).
        reference_chosen_B, reference_rejected_B: the same under the frozen reference, no gradient.
        beta: strength of the KL constraint, > 0, dimensionless.
    Raises:
        ConfigError: beta <= 0.
    Source: Rafailov et al. 2023, arXiv:2305.18290, eq. 7.
    """
    if not beta > 0:  # a NaN is refused too
        raise ConfigError(f"beta={beta} must be positive")
    chosen_B = policy_chosen_B - reference_chosen_B
    rejected_B = policy_rejected_B - reference_rejected_B
    margin_B = beta * (chosen_B - rejected_B)
    return PairLoss(-logsigmoid(margin_B).mean(), margin_B.detach())


def finite(loss: Tensor) -> bool:
    """Whether a loss is a number."""
    return bool(torch.isfinite(loss).all())
