"""Log-probabilities of given tokens under a language model's head, without ever holding all logits.

Shapes: A tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from penchant.errors import ModelError

_CHUNK_LOGITS = 1 << 24
"""Logits that exist at once."""


def target_logprobs(model: Any, hidden_AD: Tensor, target_A: Tensor) -> Tensor:
    """log p(target) at each place, nats, (A,), float32 at least.

    Logits are made in chunks; with more than one, they are made again for the gradient, so that memory does not grow
    with A x V.

    Args:
        model: a transformers causal language model; only its output head is used.
        hidden_AD: hidden states that predict the targets.
    Raises:
        ModelError: the model changes its logits after the head in a way that is not known here.
    """
    for name in ("final_logit_softcapping", "logit_scale", "logits_scaling"):
        if getattr(model.config, name, None) not in (None, 1, 1.0):
            raise ModelError(f"models whose logits are changed by '{name}' are not supported; use another base")
    head = model.get_output_embeddings()
    size = max(1, _CHUNK_LOGITS // int(head.weight.shape[0]))
    mixed = torch.is_autocast_enabled(hidden_AD.device.type)
    whole = hidden_AD.dtype in (torch.float32, torch.float64) and not mixed
    if type(head) is torch.nn.Linear and head.bias is None and whole:
        result: Tensor = _Linear.apply(hidden_AD, head.weight, target_A, size)
        return result
    chunks = zip(torch.split(hidden_AD, size), torch.split(target_A, size), strict=True)
    return torch.cat([checkpoint(_logprobs, head, hidden, target, use_reentrant=False) for hidden, target in chunks])


def _logprobs(head: Any, hidden_AD: Tensor, target_A: Tensor) -> Tensor:
    logits = head(hidden_AD)
    logits = logits if logits.dtype == torch.float64 else logits.float()
    return -cross_entropy(logits, target_A, reduction="none")


class _Linear(torch.autograd.Function):
    """The same for a plain matrix: the gradient overwrites the logits it was made from.

    Where all targets fit into one chunk its probabilities are kept for the gradient; else logits are made again.
    """

    @staticmethod
    def forward(ctx: Any, hidden_AD: Tensor, weight_VD: Tensor, target_A: Tensor, size: int) -> Tensor:
        total_A, logit_A = hidden_AD.new_empty(len(target_A)), hidden_AD.new_empty(len(target_A))
        logits = hidden_AD.new_empty(0)
        for start in range(0, len(target_A), size):
            part = slice(start, start + size)
            logits = hidden_AD[part] @ weight_VD.T
            logit_A[part] = logits.gather(1, target_A[part, None])[:, 0]
            total_A[part] = torch.logsumexp(logits, -1)
        kept = logits.sub_(total_A[:, None]).exp_() if len(target_A) <= size and any(ctx.needs_input_grad) else None
        ctx.save_for_backward(hidden_AD, weight_VD, target_A, total_A, kept)
        ctx.size = size
        return logit_A - total_A

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient_A,) = gradients
        hidden_AD, weight_VD, target_A, total_A, kept = ctx.saved_tensors
        wants_hidden, wants_weight = ctx.needs_input_grad[:2]
        hidden_grad = torch.empty_like(hidden_AD) if wants_hidden else None
        weight_grad = torch.zeros_like(weight_VD) if wants_weight else None
        for start in range(0, len(target_A), ctx.size):
            part = slice(start, start + ctx.size)
            # d log p / d logits = onehot - p
            if kept is None:
                pull = (hidden_AD[part] @ weight_VD.T).sub_(total_A[part, None]).exp_().mul_(-gradient_A[part, None])
            else:  # stays whole, as a graph may be gone through twice
                pull = kept * -gradient_A[:, None]
            pull.scatter_add_(1, target_A[part, None], gradient_A[part, None])
            if hidden_grad is not None:
                torch.matmul(pull, weight_VD, out=hidden_grad[part])
            if weight_grad is not None:
                weight_grad.addmm_(pull.T, hidden_AD[part])
        return hidden_grad, weight_grad, None, None
