"""Caches embeddings on disk, one file per list of texts.

The file name is a hash of the encoder's name and the texts. The caller chooses the folder. The folder contains vectors
made from people's texts, not the texts; delete it together with the data.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Embedded, Encoder, Progress, Tokens
from penchant.errors import DataError


@dataclass(frozen=True, slots=True)
class CachedEncoder:
    """Wraps an encoder. `layers` and `tokens` of a list of texts are read from disk after the first call."""

    encoder: Encoder
    folder: Path

    @property
    def name(self) -> str:
        """Name of the wrapped encoder."""
        return self.encoder.name

    @property
    def source(self) -> str:
        """Source of the wrapped encoder."""
        return self.encoder.source

    @property
    def size(self) -> int:
        """Vector length of the wrapped encoder."""
        return self.encoder.size

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.embed`; not cached."""
        return self.encoder.embed(texts)

    def layers(self, texts: Sequence[str], *, progress: Progress | None = None) -> Embedded:
        """See `Encoder.layers`. Raises DataError when a cache file is broken."""
        path = self.folder / f"{self._key(texts)}.npz"
        if path.is_file():
            _advance(progress, len(texts))
            return Embedded(**_read(path, ("final", "first")))
        embedded = self.encoder.layers(texts, progress=progress)
        self._write(path, final=embedded.final, first=embedded.first)
        return embedded

    def tokens(self, texts: Sequence[str], *, progress: Progress | None = None) -> Tokens:
        """See `Encoder.tokens`. Raises DataError when a cache file is broken."""
        path = self.folder / f"{self._key(texts)}.tokens.npz"
        if path.is_file():
            _advance(progress, len(texts))
            return Tokens(**_read(path, ("ids", "vectors", "starts")))
        tokens = self.encoder.tokens(texts, progress=progress)
        self._write(path, ids=tokens.ids, vectors=tokens.vectors, starts=tokens.starts)
        return tokens

    def familiarity(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """See `Encoder.familiarity`; not cached."""
        return self.encoder.familiarity(texts)

    def _write(self, path: Path, **arrays: NDArray[Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # written under another name first, so that an interrupted run leaves no partial file under the final name
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # its stub takes the array names for flags
        part.replace(path)

    def _key(self, texts: Sequence[str]) -> str:
        digest = hashlib.sha256(self.encoder.name.encode())
        for text in texts:
            # the length keeps ("ab", "c") and ("a", "bc") apart
            digest.update(f"\0{len(text)}\0{text}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:32]


def _advance(progress: Progress | None, count: int) -> None:
    if progress is not None:
        progress(count)


def _read(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: not a file of embeddings ({error}); delete it, and the next run writes it anew"
        ) from error
