"""Measures the peak memory of a block of code, above the memory in use before the block."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

_PAGE = 4096
"""Bytes of a memory page."""
_INTERVAL_S = 0.002
"""Seconds between two samples of resident memory."""
_STATM = Path("/proc/self/statm")


@dataclass
class Peak:
    """The measurement; complete after the block has ended."""

    bytes: int | None = None
    """Peak of the GPU allocator, or of sampled resident memory without a GPU; None if neither can be measured."""


@contextmanager
def peak() -> Iterator[Peak]:
    """Measures a block of code.

    Without a GPU, memory that the process used and freed before is reused without a trace. Therefore only the first
    large block of a process, or a block larger than all before it, is measured in full.
    """
    measured = Peak()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        yield measured
        measured.bytes = torch.cuda.max_memory_allocated() - before
    elif not _STATM.is_file():
        yield measured
    else:
        done = threading.Event()
        before = highest = _resident()

        def watch() -> None:
            nonlocal highest
            while not done.wait(_INTERVAL_S):
                highest = max(highest, _resident())

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield measured
        finally:
            done.set()
            watcher.join()
        measured.bytes = max(highest, _resident()) - before


def _resident() -> int:
    return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE
