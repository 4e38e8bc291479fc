"""Log-probabilities of target tokens under a language model's head, without all logits in memory at once.

Shapes: A tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax
from torch.utils.checkpoint import checkpoint

_CHUNK_LOGITS = 1 << 24
"""Maximum number of logits in memory at once."""
_TILE_LOGITS = 1 << 20
"""Approximate number of logits that fit into a CPU's cache."""


def target_logprobs(model: Any, hidden_AD: Tensor, target_A: Tensor) -> Tensor:
    """log p(target) of each token, nats, (A,), float32 at least.

    Logits are computed in chunks. If there is more than one chunk, the gradient computes them again, so that memory
    does not grow with A x V.

    A scale or cap that the model's configuration puts on logits is applied. Whether these are the model's own numbers
    is for `model.selfcheck` to find out.

    Args:
        model: a transformers causal language model; only its output head is used.
        hidden_AD: hidden states that predict the targets.
        target_A: ids of the targets.
    """
    head = model.get_output_embeddings()
    scale, cap = _scale_and_cap(model)
    size = max(1, _CHUNK_LOGITS // int(head.weight.shape[0]))
    mixed = torch.is_autocast_enabled(hidden_AD.device.type)
    full_precision = hidden_AD.dtype in (torch.float32, torch.float64) and not mixed
    if scale != 1:  # before the head, where it costs A x D
        hidden_AD = hidden_AD * scale
    if type(head) is torch.nn.Linear and head.bias is None and full_precision and cap is None:
        learning = torch.is_grad_enabled()
        result: Tensor = _Linear.apply(hidden_AD, head.weight, target_A, size, learning)
        return result
    chunks = zip(torch.split(hidden_AD, size), torch.split(target_A, size), strict=True)
    return torch.cat(
        [checkpoint(_logprobs, head, hidden, target, cap, use_reentrant=False) for hidden, target in chunks]
    )


def _scale_and_cap(model: Any) -> tuple[float, float | None]:
    """Factor and soft cap of logits: Cohere's `logit_scale`, Granite's `logits_scaling`, Gemma's softcapping."""
    config = model.config.get_text_config()
    scale = float(getattr(config, "logit_scale", None) or 1) / float(getattr(config, "logits_scaling", None) or 1)
    cap = getattr(config, "final_logit_softcapping", None)
    return scale, None if cap is None else float(cap)


def _logprobs(head: Any, hidden_AD: Tensor, target_A: Tensor, cap: float | None) -> Tensor:
    logits = head(hidden_AD)
    logits = logits if logits.dtype == torch.float64 else logits.float()
    if cap is not None:
        logits = cap * torch.tanh(logits / cap)
    return -cross_entropy(logits, target_A, reduction="none")


class _Linear(torch.autograd.Function):
    """`target_logprobs` for a head that is a plain matrix: probabilities give the gradient, without a second graph.

    If all targets fit into one chunk, their probabilities are kept for the gradient; else logits are computed again.
    """

    @staticmethod
    def forward(ctx: Any, hidden_AD: Tensor, weight_VD: Tensor, target_A: Tensor, size: int, learning: bool) -> Tensor:
        keeps = learning and len(target_A) <= size
        kept_AV = hidden_AD.new_empty(len(target_A), len(weight_VD)) if keeps else None
        result_A = hidden_AD.new_empty(len(target_A))
        rows = min(size, _tile(hidden_AD, weight_VD))
        for start in range(0, len(target_A), rows):
            part = slice(start, start + rows)
            logprobs = log_softmax(hidden_AD[part] @ weight_VD.T, -1)
            result_A[part] = logprobs.gather(1, target_A[part, None])[:, 0]
            if kept_AV is not None:
                torch.exp(logprobs, out=kept_AV[part])
        ctx.save_for_backward(hidden_AD, weight_VD, target_A, kept_AV)
        ctx.size = size
        return result_A

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient_A,) = gradients
        hidden_AD, weight_VD, target_A, kept_AV = ctx.saved_tensors
        wants_hidden, wants_weight = ctx.needs_input_grad[:2]
        hidden_grad = torch.empty_like(hidden_AD) if wants_hidden else None
        weight_grad = torch.zeros_like(weight_VD) if wants_weight else None
        for start in range(0, len(target_A), ctx.size):
            part = slice(start, start + ctx.size)
            # d log p / d logits = onehot - p
            if kept_AV is None:
                pull = torch.softmax(hidden_AD[part] @ weight_VD.T, -1).mul_(-gradient_A[part, None])
            else:  # not in place, as a caller may go through the graph twice
                pull = kept_AV * -gradient_A[:, None]
            pull.scatter_add_(1, target_A[part, None], gradient_A[part, None])
            if hidden_grad is not None:
                torch.matmul(pull, weight_VD, out=hidden_grad[part])
            if weight_grad is not None:
                weight_grad.addmm_(pull.T, hidden_AD[part])
        return hidden_grad, weight_grad, None, None, None


def _tile(hidden_AD: Tensor, weight_VD: Tensor) -> int:
    """Number of rows whose logits stay in a CPU's cache from the product to the softmax; on a GPU, all rows."""
    return max(128, _TILE_LOGITS // len(weight_VD)) if hidden_AD.device.type == "cpu" else len(hidden_AD) or 1
