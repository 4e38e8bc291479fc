"""How a long run reports to its caller: notes in plain sentences, and progress bars.

A run takes a `Reporter` and never prints. The command line shows notes and bars on stderr; a server may log them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]
"""Takes the number of steps that were done since the last call."""


class Reporter(Protocol):
    """Receives what a run reports while it works."""

    def note(self, text: str) -> None:
        """Receives one sentence: a warning, a count of rows left out, the next stage."""
        ...

    def bar(self, total: int, label: str, *, later: bool = False) -> AbstractContextManager[Advance]:
        """A progress bar of `total` steps.

        Args:
            later: shown with its first step only, as other work comes first.
        """
        ...


class Quiet:
    """A reporter that drops everything."""

    def note(self, text: str) -> None:
        """See `Reporter.note`."""

    @contextmanager
    def bar(self, total: int, label: str, *, later: bool = False) -> Iterator[Advance]:
        """See `Reporter.bar`."""
        yield lambda _steps: None


QUIET = Quiet()
