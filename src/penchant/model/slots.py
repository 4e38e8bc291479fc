"""A cache of keys and values for rows of unequal lengths: token i of a row lies in slot i, whatever the other rows do.

A pass takes some new tokens of each row, padded on the left, at their exact positions. A row is rolled back by counting
fewer of its slots, and nothing is moved. Works for models whose only memory is attention; `model.step` tries that.

Shapes: B rows, Q new tokens of the longest row, S slots, G key heads, D head size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache

from penchant.errors import ModelError

_SLOTS = 64
"""Slots are allocated in multiples of this."""


class SlotCache(Cache):
    """Keys and values by layer, (B, G, S, D) each."""

    def __init__(self) -> None:
        super().__init__(layers=[])
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self._slots_BQ = torch.empty(0)
        self._rows_B1 = torch.empty(0)
        self._width = self._start = 0

    def aim(self, positions_BQ: Tensor, padding_BQ: Tensor, *, width: int) -> None:
        """Says where the next pass writes.

        Args:
            positions_BQ: slots of the new tokens.
            padding_BQ: True where a token is padding; it is written behind all slots in use.
            width: slots in use after the pass.
        """
        self._start, self._width = int(positions_BQ.min()), width
        self._slots_BQ = positions_BQ.masked_fill(padding_BQ, width)
        self._rows_B1 = torch.arange(len(positions_BQ), device=positions_BQ.device)[:, None]

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Writes a layer's new keys and values, (B, G, Q, D); returns those of all slots in use."""
        if layer_idx > len(self.keys):
            raise ModelError(f"layer {layer_idx} has no keys in the layer before it")
        for store, states in ((self.keys, key_states), (self.values, value_states)):
            if layer_idx == len(store):
                store.append(_wider(states[:, :, :0], self._width + 1))
            elif store[layer_idx].shape[2] <= self._width:
                store[layer_idx] = _wider(store[layer_idx], max(self._width + 1, store[layer_idx].shape[2] * 3 // 2))
            store[layer_idx][self._rows_B1, :, self._slots_BQ] = states.transpose(1, 2)
        return self.keys[layer_idx][:, :, : self._width], self.values[layer_idx][:, :, : self._width]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Tokens that every row holds before the pass."""
        return self._start

    def take(self, rows: Sequence[int]) -> SlotCache:
        """A copy of some rows; a row may be taken several times."""
        index = list(rows)
        copy = SlotCache()
        copy.keys = [keys[index] for keys in self.keys]
        copy.values = [values[index] for values in self.values]
        return copy

    def put(self, rows: Sequence[int], part: SlotCache, *, of: int) -> None:
        """Writes a part that was taken back.

        Args:
            of: number of rows of this cache, for one that is still empty.
        """
        for store, states in ((self.keys, part.keys), (self.values, part.values)):
            for layer, new in enumerate(states):
                if layer == len(store):
                    store.append(new.new_zeros(of, *new.shape[1:]))
                elif store[layer].shape[2] < new.shape[2]:
                    store[layer] = _wider(store[layer], new.shape[2])
                store[layer][list(rows), :, : new.shape[2]] = new


def _wider(states_BGSD: Tensor, slots: int) -> Tensor:
    """The same states with room for more; free slots are zero, as masked values must be finite."""
    batch, groups, old, size = states_BGSD.shape
    wide = states_BGSD.new_zeros(batch, groups, -(-slots // _SLOTS) * _SLOTS, size)
    wide[:, :, :old] = states_BGSD
    return wide


def advance(model: Any, cache: SlotCache, new: Sequence[Sequence[int]], starts: Sequence[int], *, keep: int) -> Tensor:
    """Logits after the last tokens of each row, (B, keep, V); rows with fewer new tokens are padded in front.

    Args:
        model: a transformers causal language model.
        cache: holds `starts` tokens of each row, and then the new ones too.
        new: the new tokens of each row.
        starts: the position of each row's first new token.
    """
    longest = max(map(len, new))
    empty = [longest - len(tokens) for tokens in new]
    device = model.device
    ids_BQ = torch.tensor([[0] * e + list(t) for e, t in zip(empty, new, strict=True)], device=device)
    first_B = torch.tensor([start - e for start, e in zip(starts, empty, strict=True)], device=device)
    column_Q = torch.arange(longest, device=device)
    padding_BQ = column_Q < torch.tensor(empty, device=device)[:, None]
    # padding looks at slot 0, so that no row of the mask is empty
    positions_BQ = (first_B[:, None] + column_Q).masked_fill_(padding_BQ, 0)
    width = max(start + len(tokens) for start, tokens in zip(starts, new, strict=True))
    cache.aim(positions_BQ, padding_BQ, width=width)
    output = model(
        input_ids=ids_BQ,
        position_ids=positions_BQ,
        attention_mask=_masks(model, positions_BQ, width),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=keep,
    )
    if not cache.keys:
        raise ModelError("its layers do not use the cache that they are given")
    logits: Tensor = output.logits
    return logits[:, -keep:]


def _masks(model: Any, positions_BQ: Tensor, width: int) -> Tensor | dict[str, Tensor]:
    """What each token sees, as a bias, (B, 1, Q, width): one for all layers, or one per kind of layer."""
    config = model.config.get_text_config(decoder=True)
    window: int | None = getattr(config, "sliding_window", None)
    default = "full_attention" if window is None else "sliding_attention"
    kinds = set(getattr(config, "layer_types", None) or [default])
    dtype = next(model.parameters()).dtype
    slot_S = torch.arange(width, device=positions_BQ.device)
    seen_BQS = slot_S <= positions_BQ[..., None]
    masks = {}
    for kind in kinds:
        if kind == "full_attention":
            seen = seen_BQS
        elif kind == "sliding_attention" and window is not None:
            seen = seen_BQS & (slot_S > positions_BQ[..., None] - window)
        elif kind == "chunked_attention":
            size = config.attention_chunk_size
            seen = seen_BQS & (slot_S // size == positions_BQ[..., None] // size)
        else:
            raise ModelError(f"its layers of kind '{kind}' have another memory than attention")
        bias = torch.zeros(seen.shape, dtype=dtype, device=seen.device)
        masks[kind] = bias.masked_fill_(~seen, torch.finfo(dtype).min)[:, None]
    return masks if len(masks) > 1 else next(iter(masks.values()))
