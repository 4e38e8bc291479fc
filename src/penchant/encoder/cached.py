"""Embeddings kept on disk: one file per set of texts, named by the encoder and the texts themselves.

The folder is the caller's and holds vectors of people's texts, not the texts; delete it when the data goes.
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
    """Any encoder, whose `layers` of a set of texts are read back when they were asked for before."""

    encoder: Encoder
    folder: Path

    @property
    def name(self) -> str:
        """The encoder's own."""
        return self.encoder.name

    @property
    def source(self) -> str:
        """The encoder's own."""
        return self.encoder.source

    @property
    def size(self) -> int:
        """The encoder's own."""
        return self.encoder.size

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.embed`; not cached."""
        return self.encoder.embed(texts)

    def layers(self, texts: Sequence[str], *, progress: Progress | None = None) -> Embedded:
        """See `Encoder.layers`. Raises DataError when a file of the cache is broken."""
        path = self.folder / f"{self._key(texts)}.npz"
        if path.is_file():
            _told(progress, len(texts))
            return Embedded(**_read(path, ("final", "first")))
        embedded = self.encoder.layers(texts, progress=progress)
        self._keep(path, final=embedded.final, first=embedded.first)
        return embedded

    def tokens(self, texts: Sequence[str], *, progress: Progress | None = None) -> Tokens:
        """See `Encoder.tokens`. Raises DataError when a file of the cache is broken."""
        path = self.folder / f"{self._key(texts)}.tokens.npz"
        if path.is_file():
            _told(progress, len(texts))
            return Tokens(**_read(path, ("ids", "vectors", "starts")))
        found = self.encoder.tokens(texts, progress=progress)
        self._keep(path, ids=found.ids, vectors=found.vectors, starts=found.starts)
        return found

    def known(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """See `Encoder.known`; not cached."""
        return self.encoder.known(texts)

    def _keep(self, path: Path, **arrays: NDArray[Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # a name of its own first: a run that is stopped leaves no half file under the final name
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # its stub takes keywords for flags
        part.replace(path)

    def _key(self, texts: Sequence[str]) -> str:
        digest = hashlib.sha256(self.encoder.name.encode())
        for text in texts:
            # the length first: ("ab", "c") is another key than ("a", "bc")
            digest.update(f"\0{len(text)}\0{text}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:32]


def _told(progress: Progress | None, count: int) -> None:
    if progress is not None:
        progress(count)


def _read(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as kept:
            return {name: kept[name] for name in names}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not a file of embeddings ({error}); delete it, it is made again") from error
