"""One model under several prompts at once, as a model that steps: each next token follows a formula over all voices.

All voices of all prompts are one batch of contexts with one set of weights, and each token is appended to every voice.

Shapes: B prompts, K voices, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from penchant.decode.formulas import Formula
from penchant.message import Message
from penchant.model.base import Contexts, Steps

T = TypeVar("T")
Voice = Callable[[Sequence[Message]], Sequence[Message]]
"""A prompt -> the prompt as this voice reads it, for example with notes about a person."""


def as_asked(prompt: Sequence[Message]) -> Sequence[Message]:
    """The voice without any person."""
    return prompt


@dataclass(frozen=True)
class Blend:
    """See `model.base.Steps`."""

    steps: Steps
    voices: tuple[Voice, ...]
    formula: Formula

    @property
    def ends(self) -> frozenset[int]:
        """See `Steps.ends`."""
        return self.steps.ends

    @property
    def context(self) -> int | None:
        """See `Steps.context`; the longest voice of a prompt counts."""
        return self.steps.context

    def decode(self, tokens: Sequence[int]) -> str:
        """See `Steps.decode`."""
        return self.steps.decode(tokens)

    def open(self, prompts: Sequence[Sequence[Message]], *, room: int = 0) -> BlendedContexts:
        """See `Steps.open`."""
        spoken = [voice(prompt) for prompt in prompts for voice in self.voices]
        return BlendedContexts(self.steps.open(spoken, room=room), len(self.voices), self.formula)


class BlendedContexts:
    """See `model.base.Contexts`; the length of a context is that of its longest voice."""

    def __init__(self, contexts: Contexts, voices: int, formula: Formula) -> None:
        self._contexts = contexts
        self._voices = voices
        self._formula = formula

    @property
    def lengths(self) -> tuple[int, ...]:
        """See `Contexts`."""
        return tuple(max(group) for group in self._grouped(self._contexts.lengths))

    def next_logprobs(self) -> NDArray[np.float32]:
        """See `Contexts`."""
        logprobs = self._contexts.next_logprobs()
        voices_KBV = logprobs.reshape(-1, self._voices, logprobs.shape[-1]).swapaxes(0, 1)
        return self._formula(voices_KBV.astype(np.float64)).astype(np.float32)

    def append(self, tokens: Sequence[Sequence[int]]) -> None:
        """See `Contexts`."""
        self._contexts.append(self._repeated(tokens))

    def verify(self, tokens: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """See `Contexts`."""
        verified = self._contexts.verify(self._repeated(tokens))
        return [
            self._formula(np.stack(group).astype(np.float64)).astype(np.float32) for group in self._grouped(verified)
        ]

    def rollback(self, lengths: Sequence[int]) -> None:
        """See `Contexts`."""
        forgotten = [own - length for own, length in zip(self.lengths, lengths, strict=True)]
        groups = self._grouped(self._contexts.lengths)
        self._contexts.rollback([own - count for group, count in zip(groups, forgotten, strict=True) for own in group])

    def select(self, rows: Sequence[int]) -> None:
        """See `Contexts`."""
        self._contexts.select([row * self._voices + voice for row in rows for voice in range(self._voices)])

    def _grouped(self, values: Sequence[T]) -> list[Sequence[T]]:
        return [values[start : start + self._voices] for start in range(0, len(values), self._voices)]

    def _repeated(self, tokens: Sequence[Sequence[int]]) -> list[Sequence[int]]:
        return [row for row in tokens for _ in range(self._voices)]
