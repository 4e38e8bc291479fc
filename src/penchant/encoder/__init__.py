"""Encoders: they turn texts into vectors, for scorers and annotators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penchant.encoder.base import Encoder

SENTENCE = "sentence"
"""The source name of all-MiniLM-L6-v2."""
MPNET = "mpnet"
"""The source name of all-mpnet-base-v2, which is five times as large and reads ordinary English better."""


def open_encoder(source: str, update: Path | None = None) -> Encoder:
    """Opens an encoder.

    Args:
        update: file of a low-rank update of a published encoder's weights; see `low_rank`.
        source: `sentence`, `mpnet`, or the folder or Hub id of a causal language model.
    Raises:
        ModelError: no copy is found, or the weights cannot be loaded safely.
    """
    if source in (SENTENCE, MPNET):
        from penchant.encoder.sentence import load_encoder

        encoder = load_encoder(source)
        if update is None or not update.is_file():
            return encoder
        from penchant.encoder.low_rank import load

        return encoder.tuned(load(update))
    from penchant.encoder.language import LanguageEncoder

    return LanguageEncoder(source)
