"""Reports and times the stages of a long run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from penchant.reporter import QUIET, Reporter


@dataclass
class Stages:
    """Wall time by stage."""

    reporter: Reporter = QUIET
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Notes the stage, and keeps the time that the block takes."""
        self.reporter.note(f"== {stage}")
        started = perf_counter()
        yield
        self.seconds[stage] = perf_counter() - started
