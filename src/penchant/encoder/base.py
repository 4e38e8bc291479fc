"""The interface of an encoder, which turns texts into vectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
Progress = Callable[[int], None]
"""Called after each batch with the number of texts that were done since the last call, e.g. `tqdm(...).update`."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Two vectors for each text, from one pass of the encoder."""

    final: NDArray[np.float32]
    """(texts, size): the meaning of each text; rows of length 1."""
    first: NDArray[np.float32]
    """(texts, size): the wording of each text. Mean over tokens of the first layer's hidden states, not scaled. It
    still holds the words, punctuation and length that the last layer has lost."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of several texts, concatenated."""

    ids: NDArray[np.int32]
    """(tokens,): the id of each token; equal tokens have equal ids."""
    vectors: NDArray[np.float16]
    """(tokens, size): the vector of each token in its context, from the layer of `Embedded.final`; rows of length 1."""
    starts: NDArray[np.int64]
    """(texts + 1,): index of each text's first token, then the total count. Every text has at least one token."""


class Encoder(Protocol):
    """Maps texts to vectors. Texts of similar meaning have similar vectors."""

    @property
    def name(self) -> str:
        """Model name and revision, for cards and caches."""
        ...

    @property
    def source(self) -> str:
        """The argument of `open_encoder`: `sentence`, or a folder or Hub id."""
        ...

    @property
    def size(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, size), float32, rows of length 1; an empty text is embedded like any other."""
        ...

    def layers(self, texts: Sequence[str], *, progress: Progress | None = None) -> Embedded:
        """Both vectors of each text; `final` equals the result of `embed`."""
        ...

    def tokens(self, texts: Sequence[str], *, progress: Progress | None = None) -> Tokens:
        """The tokens of some texts.

        Tokens are not cached, as they take about a hundred times the memory of `layers`. The pass also computes
        `layers`, so that a later call of `layers` on the same texts costs nothing.
        """
        ...

    def familiarity(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(texts,): share of each text's words that the encoder reads as a single token; 1 for a text without words.

        A low share means a language that the encoder was not trained on: its words split into several tokens or are
        unknown.
        """
        ...


def familiarity_of(texts: Sequence[str], are_tokens: Callable[[Sequence[str]], Sequence[bool]]) -> NDArray[np.float64]:
    """Computes `Encoder.familiarity`.

    Args:
        are_tokens: for each of some words, whether it is a single token. Called once, with each distinct word once.
    """
    words = [_WORD.findall(text) for text in texts]
    distinct = sorted({word for row in words for word in row})
    table = dict(zip(distinct, are_tokens(distinct), strict=True)) if distinct else {}
    return np.array([np.mean([table[word] for word in row]) if row else 1.0 for row in words])
