"""Encoders: texts -> vectors, for scorers and annotators."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penchant.encoder.base import Encoder

SENTENCE = "sentence"
"""What all-MiniLM-L6-v2 is opened by."""


def open_encoder(source: str) -> Encoder:
    """The encoder of a name: `sentence`, or a causal language model by folder or Hub id.

    Raises:
        ModelError: there is no copy of it, or it cannot be loaded safely.
    """
    if source == SENTENCE:
        from penchant.encoder.sentence import load_encoder

        return load_encoder()
    from penchant.encoder.language import LanguageEncoder

    return LanguageEncoder(source)
