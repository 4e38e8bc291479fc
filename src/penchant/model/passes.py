"""The two ways to the log-probabilities of a forest's answers: through its trees, or one sequence at a time.

Through trees, what a user's prompts share is computed once, and logits are computed at answer positions only. This
needs a model whose attention can be routed (`model.attention`) and whose other layers treat each token by itself. One
sequence at a time is the model's own, unmodified forward pass over each prompt with each answer, and its own logits.
It is right for every causal language model, and the measure of the first way (`model.selfcheck`).

Shapes: N packed tokens, A answer tokens.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from penchant.errors import ModelError
from penchant.model.attention import routed
from penchant.model.head import target_logprobs
from penchant.model.tree import Forest

FAULTS = (AssertionError, AttributeError, LookupError, ModelError, RuntimeError, TypeError, ValueError)
"""What a model may raise where its attention cannot be routed, or where it does not know a cache."""


def through_trees(model: Any, forest: Forest) -> Tensor:
    """log p of every answer token, nats, (A,), float32 at least.

    Raises:
        ModelError: tree attention cannot compute this pass.
    """
    plain = base_of(model)
    # bfloat16 on a CPU compiles a kernel for every new length, and keeps it: about a megabyte each
    padded = forest.rounded() if _compiles_per_length(plain, forest.ids_N.device) else forest
    forget_lengths(plain)
    calls = padded.shape.calls
    with routed(plain), _routed_again(plain):
        output = plain.base_model(
            input_ids=padded.ids_N[None], position_ids=padded.positions_N[None], use_cache=False, tree=padded.shape
        )
    if padded.shape.calls == calls:
        raise ModelError("its layers do not use the public attention interface")
    hidden_ND = output.last_hidden_state[0]
    return target_logprobs(plain, hidden_ND[padded.source_A], padded.target_A)[: len(forest.target_A)]


def in_sequences(model: Any, forest: Forest, *, answers: Collection[int] | None = None) -> Tensor:
    """The same numbers as `through_trees`, one sequence at a time.

    Args:
        answers: indices of the only answers to compute; None: all.
    """
    counts = forest.answer_tokens().tolist()
    parts = zip(torch.split(forest.source_A, counts), torch.split(forest.target_A, counts), strict=True)
    index_N = torch.arange(len(forest.ids_N), device=forest.ids_N.device)
    results = []
    for number, (source_T, target_T) in enumerate(parts):
        if answers is not None and number not in answers:
            continue
        # the ancestors of the token that predicts the answer's last one: the prompt, and the answer but for its end
        ancestor_N = (index_N <= source_T[-1]) & (source_T[-1] < forest.shape.last_N)
        results.append(_answer(model, torch.cat([forest.ids_N[ancestor_N], target_T[-1:]]), target_T))
    return torch.cat(results)


def _answer(model: Any, ids_T: Tensor, target_T: Tensor) -> Tensor:
    """log p of the tokens of one answer, which ends a sequence."""
    forget_lengths(model)
    accepted = inspect.signature(type(base_of(model)).forward).parameters
    options: dict[str, Any] = {"use_cache": False} if "use_cache" in accepted else {}
    if "logits_to_keep" in accepted:
        options["logits_to_keep"] = len(target_T) + 1
    # the class's forward: one that a trainer has put in its place may be what called us
    logits_TV = type(model).forward(model, input_ids=ids_T[None], **options).logits[0, -len(target_T) - 1 : -1]
    logits_TV = logits_TV if logits_TV.dtype == torch.float64 else logits_TV.float()
    return -torch.nn.functional.cross_entropy(logits_TV, target_T, reduction="none")


@contextmanager
def _routed_again(model: Any) -> Iterator[None]:
    """In this context a layer that drops its activations is routed, too, when it computes them again for a gradient."""
    again = partial(checkpoint, use_reentrant=False, context_fn=lambda: (nullcontext(), routed(model)))
    before = [(module, getattr(module, _CHECKPOINT, None)) for module in model.modules()]
    for module, function in before:
        if function is not None:
            setattr(module, _CHECKPOINT, again)
    try:
        yield
    finally:
        for module, function in before:
            if function is not None:
                setattr(module, _CHECKPOINT, function)


_CHECKPOINT = "_gradient_checkpointing_func"
"""Attribute of a transformers layer: what computes it when activation checkpointing is on."""


def base_of(model: Any) -> Any:
    """The transformers model under adapters, or the model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def forget_lengths(model: Any) -> None:
    """Resets rotary frequencies that a model with dynamic scaling keeps from a longer sequence before this one.

    Otherwise such a model gives a sequence another number after a longer one than in a fresh process.
    """
    for module in model.modules():
        original = getattr(module, "original_max_seq_len", None)
        if original is None:
            continue
        for name in [name for name in vars(module) if name.endswith("max_seq_len_cached")]:
            prefix = name.removesuffix("max_seq_len_cached")
            first, last = (getattr(module, f"{prefix}{kind}", None) for kind in ("original_inv_freq", "inv_freq"))
            if int(getattr(module, name)) != original and first is not None and last is not None:
                module.register_buffer(f"{prefix}inv_freq", first.to(last.device), persistent=False)
                setattr(module, name, original)


def _compiles_per_length(model: Any, device: torch.device) -> bool:
    mixed = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    return device.type == "cpu" and (mixed or next(model.parameters()).dtype == torch.bfloat16)
