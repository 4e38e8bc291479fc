"""Log-probabilities under the frozen reference, computed once per tree and kept on disk for later runs.

What is kept is found again by the tokens of the tree themselves, so that any change of records, evidence draw, layout,
method or tokenizer asks for new numbers, and by the digest of the reference's weights. With adapters the reference is
the model without them, so no second copy is held; otherwise it is loaded when the first unknown tree comes.
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
from penchant.model.tree import Forest, Packed, answer_logprobs
from penchant.shards.atomic import replacing


class Reference:
    """The frozen side of a preference loss."""

    def __init__(self, load: Callable[[], Any] | None, *, cache: Path | None = None, key: str = "") -> None:
        """Keeps numbers in memory, and in `cache` where it is given.

        Args:
            load: gives the reference model; None when it is the policy without its adapters.
            cache: folder for the numbers; None keeps them in memory only.
            key: names the reference's weights, see `weights_key`.
        """
        self._load = load
        self._model: Any = None
        self._file = cache / f"reference-{key}.safetensors" if cache is not None else None
        self._known: dict[bytes, Tensor] = _read(self._file) if self._file is not None and self._file.exists() else {}
        self._saved = len(self._known)
        self.computed = 0
        """Trees that had to be computed in this process."""

    def logprobs(self, trees: Sequence[Packed], forest: Forest, policy: Any) -> Tensor:
        """Summed log p of every answer of the trees, nats, (S,), float64, no gradient.

        Args:
            forest: the same trees, collated, on the policy's device.
        """
        names = [_digest(tree) for tree in trees]
        if any(name not in self._known for name in names):
            with torch.no_grad(), self._reference(policy) as model:
                sums = answer_logprobs(model, forest).cpu()
            parts = torch.split(sums, [len(tree.paths) for tree in trees])
            self._known.update(zip(names, (part.clone() for part in parts), strict=True))
            self.computed += len(trees)
        return torch.cat([self._known[name] for name in names]).to(forest.ids_N.device)

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
        """Writes what was computed; called at checkpoints and at the end."""
        if self._file is None or len(self._known) == self._saved:
            return
        names = np.frombuffer(b"".join(self._known), dtype=np.uint8).reshape(len(self._known), -1)
        counts = np.array([len(sums) for sums in self._known.values()], dtype=np.int64)
        sums = torch.cat(list(self._known.values())).numpy()
        with replacing(self._file) as temporary:
            save_file({"trees": names, "answers": counts, "logprobs": sums}, temporary)
        self._saved = len(self._known)


def _digest(tree: Packed) -> bytes:
    """Sixteen bytes over everything that decides a tree's log-probabilities."""
    shape = [number for task, own, _ in tree.paths for number in (task.start, task.stop, own.start, own.stop)]
    content = np.array([tree.root, len(shape), *shape, *tree.ids], dtype=np.int64).tobytes()
    return hashlib.blake2b(content, digest_size=16).digest()


def _read(file: Path) -> dict[bytes, Tensor]:
    try:
        content = load_file(file)
        names, counts, sums = (content[name] for name in ("trees", "answers", "logprobs"))
        parts = torch.split(torch.from_numpy(sums), counts.tolist())
        return {name.tobytes(): part for name, part in zip(names, parts, strict=True)}
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        raise DataError(f"{file} does not hold reference log-probabilities ({error}); delete it") from error
