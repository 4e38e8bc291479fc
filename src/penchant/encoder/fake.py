"""An encoder without weights, for tests: it hashes words, so that texts with common words have similar vectors."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Embedded, Progress, Tokens, familiarity_of


@dataclass(frozen=True, slots=True)
class FakeEncoder:
    """Each word has a fixed random vector per view. A text is the mean of its words; `final` is scaled to length 1."""

    size: int = 64
    name: str = "fake"
    source: str = "fake"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.embed`."""
        vectors = self._means(texts, view="")
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def layers(self, texts: Sequence[str], *, progress: Progress | None = None) -> Embedded:
        """See `Encoder.layers`."""
        embedded = Embedded(self.embed(texts), self._means(texts, view="first:"))
        if progress is not None:
            progress(len(texts))
        return embedded

    def tokens(self, texts: Sequence[str], *, progress: Progress | None = None) -> Tokens:
        """See `Encoder.tokens`. Tokens are words; a word's vector does not depend on its context."""
        words = [_words(text) for text in texts]
        flat = [word for row in words for word in row]
        vectors = np.array([_vector(word, self.size) for word in flat], dtype=np.float32).reshape(-1, self.size)
        ids = np.array([int.from_bytes(_digest(word)[:4], "big") >> 1 for word in flat], dtype=np.int32)
        if progress is not None:
            progress(len(texts))
        return Tokens(
            ids,
            (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16),
            np.cumsum([0, *map(len, words)], dtype=np.int64),
        )

    def familiarity(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """See `Encoder.familiarity`. ASCII words count as single tokens."""
        return familiarity_of(texts, lambda words: [word.isascii() for word in words])

    def _means(self, texts: Sequence[str], *, view: str) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.size), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = np.mean([_vector(view + word, self.size) for word in _words(text)], axis=0)
        return vectors


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower()) or [""]


def _digest(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()


@lru_cache(maxsize=65_536)
def _vector(word: str, size: int) -> NDArray[np.float32]:
    seed = int.from_bytes(_digest(word)[:8], "big")
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)
