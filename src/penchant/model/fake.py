"""A model without weights, for tests and dry runs.

Its likelihoods come from a table of words. Its next word is nearly always the next one of the prompt's last turn, so
that its answers repeat that turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ConfigError
from penchant.message import Message
from penchant.model.base import Candidates, Likelihood, Sampling, Written
from penchant.model.write import stream, write

_END = 0
_VOCABULARY = 1000
_SURE, _UNSURE = 0.95, 0.6
"""Probability of the next word of the turn: after a word of the turn, and after any other."""


@dataclass
class FakeModel:
    """A word of an answer has log-probability -1, or its value in `weights`, plus `follow` if the prompt has it."""

    weights: Mapping[str, float] = field(default_factory=dict)
    follow: float = 0.0
    """Added log-probability of words that are in the prompt, bare or in quotation marks, nats."""
    name: str = "fake"
    context: int | None = None
    """See `Steps.context`."""
    calls: int = 0
    words: dict[str, int] = field(default_factory=lambda: {"": _END})
    """The vocabulary: word -> id, in order of appearance, at most `_VOCABULARY`."""

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """Number of words of all turns."""
        return sum(len(message.content.split()) for message in messages)

    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """Sums of word weights."""
        self.calls += 1
        return [tuple(self._likelihood(c.messages, answer) for answer in c.answers) for c in candidates]

    def _likelihood(self, messages: Sequence[Message], answer: str) -> Likelihood:
        in_prompt = {word.strip('"') for message in messages for word in message.content.lower().split()}
        words = answer.lower().split()
        total = sum(self.weights.get(word, -1.0) + (self.follow if word in in_prompt else 0.0) for word in words)
        return Likelihood(total, max(1, len(words)))

    def write(self, prompts: Sequence[Sequence[Message]], settings: Sampling) -> list[Written]:
        """See `Writes`; by default the first words of each prompt's last turn."""
        return write(self, prompts, settings, rows=4)

    def stream(self, prompt: Sequence[Message], settings: Sampling) -> Iterator[str | Written]:
        """See `Writes`."""
        return stream(self, prompt, settings)

    @property
    def ends(self) -> frozenset[int]:
        """See `Steps`."""
        return frozenset({_END})

    def decode(self, tokens: Sequence[int]) -> str:
        """Words with spaces between them."""
        words = list(self.words)
        return " ".join(words[token] if token < len(words) else f"word{token}" for token in tokens if token != _END)

    @property
    def vocabulary(self) -> str:
        """See `Steps`; ids are given in the order in which words are met."""
        return f"fake {id(self.words)}"

    def answer_ids(self, prompt: Sequence[Message], answers: Sequence[str]) -> Sequence[Sequence[int]]:
        """See `Steps`."""
        return [[*(self._id(word) for word in answer.split()), _END] for answer in answers]

    def open(self, prompts: Sequence[Sequence[Message]], *, room: int = 0) -> FakeContexts:
        """See `Steps`."""
        return FakeContexts(
            [[self._id(word) for m in p for word in m.content.split()] for p in prompts],
            [[self._id(word) for word in p[-1].content.split()] for p in prompts],
        )

    def _id(self, word: str) -> int:
        return self.words.setdefault(word, len(self.words))


class FakeContexts:
    """See `Contexts`: lists of word ids."""

    def __init__(self, rows: list[list[int]], turns: list[list[int]]) -> None:
        self.rows = rows
        self._turns = turns
        self._starts = list(map(len, rows))

    @property
    def lengths(self) -> tuple[int, ...]:
        """See `Contexts`."""
        return tuple(map(len, self.rows))

    @property
    def tokens(self) -> Sequence[Sequence[int]]:
        """See `Contexts`."""
        return self.rows

    def next_logprobs(self) -> NDArray[np.float32]:
        """See `Contexts`."""
        rows = [self._next(index, len(row)) for index, row in enumerate(self.rows)]
        return np.array(rows, dtype=np.float32).reshape(-1, _VOCABULARY)

    def _next(self, index: int, length: int) -> NDArray[np.float32]:
        """log p of the token at a position of a row."""
        turn, last = self._turns[index], self.rows[index][length - 1]
        answered = max(0, length - self._starts[index])
        favourite = turn[answered] if answered < len(turn) else _END
        sure = _SURE if last in turn else _UNSURE
        probabilities = np.full(_VOCABULARY, (1 - sure) / (_VOCABULARY - 1))
        probabilities[favourite] = sure
        logprobs: NDArray[np.float32] = np.log(probabilities).astype(np.float32)
        return logprobs

    def append(self, tokens: Sequence[Sequence[int]]) -> None:
        """See `Contexts`."""
        for row, new in zip(self.rows, tokens, strict=True):
            row.extend(new)

    def verify(self, tokens: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """See `Contexts`."""
        before = self.lengths
        self.append(tokens)
        return [
            np.array(
                [self._next(index, length) for length in range(start + 1, len(row) + 1)], dtype=np.float32
            ).reshape(-1, _VOCABULARY)
            for index, (start, row) in enumerate(zip(before, self.rows, strict=True))
        ]

    def rollback(self, lengths: Sequence[int]) -> None:
        """See `Contexts`."""
        for row, length in zip(self.rows, lengths, strict=True):
            if not 1 <= length <= len(row):
                raise ConfigError(f"a row of {len(row)} tokens cannot be rolled back to {length}")
            del row[length:]

    def select(self, rows: Sequence[int]) -> None:
        """See `Contexts`."""
        self.rows = [list(self.rows[row]) for row in rows]
        self._turns = [self._turns[row] for row in rows]
        self._starts = [self._starts[row] for row in rows]
