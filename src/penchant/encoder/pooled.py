"""The common part of encoders that run a neural network: each text is embedded once, in batches of similar length."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Embedded, Progress, Tokens, familiarity_of

_BATCH = 64
_SIMILAR, _SLACK = 0.7, 8
"""The shortest text of a batch has this share of the characters of the longest one, less a few."""


class States(NamedTuple):
    """The network's output for one batch; tensors (texts, tokens, ...)."""

    ids: Any
    first: Any
    """Hidden states of the first layer."""
    final: Any
    """Hidden states of the layer that represents meaning."""
    mask: Any
    """1 at tokens, 0 at padding."""
    own_mask: Any
    """1 at tokens of the text itself, 0 at padding and at marks of a text's beginning or end."""


class PooledEncoder(ABC):
    """An `Encoder` that caches the vectors of every text it has embedded, as long as the object lives."""

    name: str
    source: str

    def __init__(self) -> None:
        self._cache: dict[str, NDArray[np.float32]] = {}
        """Text -> (2, size): the final view, then the first."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Length of a vector."""

    @abstractmethod
    def _states(self, batch: list[str]) -> States:
        """Runs one batch through the network."""

    @abstractmethod
    def _tokenizer(self) -> Any:
        """The transformers tokenizer of the network."""

    def forget(self) -> None:
        """Empties the cache: a text gets the vector of the batch in which it is embedded next."""
        self._cache.clear()

    def familiarity(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """See `Encoder.familiarity`."""
        tokenizer = self._tokenizer()

        def are_tokens(words: Sequence[str]) -> list[bool]:
            # byte-level tokenizers have single tokens for most words with a leading space
            words_ids = tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
            return [len(ids) == 1 and ids[0] != tokenizer.unk_token_id for ids in words_ids]

        return familiarity_of(texts, are_tokens)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.embed`. Only the first 256 tokens of a text are used."""
        return self.layers(texts).final

    def layers(self, texts: Sequence[str], *, progress: Progress | None = None) -> Embedded:
        """See `Encoder.layers`. Progress counts texts that were not cached."""
        for batch in _batches({text for text in texts if text not in self._cache}):
            self._remember(batch, self._states(batch))
            if progress is not None:
                progress(len(batch))
        both = np.array([self._cache[text] for text in texts], dtype=np.float32).reshape(-1, 2, self.size)
        return Embedded(both[:, 0], both[:, 1])

    def tokens(self, texts: Sequence[str], *, progress: Progress | None = None) -> Tokens:
        """See `Encoder.tokens`. Progress counts distinct texts."""
        tokens: dict[str, tuple[NDArray[np.int32], NDArray[np.float16]]] = {}
        for batch in _batches(set(texts)):
            states = self._states(batch)
            self._remember(batch, states)
            tokens.update(zip(batch, _own_tokens(states), strict=True))
            if progress is not None:
                progress(len(batch))
        counts = [len(tokens[text][0]) for text in texts]
        return Tokens(
            ids=np.concatenate([np.zeros(0, dtype=np.int32), *(tokens[text][0] for text in texts)]),
            vectors=np.concatenate([np.zeros((0, self.size), dtype=np.float16), *(tokens[text][1] for text in texts)]),
            starts=np.cumsum([0, *counts], dtype=np.int64),
        )

    def _remember(self, batch: list[str], states: States) -> None:
        self._cache.update(zip(batch, pooled(states.first, states.final, states.mask), strict=True))


def _batches(texts: set[str]) -> Iterator[list[str]]:
    """Batches by length: similar lengths need little padding, and longest first shows a lack of memory at once."""
    batch: list[str] = []
    for text in sorted(texts, key=lambda text: (-len(text), text)):
        if batch and (len(batch) == _BATCH or len(text) < _SIMILAR * len(batch[0]) - _SLACK):
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch


def _own_tokens(states: States) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float16]]]:
    """Ids and unit vectors of each text's own tokens."""
    import torch

    units = torch.nn.functional.normalize(states.final.float(), dim=-1).half()
    for ids, vectors, mask, own_mask in zip(states.ids, units, states.mask, states.own_mask, strict=True):
        # an empty text has no tokens of its own: keep the mark of its beginning, so that every text has a token
        kept = (own_mask if own_mask.any() else mask).bool()
        yield ids[kept].cpu().numpy().astype(np.int32), vectors[kept].cpu().numpy()


def pooled(first: Any, final: Any, mask: Any) -> NDArray[np.float32]:
    """Means over tokens of two layers: the final one, scaled to length 1, then the first, (texts, 2, size).

    Args:
        first, final: hidden states, (texts, tokens, size).
        mask: (texts, tokens), 1 at tokens, 0 at padding.
    """
    import torch

    weights = mask.unsqueeze(-1).float()
    low, high = ((state.float() * weights).sum(1) / weights.sum(1) for state in (first, final))
    both = torch.stack([torch.nn.functional.normalize(high, dim=-1), low], dim=1)
    return np.asarray(both.cpu().numpy(), dtype=np.float32)
