"""A toy model: four tokens, probabilities by a table that depends on the prompt and on all tokens so far."""

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from penchant.errors import ConfigError

VOCABULARY = 4
END = 3


def logprobs(prompt: str, tokens: Sequence[int]) -> np.ndarray:
    """log p of the next token, float32: what the toy model is defined by. What follows a # in a prompt is ignored."""
    return _table(prompt.partition("#")[0], tuple(tokens)).copy()


@cache
def _table(prompt: str, tokens: tuple[int, ...]) -> np.ndarray:
    seed = hashlib.blake2b(f"{prompt}|{tokens}".encode(), digest_size=8).digest()
    weights = np.random.default_rng(int.from_bytes(seed)).dirichlet(np.ones(VOCABULARY))
    return np.log(weights).astype(np.float32)


class ToySteps:
    """See `model.base.Steps`."""

    ends = frozenset({END})
    context: int | None = None

    vocabulary = "toy"

    def count(self, messages, *, enough: int = 0) -> int:
        return len(messages[-1].content)

    def answer_ids(self, prompt, answers) -> list[list[int]]:
        return [[*("abc".index(letter) for letter in answer), END] for answer in answers]

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join("abc"[token] for token in tokens if token != END)

    def open(self, prompts, *, room: int = 0) -> "ToyContexts":
        return ToyContexts([prompt[-1].content for prompt in prompts])


class ToyContexts:
    """See `model.base.Contexts`; a context begins with as many tokens as its prompt has letters."""

    def __init__(self, prompts: list[str]) -> None:
        self.prompts = prompts
        self.rows: list[list[int]] = [[] for _ in prompts]

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(len(prompt) + len(row) for prompt, row in zip(self.prompts, self.rows, strict=True))

    @property
    def tokens(self) -> list[list[int]]:
        return [[*map(ord, prompt), *row] for prompt, row in zip(self.prompts, self.rows, strict=True)]

    def next_logprobs(self) -> np.ndarray:
        return np.stack([logprobs(prompt, row) for prompt, row in zip(self.prompts, self.rows, strict=True)])

    def append(self, tokens) -> None:
        for row, new in zip(self.rows, tokens, strict=True):
            row.extend(new)

    def verify(self, tokens) -> list[np.ndarray]:
        before = list(map(len, self.rows))
        self.append(tokens)
        return [
            np.array([logprobs(prompt, row[: place + 1]) for place in range(start, len(row))]).reshape(-1, VOCABULARY)
            for prompt, row, start in zip(self.prompts, self.rows, before, strict=True)
        ]

    def rollback(self, lengths) -> None:
        for prompt, row, length in zip(self.prompts, self.rows, lengths, strict=True):
            if length < len(prompt):
                raise ConfigError("into the prompt")
            del row[length - len(prompt) :]

    def select(self, rows) -> None:
        self.prompts = [self.prompts[row] for row in rows]
        self.rows = [list(self.rows[row]) for row in rows]


@pytest.fixture
def steps() -> ToySteps:
    return ToySteps()
