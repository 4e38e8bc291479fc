"""Any causal language model as an encoder: the mean of its middle layer over a text's tokens.

The model that is to be aligned can so read the evidence itself: what it knows of words, a second model need not know.
The last layers are busy with the next token; the middle ones hold what was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from penchant.encoder.pooled import PooledEncoder, States
from penchant.model.local import load_parts, weights_key

_MOST_TOKENS = 256


class LanguageEncoder(PooledEncoder):
    """Mean hidden states of a causal language model on this machine."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.name, self.source = f"{Path(source).name}@{weights_key(source)[:12]}", source
        self._model, self._chat = load_parts(source)
        self._model.eval()

    @property
    def size(self) -> int:
        """The model's hidden size."""
        return int(self._model.config.hidden_size)

    def _tokenizer(self) -> Any:
        return self._chat.tokenizer

    def _states(self, batch: list[str]) -> States:
        ids = self._ids(batch)
        longest = max(map(len, ids))
        tokens = torch.full((len(ids), longest), self._chat.pad_id)
        mask = torch.zeros((len(ids), longest), dtype=torch.long)
        for row, found in enumerate(ids):
            tokens[row, : len(found)] = torch.tensor(found)
            mask[row, : len(found)] = 1
        device = self._model.device
        with torch.inference_mode():
            states = self._model(
                tokens.to(device), attention_mask=mask.to(device), output_hidden_states=True, logits_to_keep=1
            ).hidden_states
        # states[0] is the embedding table's output
        return States(tokens, states[1], states[len(states) // 2], mask.to(device), mask)

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, one at least."""
        found = self._chat.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return [ids[:_MOST_TOKENS] or [self._chat.pad_id] for ids in found]
