"""How forum people put a stance into words: posts, comments, replies and self-descriptions.

A stance is a sign per dimension of a post. Wording is drawn at random and says nothing of who speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penchant.forum.lexicon import Entry

Stance = tuple[tuple[int, int], ...]
"""((dimension index, sign), ...), in no particular order."""

POSTS = ("Any thoughts on {}?", "What works with {}?", "Advice about {}?")
COMMENTS = ("For me it is {}.", "I love {}.", "My way is {}.")
REPLIES = ("Try {}.", "I suggest {}.", "How about {}.")
DESCRIPTION = "Somebody who values {}."


@dataclass(frozen=True, slots=True)
class Speaker:
    """Draws the wording; `unseen` speakers use only the phrasings kept from training people."""

    entries: tuple[Entry, ...]
    rng: np.random.Generator
    unseen: bool = False

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self.rng.integers(len(options)))]

    def _phrases(self, stance: Stance) -> list[str]:
        order = self.rng.permutation(len(stance))
        chosen = []
        for place in order:
            dimension, sign = stance[place]
            chosen.append(self._pick(self.entries[dimension].phrases(1 if sign > 0 else -1, unseen=self.unseen)))
        return chosen

    def post(self, dimensions: Sequence[int]) -> str:
        """A post about some dimensions; it takes no side."""
        topics = [self.entries[dimension].topic for dimension in dimensions]
        return self._pick(POSTS).format(" and ".join(topics))

    def comment(self, stance: Stance) -> str:
        """What somebody with this stance writes of themselves."""
        return self._pick(COMMENTS).format(" and ".join(self._phrases(stance)))

    def reply(self, stance: Stance) -> str:
        """What somebody with this stance advises others."""
        return self._pick(REPLIES).format(" and ".join(self._phrases(stance)))

    def description(self, stance: Stance) -> str:
        """One sentence about a person who holds all of this."""
        return DESCRIPTION.format(", ".join(self._phrases(stance)))
