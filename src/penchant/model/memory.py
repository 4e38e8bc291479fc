"""How much memory a piece of work takes at its peak, above what was held before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

_PAGE = 4096
_EVERY_S = 0.002
_STATM = Path("/proc/self/statm")


@dataclass
class Peak:
    """What was found, once the work is done."""

    bytes: int | None = None
    """On a GPU what its allocator held at most, else resident memory, sampled; None where neither can be told."""


@contextmanager
def peak() -> Iterator[Peak]:
    """Measures the work of a block.

    Memory that was used and freed before is used again without a trace: only the first large piece of work of a
    process, or a larger one than any before, is seen whole.
    """
    found = Peak()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        yield found
        found.bytes = torch.cuda.max_memory_allocated() - before
    elif not _STATM.is_file():
        yield found
    else:
        done = threading.Event()
        before = highest = _resident()

        def watch() -> None:
            nonlocal highest
            while not done.wait(_EVERY_S):
                highest = max(highest, _resident())

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield found
        finally:
            done.set()
            watcher.join()
        found.bytes = max(highest, _resident()) - before


def _resident() -> int:
    return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE
