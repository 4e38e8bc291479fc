"""Log-probabilities of a forest's answers under a language model, right whatever its architecture.

Trees where the self-check found them equal to plain sequences, one sequence at a time elsewhere.

Shapes: A answer tokens, S answers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributed.fsdp import FSDPModule, FullyShardedDataParallel

from penchant.errors import ModelError
from penchant.model.passes import base_of, in_sequences, through_trees
from penchant.model.selfcheck import sound, warn
from penchant.model.tree import Forest, sum_answers


def token_logprobs(model: Any, forest: Forest) -> Tensor:
    """log p of every answer token, nats, (A,), float32 at least.

    Args:
        model: a transformers causal language model, with or without adapters.
        forest: on the model's device.
    Raises:
        ModelError: the model cannot go through trees, and its weights are sharded over processes.
    """
    if sound(model, forest.shape.longest, learning=torch.is_grad_enabled() and not _is_sharded(model)):
        try:
            return through_trees(model, forest)
        except ModelError as reason:  # what only this pass asks for, such as dropout
            warn(model, str(reason))
    if _is_sharded(model):
        raise ModelError(
            f"{type(base_of(model)).__name__} is computed one sequence at a time. This does not work with sharded "
            "weights; set `ica.distributed=ddp` (with PBA: `pba.distributed=ddp`)"
        )
    return in_sequences(model, forest)


def answer_logprobs(model: Any, forest: Forest) -> Tensor:
    """Summed log p of every answer, nats, (S,), float64."""
    return sum_answers(token_logprobs(model, forest), forest)


def _is_sharded(model: Any) -> bool:
    return any(isinstance(module, FSDPModule | FullyShardedDataParallel) for module in model.modules())
