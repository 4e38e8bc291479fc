"""The interface of a language model. Library code takes a `Model`; the command line chooses the implementation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from penchant.message import Message


@dataclass(frozen=True, slots=True)
class Candidates:
    """One prompt, and the answers to compute likelihoods for."""

    messages: tuple[Message, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Likelihood of one answer under a model."""

    logprob: float
    """Summed log-probability of the answer's tokens and its end of turn, nats, float64."""
    tokens: int
    """Number of those tokens, at least 1."""


class Model(Protocol):
    """A language model that answers chat messages."""

    @property
    def name(self) -> str:
        """The model's name in tables."""
        ...

    @property
    def context(self) -> int | None:
        """The most tokens of a prompt with its answer; None where there is no limit."""
        ...

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """Number of tokens of the prompt, including the opening of the answer's turn.

        Args:
            enough: a bound up to this number may stand for the count itself, as it costs no tokenising.
        """
        ...

    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """One likelihood per answer, in order. Prompts with a common beginning may be computed together."""
        ...

    def generate(self, prompts: Sequence[Sequence[Message]], *, max_tokens: int, seed: int = 0) -> list[str]:
        """Samples one answer per prompt; the same seed gives the same answers on the same machine."""
        ...
