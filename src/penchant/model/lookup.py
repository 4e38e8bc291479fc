"""Drafts without a second model: likely next tokens are copied from the text so far, and verified in one pass.

Each token is still drawn from the model's distribution, by the answer's own generator, so that the answer is the same.
A draft that equals what is drawn saves a pass; at the first that differs, the rest is rolled back. It pays where
answers quote their prompt or themselves. It works with every model that steps, also with a blend of voices. Source:
prompt lookup decoding (Saxena 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

DRAFTS = 7
"""Tokens that are drafted at once, at most."""
_GRAM = 3
"""A draft copies what followed an earlier occurrence of the last so many tokens."""


class Growing(Protocol):
    """An answer that is being written."""

    tokens: list[int]

    @property
    def room(self) -> int:
        """Tokens that may still be drawn."""
        ...


A = TypeVar("A", bound=Growing)


class Search(Generic[A]):
    """Looks up drafts for one answer."""

    def __init__(self, answer: A, prompt: Sequence[int], most: int) -> None:
        self.answer = answer
        self.draft: list[int] = []
        """Tokens that may follow the last one of the answer."""
        self._tokens: list[int] = []
        self._places: dict[tuple[int, ...], int] = {}
        """The last tokens before a place -> the latest such place."""
        self._drawn = 0
        self._most = most
        self._longest = (most + 1) // 2
        if most:
            self._extend(prompt)

    def next(self) -> list[int]:
        """The draft after what the answer has now; empty if its last tokens occurred nowhere before."""
        if not self._most:
            return []
        accepted = len(self.answer.tokens) - self._drawn - 1
        if self.draft:  # longer while drafts are right
            right = accepted >= len(self.draft)
            self._longest = min(self._most, 2 * self._longest) if right else max(1, accepted)
        place = self._extend(self.answer.tokens[self._drawn :])
        self._drawn = len(self.answer.tokens)
        longest = min(self._longest, self.answer.room - 1)
        self.draft = [] if place is None else self._tokens[place : place + longest]
        return self.draft

    def _extend(self, tokens: Sequence[int]) -> int | None:
        """Adds tokens; an earlier place with the same tokens before it as the end."""
        place = None
        for token in tokens:
            self._tokens.append(token)
            gram = tuple(self._tokens[-_GRAM:])
            place = self._places.get(gram)
            self._places[gram] = len(self._tokens)
        return place
