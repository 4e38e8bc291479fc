"""Tree attention: every token sees its ancestors and itself, over a flat row of many users' trees.

Three back ends behind one function, put into stock transformers models through their public attention interface:

- `blocks` (CPU): a causal block per persona, a rectangle from a user's pairs to the persona, and one causal batch of
  all task + answer paths; parts are merged by log-sum-exp. No mask, exact. A task is in the path of each of its
  answers, which costs a few per cent of its attention and saves a kernel call for every node.
- `flex` (GPU): FlexAttention with a block mask of the same rule.
- `dense`: scaled dot-product attention with a full mask, tree by tree: the slow oracle.

Shapes: N packed tokens, H query heads, G key heads, D head size, L paths, T tokens of the longest path of a bucket.
Source of the merge: Milakov and Gimelshein 2018, arXiv:1805.02867; of the backward through a merged softmax: Dao et al.
2022, arXiv:2205.14135, algorithm 4, in which each block needs the merged output and log-sum-exp only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from penchant.errors import ModelError

Backend = Literal["blocks", "flex", "dense"]
NAME = "penchant_tree"
_forward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
_WIDE = 64
"""Head size below which the CPU computes bfloat16 attention in float32: at 32 torch's bfloat16 kernel is no faster, and
three times slower going back."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Task + answer paths of like length, padded on the right: causal attention never looks there."""

    places_LT: Tensor
    """Place of each path token in the flat row; padding repeats the last one."""
    own_LT: Tensor
    """True where this path speaks for the token: not padding, and a task only in the path of its first answer."""


@dataclass(slots=True)
class Shape:
    """What attention must know of a forest."""

    trees: tuple[tuple[int, int, int], ...]
    """(start, end of the persona, end) of each user."""
    last_N: Tensor
    """End of the descendants of each token's node: token j is seen by i when j <= i < last[j]."""
    paths: tuple[Paths, ...]
    backend: Backend
    calls: int = 0
    """Attention layers that went through here; 0 after a pass says that the model's attention is not routed."""
    block_mask: Any = None

    def mask(self, start: int, end: int) -> Tensor:
        """(end - start, end - start), True where a token (row) sees another (column)."""
        place = torch.arange(start, end, device=self.last_N.device)
        return (place[None] <= place[:, None]) & (place[:, None] < self.last_N[None, start:end])


def attend(query: Tensor, key: Tensor, value: Tensor, shape: Shape, *, scale: float) -> Tensor:
    """Tree attention of a flat row.

    Args:
        query: (1, H, N, D); key, value: (1, G, N, D), H a multiple of G.
        scale: factor of the dot products.
    Returns:
        (1, H, N, D).
    """
    # under autocast rotary embeddings leave queries and keys wider than values
    query, key = query.to(value.dtype), key.to(value.dtype)
    if shape.backend == "flex":
        return _flex(query, key, value, shape, scale)
    repeats = query.shape[1] // key.shape[1]
    if repeats > 1:
        # along the tokens, as the projections left them, so that a token's heads stay together
        key, value = (x.transpose(1, 2).repeat_interleave(repeats, 2).transpose(1, 2) for x in (key, value))
    if shape.backend == "dense":
        parts = []
        for start, _, end in shape.trees:
            q, k, v = (x[:, :, start:end] for x in (query, key, value))
            parts.append(scaled_dot_product_attention(q, k, v, attn_mask=shape.mask(start, end), scale=scale))
        return torch.cat(parts, 2)
    dtype = query.dtype
    if dtype == torch.bfloat16 and query.shape[-1] < _WIDE:
        query, key, value = query.float(), key.float(), value.float()
    result: Tensor = _Blocks.apply(query, key, value, shape, scale)  # type: ignore[no-untyped-call]
    return result.to(dtype)


