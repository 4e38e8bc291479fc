"""A causal language model as an encoder: the vector of a text is the mean of the middle layer over the text's tokens.

With this encoder, the model that will be aligned embeds the evidence itself; no second model has to know the same
words. The last layers predict the next token; the middle layers represent the text best.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from penchant.encoder.pooled import PooledEncoder, States
from penchant.model.load import load_parts, weights_key

_MAX_TOKENS = 256


class LanguageEncoder(PooledEncoder):
    """Mean hidden states of a causal language model on this machine."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.name = f"{Path(source).name}@{weights_key(source)[:12]}"
        self.source = source
        self._model, self._chat = load_parts(source, template="plain")  # texts are embedded without turns
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
        for row, text_ids in enumerate(ids):
            tokens[row, : len(text_ids)] = torch.tensor(text_ids)
            mask[row, : len(text_ids)] = 1
        device = self._model.device
        with torch.inference_mode():
            states = self._model(
                tokens.to(device), attention_mask=mask.to(device), output_hidden_states=True, logits_to_keep=1
            ).hidden_states
        # states[0] is the embedding table's output
        return States(ids=tokens, first=states[1], final=states[len(states) // 2], mask=mask.to(device), own_mask=mask)

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text; an empty text becomes one padding token."""
        texts_ids = self._chat.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return [ids[:_MAX_TOKENS] or [self._chat.pad_id] for ids in texts_ids]
