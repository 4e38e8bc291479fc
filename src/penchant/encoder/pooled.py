"""What encoders over a network have in common: each text is embedded once, in batches of like length."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Embedded, Progress, Tokens, share_known

_BATCH = 64


class States(NamedTuple):
    """What a network makes of one batch; tensors (texts, tokens, ...)."""

    ids: Any
    first: Any
    """The first layer's states."""
    last: Any
    """Those of the layer that knows what a text means."""
    mask: Any
    """1 where there is a token."""
    own: Any
    """1 where it is one of the text's own; marks of where a text begins and ends are not."""


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
    def _states(self, batch: list[str]) -> States:
        """One batch through the network."""

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
        for batch in _batches({text for text in texts if text not in self._known}):
            self._remember(batch, self._states(batch))
            if progress is not None:
                progress(len(batch))
        both = np.array([self._known[text] for text in texts], dtype=np.float32).reshape(-1, 2, self.size)
        return Embedded(both[:, 0], both[:, 1])

    def tokens(self, texts: Sequence[str], *, progress: Progress | None = None) -> Tokens:
        """See `Encoder.tokens`; progress counts the distinct texts."""
        found: dict[str, tuple[NDArray[np.int32], NDArray[np.float16]]] = {}
        for batch in _batches(set(texts)):
            states = self._states(batch)
            self._remember(batch, states)
            found.update(zip(batch, _apart(states), strict=True))
            if progress is not None:
                progress(len(batch))
        counts = [len(found[text][0]) for text in texts]
        return Tokens(
            np.concatenate([np.zeros(0, dtype=np.int32), *(found[text][0] for text in texts)]),
            np.concatenate([np.zeros((0, self.size), dtype=np.float16), *(found[text][1] for text in texts)]),
            np.cumsum([0, *counts], dtype=np.int64),
        )

    def _remember(self, batch: list[str], states: States) -> None:
        self._known.update(zip(batch, pooled(states.first, states.last, states.mask), strict=True))


def _batches(texts: set[str]) -> Iterator[list[str]]:
    """The longest first, so that too little memory shows at once; of like length, so that little is padding."""
    order = sorted(texts, key=lambda text: (-len(text), text))
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]


def _apart(states: States) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float16]]]:
    """Each text's own tokens and their unit vectors."""
    import torch

    units = torch.nn.functional.normalize(states.last.float(), dim=-1).half()
    for ids, vectors, mask, own in zip(states.ids, units, states.mask, states.own, strict=True):
        # of a text without tokens of its own, what there is: the mark of its beginning
        kept = (own if own.any() else mask).bool()
        yield ids[kept].cpu().numpy().astype(np.int32), vectors[kept].cpu().numpy()


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
