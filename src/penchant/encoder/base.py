"""The seam to a sentence encoder."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
Progress = Callable[[int], None]
"""Told after each batch how many more texts are done; `tqdm(...).update` is one."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Two views of the same texts, from one pass of the encoder."""

    final: NDArray[np.float32]
    """(texts, size): what a text means; rows of length 1."""
    first: NDArray[np.float32]
    """(texts, size): how it is written. Mean over tokens of the first layer's hidden states, not scaled: the words,
    punctuation and length that the last layer has forgotten are still in it."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of some texts, end to end: what a text says, piece by piece."""

    ids: NDArray[np.int32]
    """(tokens,): the same number wherever the same token stands."""
    vectors: NDArray[np.float16]
    """(tokens, size): each in its context, at the depth of `Embedded.final`; rows of length 1."""
    starts: NDArray[np.int64]
    """(texts + 1,): where each text begins, and where the last one ends. Every text has a token at least."""


class Encoder(Protocol):
    """Maps texts to vectors; texts of like meaning are near."""

    @property
    def name(self) -> str:
        """Model name and revision, for cards and caches."""
        ...

    @property
    def source(self) -> str:
        """What it is opened by: `sentence`, or a folder or Hub id."""
        ...

    @property
    def size(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, size), float32, rows of length 1; an empty text is embedded like any other."""
        ...

    def layers(self, texts: Sequence[str], *, progress: Progress | None = None) -> Embedded:
        """Both views of some texts; `final` is what `embed` gives."""
        ...

    def tokens(self, texts: Sequence[str], *, progress: Progress | None = None) -> Tokens:
        """The tokens of some texts; not remembered, as they take some hundred times the memory of `layers`.

        One pass gives both: `layers` of the same texts costs nothing afterwards.
        """
        ...

    def known(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(texts,): share of each text's words that are one token to it; 1 for a text without words.

        Words of a language that it was not made for fall to pieces, or are none of its words at all.
        """
        ...


def share_known(texts: Sequence[str], known: Callable[[Sequence[str]], Sequence[bool]]) -> NDArray[np.float64]:
    """`Encoder.known`, from what says of each of some words whether it is known; each word is asked for once."""
    words = [_WORD.findall(text) for text in texts]
    distinct = sorted({word for found in words for word in found})
    table = dict(zip(distinct, known(distinct), strict=True)) if distinct else {}
    return np.array([np.mean([table[word] for word in found]) if found else 1.0 for found in words])
