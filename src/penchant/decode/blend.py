"""One or several models under several prompts at once, as a model: each next token follows a formula over all voices.

All voices of all prompts that one model reads are one batch of contexts, and each token is appended to every voice.

Shapes: B prompts, K voices, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.decode.base import Decoder
from penchant.decode.formulas import Formula
from penchant.errors import ConfigError
from penchant.message import Message
from penchant.model.base import Contexts, Steps
from penchant.render import without_notes

Voice = Callable[[Sequence[Message]], Sequence[Message]]
"""A prompt -> the prompt as this voice reads it, for example with notes about a person."""


def as_asked(prompt: Sequence[Message]) -> Sequence[Message]:
    """The voice that reads a prompt as it is."""
    return prompt


def for_anybody(prompt: Sequence[Message]) -> Sequence[Message]:
    """The voice that reads a prompt without its notes about a person."""
    return without_notes(prompt)


@dataclass(frozen=True)
class Blend(Decoder):
    """Combines several voices, each with its model, by a formula. `of` is for a single model.

    Raises:
        ConfigError: there are no voices, or two models with different tokens.
    """

    parts: tuple[tuple[Steps, Voice], ...]
    """Each voice, with the model that speaks."""
    formula: Formula
    name: str = "blend"

    def __post_init__(self) -> None:
        if not self.parts:
            raise ConfigError("a blend needs at least one voice")
        if len({steps.vocabulary for steps, _ in self.parts}) > 1:
            raise ConfigError("the models of a blend have different tokens; take models with the same tokenizer")

    @classmethod
    def of(cls, steps: Steps, voices: Sequence[Voice], formula: Formula, *, name: str = "blend") -> Blend:
        """One model in several voices."""
        return cls(tuple((steps, voice) for voice in voices), formula, name)

    @property
    def steps(self) -> Steps:
        """The model of the first voice."""
        return self.parts[0][0]

    @property
    def context(self) -> int | None:
        """See `Steps.context`; the longest voice of a prompt counts."""
        return min((steps.context for steps, _ in self.parts if steps.context is not None), default=None)

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """See `Scores.count`; the longest voice counts."""
        return max(steps.count(voice(messages), enough=enough) for steps, voice in self.parts)

    def answer_ids(self, prompt: Sequence[Message], answers: Sequence[str]) -> Sequence[Sequence[int]]:
        """See `Steps.answer_ids`."""
        steps, voice = self.parts[0]
        return steps.answer_ids(voice(prompt), answers)

    def open(self, prompts: Sequence[Sequence[Message]], *, room: int = 0) -> BlendedContexts:
        """See `Steps.open`."""
        groups: list[tuple[list[int], Contexts]] = []
        for model in dict.fromkeys(map(id, (steps for steps, _ in self.parts))):
            places = [place for place, (steps, _) in enumerate(self.parts) if id(steps) == model]
            read = [self.parts[place][1](prompt) for prompt in prompts for place in places]
            groups.append((places, self.parts[places[0]][0].open(read, room=room)))
        return BlendedContexts(groups, len(self.parts), self.formula)


class BlendedContexts:
    """See `model.base.Contexts`; length and tokens of a context are those of its longest voice."""

    def __init__(self, groups: Sequence[tuple[Sequence[int], Contexts]], voices: int, formula: Formula) -> None:
        self._groups = groups
        """The voices of each model, and their contexts: all voices of the first prompt, then of the second."""
        self._voices = voices
        self._formula = formula

    @property
    def lengths(self) -> tuple[int, ...]:
        """See `Contexts`."""
        return tuple(map(len, self.tokens))

    @property
    def tokens(self) -> Sequence[Sequence[int]]:
        """See `Contexts`."""
        rows = [_by_prompt(contexts.tokens, len(places)) for places, contexts in self._groups]
        return [max((row for group in groups for row in group), key=len) for groups in zip(*rows, strict=True)]

    def next_logprobs(self) -> NDArray[np.float32]:
        """See `Contexts`."""
        voices: list[NDArray[np.float64]] = [np.empty(0)] * self._voices
        for places, contexts in self._groups:
            logprobs = contexts.next_logprobs().astype(np.float64)
            for index, place in enumerate(places):
                voices[place] = logprobs[index :: len(places)]
        return self._formula(np.stack(voices)).astype(np.float32)

    def append(self, tokens: Sequence[Sequence[int]]) -> None:
        """See `Contexts`."""
        for places, contexts in self._groups:
            contexts.append(_for_each(tokens, len(places)))

    def verify(self, tokens: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """See `Contexts`."""
        voices: list[Sequence[NDArray[np.float32]]] = [()] * self._voices
        for places, contexts in self._groups:
            verified = contexts.verify(_for_each(tokens, len(places)))
            for index, place in enumerate(places):
                voices[place] = verified[index :: len(places)]
        return [
            self._formula(np.stack(rows).astype(np.float64)).astype(np.float32) for rows in zip(*voices, strict=True)
        ]

    def rollback(self, lengths: Sequence[int]) -> None:
        """See `Contexts`."""
        forgotten = [own - length for own, length in zip(self.lengths, lengths, strict=True)]
        for places, contexts in self._groups:
            counts = [count for count in forgotten for _ in places]
            contexts.rollback([own - count for own, count in zip(contexts.lengths, counts, strict=True)])

    def select(self, rows: Sequence[int]) -> None:
        """See `Contexts`."""
        for places, contexts in self._groups:
            contexts.select([row * len(places) + index for row in rows for index in range(len(places))])


def _by_prompt(rows: Sequence[Sequence[int]], voices: int) -> list[Sequence[Sequence[int]]]:
    return [rows[start : start + voices] for start in range(0, len(rows), voices)]


def _for_each(tokens: Sequence[Sequence[int]], voices: int) -> list[Sequence[int]]:
    return [row for row in tokens for _ in range(voices)]
