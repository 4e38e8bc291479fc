"""The seam to a language model. Callers hold a `Model`; which one is behind it is decided at the edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from penchant.render import Message


@dataclass(frozen=True, slots=True)
class Candidates:
    """One prompt with the answers whose likelihood is asked for."""

    messages: tuple[Message, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely a model finds one answer."""

    logprob: float
    """Sum over the answer's tokens, end of turn included, nats, float64."""
    tokens: int
    """Number of those tokens, at least 1."""


class Model(Protocol):
    """A language model that answers chat messages."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt as this model reads it, the opening of the answer included."""
        ...

    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """One likelihood per answer, in the order given. What begins alike is computed together."""
        ...

    def generate(self, prompts: Sequence[Sequence[Message]], *, max_tokens: int, seed: int = 0) -> list[str]:
        """One sampled answer per prompt; the same seed gives the same answers on the same machine."""
        ...
