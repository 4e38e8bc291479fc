"""What encoders over a network have in common: each text is embedded once, in batches of like length."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Embedded, Progress, share_known

_BATCH = 64


class PooledEncoder(ABC):
    """An `Encoder` that remembers the texts it has seen; it lives as long as its process needs them."""

    name: str
    source: str

    def __init__(self) -> None:
        self._known: dict[str, NDArray[np.float32]] = {}
        """Text -> (2, size): the final view, then the first."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Length of a vector."""

    @abstractmethod
    def _pooled(self, batch: list[str]) -> NDArray[np.float32]:
        """(texts, 2, size): both views of one batch."""

    @abstractmethod
    def _tokenizer(self) -> Any:
        """Its tokenizer, as transformers has them."""

    def known(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """See `Encoder.known`."""
        tokenizer = self._tokenizer()

        def one_token(words: Sequence[str]) -> list[bool]:
            # byte-level tokenizers know most words with the space before them
            found = tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
            return [len(ids) == 1 and ids[0] != tokenizer.unk_token_id for ids in found]

        return share_known(texts, one_token)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.embed`; texts beyond 256 tokens are cut."""
        return self.layers(texts).final

    def layers(self, texts: Sequence[str], *, progress: Progress | None = None) -> Embedded:
        """See `Encoder.layers`; progress counts the texts that were not known before."""
        # texts of like length share a batch, so that little of it is padding; the longest first, so that too little
        # memory shows at once
        new = sorted({text for text in texts if text not in self._known}, key=lambda text: (-len(text), text))
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            self._known.update(zip(batch, self._pooled(batch), strict=True))
            if progress is not None:
                progress(len(batch))
        both = np.array([self._known[text] for text in texts], dtype=np.float32).reshape(-1, 2, self.size)
        return Embedded(both[:, 0], both[:, 1])


def pooled(first: Any, last: Any, mask: Any) -> NDArray[np.float32]:
    """Means over tokens of two layers' states (texts, tokens, size), the last one scaled to length 1: (texts, 2, size).

    Args:
        mask: (texts, tokens), 1 where there is a token.
    """
    import torch

    weights = mask.unsqueeze(-1).float()
    low, high = ((state.float() * weights).sum(1) / weights.sum(1) for state in (first, last))
    both = torch.stack([torch.nn.functional.normalize(high, dim=-1), low], dim=1)
    return np.asarray(both.cpu().numpy(), dtype=np.float32)
