"""Tree attention: each token attends to itself and to its ancestors, over a flat row of many users' trees.

A tree is a trunk, the beginning that a user's prompts share, followed by branches that hang on it, one per task and
answer (`model.tree`). Three back ends share one function. Stock transformers models call it through their public
attention interface:

- `blocks` (CPU): a causal block per trunk, a rectangle from the branches that hang at one depth to the trunk above
  them, and one causal batch of all task + answer paths; the parts are merged by log-sum-exp. Exact, and without a mask.
  A task is in the path of each of its answers, which costs a few per cent more attention and saves one kernel call per
  node.
- `flex` (GPU): FlexAttention with a block mask of the same rule.
- `dense`: scaled dot-product attention with a full mask, tree by tree: slow, the reference for tests.

What a model asks of attention beyond this (sinks, caps, windows shorter than a conversation, dropout) raises
`ModelError`, and is never left out in silence. Its message is a reason, to which `model.selfcheck` adds the model.

Shapes: N packed tokens, H query heads, G key heads, D head size, L paths, T tokens of the longest path of a bucket.
Source of the merge: Milakov and Gimelshein 2018, arXiv:1805.02867. Source of the backward pass through a merged
softmax: Dao et al. 2022, arXiv:2205.14135, algorithm 4, where each block needs only the merged output and log-sum-exp.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from penchant.errors import ModelError

Backend = Literal["blocks", "flex", "dense"]
NAME = "penchant_tree"
_forward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
_WIDE = 64
"""Head size below which the CPU computes bfloat16 attention in float32: at size 32, torch's bfloat16 kernel is no
faster forward, and three times slower backward."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Task + answer paths of similar length, padded on the right, where causal attention never looks."""

    index_LT: Tensor
    """Index of each path token in the flat row; padding repeats the last token."""
    counted_LT: Tensor
    """True where this path gives the token's result: not at padding, and at a task only in its first answer's path."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where one tree lies in the flat row."""

    start: int
    trunk: int
    """End of the trunk."""
    end: int
    groups: tuple[tuple[int, int, int], ...]
    """(end of the shared part of the trunk, start, end) of each run of branches that share as much of the trunk, and
    share some of it."""


@dataclass(slots=True)
class Shape:
    """The structure of a forest, as attention needs it."""

    trees: tuple[Span, ...]
    longest: int
    """Tokens of the longest prompt with its longest answer."""
    last_N: Tensor
    """End of the descendants of each token's node: token i attends to token j if j <= i < last[j]."""
    paths: tuple[Paths, ...]
    backend: Backend
    calls: int = 0
    """Number of attention layers computed so far; 0 after a pass means that the model's attention is not routed."""
    block_mask: Any = None
    """FlexAttention's block mask, made at its first use."""

    def mask(self, start: int, end: int) -> Tensor:
        """(end - start, end - start), True where a token (row) attends to another (column)."""
        index = torch.arange(start, end, device=self.last_N.device)
        return (index[None] <= index[:, None]) & (index[:, None] < self.last_N[None, start:end])


def attend(query: Tensor, key: Tensor, value: Tensor, shape: Shape, *, scale: float) -> Tensor:
    """Tree attention over a flat row.

    Args:
        query: (1, H, N, D).
        key, value: (1, G, N, D), H a multiple of G.
        scale: factor of the dot products.
    Returns:
        (1, H, N, D).
    """
    # under autocast, rotary embeddings return queries and keys of a wider type than values
    query, key = query.to(value.dtype), key.to(value.dtype)
    if shape.backend == "flex":
        return _flex(query, key, value, shape=shape, scale=scale)
    repeats = query.shape[1] // key.shape[1]
    if repeats > 1:
        # repeat in the projections' memory layout, so that a token's heads stay together
        key, value = (x.transpose(1, 2).repeat_interleave(repeats, 2).transpose(1, 2) for x in (key, value))
    if shape.backend == "dense":
        parts = []
        for tree in shape.trees:
            q, k, v = (x[:, :, tree.start : tree.end] for x in (query, key, value))
            mask = shape.mask(tree.start, tree.end)
            parts.append(scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale))
        return torch.cat(parts, 2)
    dtype = query.dtype
    if dtype == torch.bfloat16 and query.shape[-1] < _WIDE:
        query, key, value = query.float(), key.float(), value.float()
    width = value.shape[-1]
    if width < query.shape[-1]:  # the CPU's kernel takes one head size; zeros add zeros
        value = pad(value, (0, query.shape[-1] - width))
    result: Tensor = _Blocks.apply(query, key, value, shape, scale)  # type: ignore[no-untyped-call]
    return result[..., :width].to(dtype)


