"""Log-probabilities under the frozen reference, computed once per tree and kept on disk for later runs.

A tree holds the prompt and answers of one person's pairs (`model.tree`). The numbers are stored under a digest of the
tree's tokens and of the reference's weights, so any change of records, evidence draw, layout, method or tokenizer leads
to new numbers. With adapters, the reference is the model without its adapters, and no second copy is loaded. Otherwise
the reference is loaded at the first tree without stored numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from torch import Tensor

from penchant.errors import DataError
from penchant.model.likelihood import answer_logprobs
from penchant.model.tree import Forest, Packed
from penchant.shards.atomic import replacing


class Reference:
    """The frozen side of a preference loss."""

    def __init__(self, load: Callable[[], Any] | None, *, cache: Path | None = None, key: str = "") -> None:
        """Reads the numbers of earlier runs.

        Args:
            load: loads the reference model; None: the reference is the policy without its adapters.
            cache: folder for the numbers; None keeps them in memory only.
            key: identifies the reference's weights, see `weights_key`.
        """
        self._load = load
        self._model: Any = None
        self._file = cache / f"reference-{key}.safetensors" if cache is not None else None
        self._known: dict[bytes, Tensor] = _read(self._file) if self._file is not None and self._file.exists() else {}
        self._saved = len(self._known)
        self.computed = 0
        """Number of trees that were computed in this process."""

    def logprobs(self, trees: Sequence[Packed], forest: Forest, policy: Any) -> Tensor:
        """Summed log p of every answer of the trees, nats, (S,), float64, no gradient.

        Args:
            forest: the same trees, collated, on the policy's device.
        """
        digests = [_digest(tree) for tree in trees]
        if any(digest not in self._known for digest in digests):
            with torch.no_grad(), self._reference(policy) as model:
                sums = answer_logprobs(model, forest).cpu()
            parts = torch.split(sums, [len(tree.paths) for tree in trees])
            self._known.update(zip(digests, (part.clone() for part in parts), strict=True))
            self.computed += len(trees)
        return torch.cat([self._known[digest] for digest in digests]).to(forest.ids_N.device)

    @contextmanager
    def _reference(self, policy: Any) -> Iterator[Any]:
        if self._load is None:
            with policy.disable_adapter():
                yield policy
            return
        if self._model is None:
            self._model = self._load().to(next(policy.parameters()).device).eval().requires_grad_(False)
        yield self._model

    def save(self) -> None:
        """Writes the numbers if there are new ones; called at checkpoints and at the end."""
        if self._file is None or len(self._known) == self._saved:
            return
        digests = np.frombuffer(b"".join(self._known), dtype=np.uint8).reshape(len(self._known), -1)
        counts = np.array([len(sums) for sums in self._known.values()], dtype=np.int64)
        sums = torch.cat(list(self._known.values())).numpy()
        with replacing(self._file) as temporary:
            save_file({"trees": digests, "answers": counts, "logprobs": sums}, temporary)
        self._saved = len(self._known)


def _digest(tree: Packed) -> bytes:
    """Sixteen bytes over everything that decides a tree's log-probabilities."""
    shape = [number for task, own, _ in tree.paths for number in (task.start, task.stop, own.start, own.stop)]
    content = np.array([tree.root, len(shape), *shape, *tree.last, *tree.ids], dtype=np.int64).tobytes()
    return hashlib.blake2b(content, digest_size=16).digest()


def _read(file: Path) -> dict[bytes, Tensor]:
    try:
        content = load_file(file)
        digests, counts, sums = (content[name] for name in ("trees", "answers", "logprobs"))
        parts = torch.split(torch.from_numpy(sums), counts.tolist())
        return {digest.tobytes(): part for digest, part in zip(digests, parts, strict=True)}
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        raise DataError(f"{file} does not hold reference log-probabilities ({error}); delete it") from error
