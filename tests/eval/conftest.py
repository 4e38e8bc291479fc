"""A reporter that counts."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from penchant.reporter import Advance


class Counted:
    """Counts the steps of all bars and keeps the notes."""

    def __init__(self) -> None:
        self.total = self.steps = 0
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def bar(self, total: int, label: str, *, later: bool = False) -> Iterator[Advance]:
        self.total += total

        def advance(steps: int = 1) -> None:
            self.steps += steps

        yield advance


@pytest.fixture
def counted() -> Counted:
    return Counted()