class _Blocks(torch.autograd.Function):
    """Exact attention in blocks, and its gradient."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, shape: Shape, scale: float) -> Tensor:
        _, heads, size, width = query.shape
        out_NHD = query.new_empty(size, heads, width)
        lse_NH = query.new_empty(size, heads, dtype=torch.promote_types(query.dtype, torch.float32))
        out, lse = out_NHD.transpose(0, 1)[None], lse_NH.transpose(0, 1)[None]
        for tree in shape.trees:
            if _shares_nothing_somewhere(tree):
                out[:, :, tree.start : tree.end], lse[:, :, tree.start : tree.end] = 0, -torch.inf
            for part, shared, causal in _rectangles(tree):
                out[:, :, part], lse[:, :, part] = _forward(
                    query[:, :, part],
                    key[:, :, shared],
                    value[:, :, shared],
                    dropout_p=0.0,
                    is_causal=causal,
                    scale=scale,
                )
        for paths in shape.paths:
            path_query, path_key, path_value = (_along(x, paths.index_LT) for x in (query, key, value))
            near, near_lse = _forward(path_query, path_key, path_value, dropout_p=0.0, is_causal=True, scale=scale)
            index = paths.index_LT[paths.counted_LT]
            near_nHD, near_nH = near.transpose(1, 2)[paths.counted_LT], near_lse.transpose(1, 2)[paths.counted_LT]
            far_nH = lse_NH[index]
            weight = torch.sigmoid(near_nH - far_nH)[..., None].to(query.dtype)
            out_NHD[index] = torch.lerp(out_NHD[index], near_nHD, weight)
            lse_NH[index] = torch.logaddexp(near_nH, far_nH)
        ctx.save_for_backward(query, key, value, out_NHD, lse_NH)
        ctx.shape, ctx.scale = shape, scale
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        query, key, value, out_NHD, lse_NH = ctx.saved_tensors
        out, lse = out_NHD.transpose(0, 1)[None], lse_NH.transpose(0, 1)[None]
        grads_NHD = [torch.empty_like(out_NHD) for _ in range(3)]
        for tree in ctx.shape.trees:
            for total_NHD in grads_NHD:
                total_NHD[tree.start : tree.end] = 0
            for part, shared, causal in _rectangles(tree):
                grads = _backward(
                    grad_out=gradient[:, :, part],
                    query=query[:, :, part],
                    key=key[:, :, shared],
                    value=value[:, :, shared],
                    out=out[:, :, part],
                    logsumexp=lse[:, :, part],
                    dropout_p=0.0,
                    is_causal=causal,
                    scale=ctx.scale,
                )
                for total_NHD, grad, rows in zip(grads_NHD, grads, (part, shared, shared), strict=True):
                    total_NHD[rows] += grad[0].transpose(0, 1)
        for paths in ctx.shape.paths:
            index = paths.index_LT
            counted = paths.counted_LT[:, None]
            # a token counted in another path, or padding, must not contribute: gradient 0, probability exp(-inf)
            path_gradient = _along(gradient, index) * counted[..., None]
            path_lse = lse_NH[index].transpose(1, 2).masked_fill(~counted, torch.inf)
            path_query, path_key, path_value, path_out = (_along(x, index) for x in (query, key, value, out))
            path_grads = _backward(
                grad_out=path_gradient,
                query=path_query,
                key=path_key,
                value=path_value,
                out=path_out,
                logsumexp=path_lse,
                dropout_p=0.0,
                is_causal=True,
                scale=ctx.scale,
            )
            flat = index.flatten()
            for total_NHD, path_grad in zip(grads_NHD, path_grads, strict=True):
                total_NHD.index_add_(0, flat, path_grad.transpose(1, 2).flatten(0, 1))
        return (*(total_NHD.transpose(0, 1)[None] for total_NHD in grads_NHD), None, None)


def _rectangles(tree: Span) -> Iterator[tuple[slice, slice, bool]]:
    """(queries, keys, causal) of each call outside the paths: the trunk on itself, each group on what it shares."""
    if tree.trunk > tree.start:
        trunk = slice(tree.start, tree.trunk)
        yield trunk, trunk, True
    for shared, start, end in tree.groups:
        yield slice(start, end), slice(tree.start, shared), False


def _shares_nothing_somewhere(tree: Span) -> bool:
    """Whether some branches hang on no part of the trunk, so that no rectangle covers them."""
    return sum(end - start for _, start, end in tree.groups) < tree.end - tree.trunk


def _along(row: Tensor, index_LT: Tensor) -> Tensor:
    """Gathers (1, H, N, D) at the tokens of paths: (L, H, T, D)."""
    gathered: Tensor = row[0].transpose(0, 1).index_select(0, index_LT.flatten())
    return gathered.view(*index_LT.shape, *gathered.shape[1:]).transpose(1, 2)


def _flex(query: Tensor, key: Tensor, value: Tensor, *, shape: Shape, scale: float) -> Tensor:
    from torch.nn.attention.flex_attention import create_block_mask

    if shape.block_mask is None:
        last, size = shape.last_N, query.shape[2]

        def attends(_batch: Tensor, _head: Tensor, i: Tensor, j: Tensor) -> Tensor:
            return (j <= i) & (i < last[j])

        shape.block_mask = create_block_mask(attends, B=None, H=None, Q_LEN=size, KV_LEN=size, device=query.device)
    grouped = query.shape[1] != key.shape[1]
    out: Tensor = _flex_kernel(query.is_cuda)(
        query, key, value, block_mask=shape.block_mask, scale=scale, enable_gqa=grouped
    )
    return out


@cache
def _flex_kernel(compiled: bool) -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    # the uncompiled kernel is a slow reference; on a GPU only the compiled one skips blocks
    return torch.compile(flex_attention, dynamic=True) if compiled else flex_attention


def _hook(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    tree: Shape | None = None,
    **requests: Any,
) -> tuple[Tensor, None]:
    if tree is None:
        raise ModelError("its layers do not pass arguments on to attention")
    del module, attention_mask
    _refuse(requests, tree.longest)
    tree.calls += 1
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return attend(query, key, value, shape=tree, scale=scale).transpose(1, 2), None


def _refuse(requests: dict[str, Any], longest: int) -> None:
    """Refuses what a layer asks of attention and `attend` would leave out."""
    window = requests.get("sliding_window")
    if window is not None and window < longest:
        raise ModelError(f"its attention window of {window} tokens is shorter than a conversation")
    if requests.get("dropout"):
        raise ModelError(f"it uses attention dropout ({requests['dropout']:g})")
    if requests.get("is_causal") is False:
        raise ModelError("its attention is not causal")
    # not an attention with fewer terms, but another function: a term in the softmax, a cap on scores, chosen keys
    for name, value in requests.items():
        if value is not None and name not in _NEUTRAL and (name in _CHANGES or isinstance(value, Tensor)):
            raise ModelError(f"its attention uses '{name}', which shared computation does not support")


_NEUTRAL = frozenset({"position_ids", "cache_position", "position_embeddings"})
"""Tensors that layers pass on to attention and that attention does not use."""
_CHANGES = frozenset({"softcap", "s_aux", "sinks", "position_bias", "block_indices", "indices"})
"""Requests that change the result when given, whatever their type."""


AttentionInterface.register(NAME, _hook)
AttentionMaskInterface.register(NAME, lambda **_: None)


@contextmanager
def routed(model: Any) -> Iterator[None]:
    """In this context the model's attention is `attend`; its own implementation is restored afterwards."""
    before = model.config._attn_implementation
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