class _Blocks(torch.autograd.Function):
    """Exact attention in blocks, and its gradient."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, shape: Shape, scale: float) -> Tensor:
        _, heads, size, width = query.shape
        out_NHD = query.new_empty(size, heads, width)
        lse_NH = query.new_empty(size, heads, dtype=torch.promote_types(query.dtype, torch.float32))
        out, lse = out_NHD.transpose(0, 1)[None], lse_NH.transpose(0, 1)[None]
        for start, root, end in shape.trees:
            if root == start:  # nothing is shared
                out[:, :, start:end], lse[:, :, start:end] = 0, -torch.inf
                continue
            persona, pairs = slice(start, root), slice(root, end)
            seen = key[:, :, persona], value[:, :, persona]
            out[:, :, persona], lse[:, :, persona] = _forward(query[:, :, persona], *seen, 0.0, True, scale=scale)
            out[:, :, pairs], lse[:, :, pairs] = _forward(query[:, :, pairs], *seen, 0.0, False, scale=scale)
        for paths in shape.paths:
            there = [_along(x, paths.places_LT) for x in (query, key, value)]
            near, near_lse = _forward(*there, 0.0, True, scale=scale)
            places = paths.places_LT[paths.own_LT]
            near_nHD, near_nH = near.transpose(1, 2)[paths.own_LT], near_lse.transpose(1, 2)[paths.own_LT]
            far_nH = lse_NH[places]
            weight = torch.sigmoid(near_nH - far_nH)[..., None].to(query.dtype)
            out_NHD[places] = torch.lerp(out_NHD[places], near_nHD, weight)
            lse_NH[places] = torch.logaddexp(near_nH, far_nH)
        ctx.save_for_backward(query, key, value, out_NHD, lse_NH)
        ctx.shape, ctx.scale = shape, scale
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        query, key, value, out_NHD, lse_NH = ctx.saved_tensors
        out, lse = out_NHD.transpose(0, 1)[None], lse_NH.transpose(0, 1)[None]
        grads_NHD = [torch.empty_like(out_NHD) for _ in range(3)]
        for start, root, end in ctx.shape.trees:
            persona, pairs = slice(start, root), slice(root, end)
            if root == start:
                for total_NHD in grads_NHD:
                    total_NHD[start:end] = 0
                continue
            seen = key[:, :, persona], value[:, :, persona]
            near, far = (
                _backward(
                    *(gradient[:, :, part], query[:, :, part], *seen, out[:, :, part], lse[:, :, part]),
                    *(0.0, causal),
                    scale=ctx.scale,
                )
                for part, causal in ((persona, True), (pairs, False))
            )
            for total_NHD, *found in zip(grads_NHD, near, far, strict=True):
                one, two = (x[0].transpose(0, 1) for x in found)
                total_NHD[persona] = one
                if total_NHD is grads_NHD[0]:
                    total_NHD[pairs] = two
                else:  # the pairs' own keys and values are seen along paths only
                    total_NHD[persona] += two
                    total_NHD[pairs] = 0
        for paths in ctx.shape.paths:
            places = paths.places_LT
            spoken = paths.own_LT[:, None]
            # a token that another path speaks for, or padding, sends nothing back: no gradient, no probability
            sent = _along(gradient, places) * spoken[..., None]
            near_lse = lse_NH[places].transpose(1, 2).masked_fill(~spoken, torch.inf)
            there = [_along(x, places) for x in (query, key, value, out)]
            found = _backward(sent, *there, near_lse, 0.0, True, scale=ctx.scale)
            flat = places.flatten()
            for total_NHD, more in zip(grads_NHD, found, strict=True):
                total_NHD.index_add_(0, flat, more.transpose(1, 2).flatten(0, 1))
        return (*(total_NHD.transpose(0, 1)[None] for total_NHD in grads_NHD), None, None)


def _along(row: Tensor, places_LT: Tensor) -> Tensor:
    """(1, H, N, D) at (L, T) places -> (L, H, T, D)."""
    taken: Tensor = row[0].transpose(0, 1).index_select(0, places_LT.flatten())
    return taken.view(*places_LT.shape, *taken.shape[1:]).transpose(1, 2)


def _flex(query: Tensor, key: Tensor, value: Tensor, shape: Shape, scale: float) -> Tensor:
    from torch.nn.attention.flex_attention import create_block_mask

    if shape.block_mask is None:
        last, size = shape.last_N, query.shape[2]

        def seen(_batch: Tensor, _head: Tensor, i: Tensor, j: Tensor) -> Tensor:
            return (j <= i) & (i < last[j])

        shape.block_mask = create_block_mask(seen, None, None, size, size, device=query.device)
    grouped = query.shape[1] != key.shape[1]
    found: Tensor = _flex_kernel(query.is_cuda)(
        query, key, value, block_mask=shape.block_mask, scale=scale, enable_gqa=grouped
    )
    return found


@cache
def _flex_kernel(compiled: bool) -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    # uncompiled it is a slow reference; on a GPU only the compiled kernel skips blocks
    return torch.compile(flex_attention, dynamic=True) if compiled else flex_attention


def _hook(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    tree: Shape | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    if tree is None:
        raise ModelError(f"{type(module).__name__} does not pass its arguments on to attention; use another base")
    del attention_mask
    tree.calls += 1
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return attend(query, key, value, tree, scale=scale).transpose(1, 2), None


AttentionInterface.register(NAME, _hook)
AttentionMaskInterface.register(NAME, lambda **_: None)


@contextmanager
def routed(model: Any) -> Iterator[None]:
    """Within, the model's attention goes through `attend`; its own implementation is put back afterwards."""
    before = model.config._attn_implementation
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
