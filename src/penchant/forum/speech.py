"""Puts a stance into words: posts, comments, replies and self-descriptions.

A stance is a sign for each dimension of a post. The wording is drawn at random and says nothing about the speaker.
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
    """Draws wordings; with `unseen`, only from the phrasings that training people never use."""

    entries: tuple[Entry, ...]
    rng: np.random.Generator
    unseen: bool = False

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self.rng.integers(len(options)))]

    def _phrases(self, stance: Stance) -> list[str]:
        order = self.rng.permutation(len(stance))
        chosen = []
        for index in order:
            dimension, sign = stance[index]
            chosen.append(self._pick(self.entries[dimension].phrases(1 if sign > 0 else -1, unseen=self.unseen)))
        return chosen

    def post(self, dimensions: Sequence[int]) -> str:
        """A post about the topics of some dimensions; it takes no side."""
        topics = [self.entries[dimension].topic for dimension in dimensions]
        return self._pick(POSTS).format(" and ".join(topics))

    def comment(self, stance: Stance) -> str:
        """A comment in which a person states this stance as their own."""
        return self._pick(COMMENTS).format(" and ".join(self._phrases(stance)))

    def reply(self, stance: Stance) -> str:
        """A reply in which a person of this stance advises others."""
        return self._pick(REPLIES).format(" and ".join(self._phrases(stance)))

    def description(self, stance: Stance) -> str:
        """One sentence that describes a person of this stance."""
        return DESCRIPTION.format(", ".join(self._phrases(stance)))
