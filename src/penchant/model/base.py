"""The interface of a language model, in three parts: it writes, it scores, and it steps token by token.

Library code names the parts that it needs; the command line chooses the implementation. Nothing here knows tensors:
log-probabilities are numpy arrays.

Shapes: B contexts, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ConfigError
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


@dataclass(frozen=True, slots=True)
class Sampling:
    """How answers are drawn.

    Raises:
        ConfigError: a value is out of its range.
    """

    temperature: float = 0.7
    """Logits are divided by it; 0 takes the likeliest token (greedy)."""
    top_p: float = 0.9
    """Draws among the likeliest tokens whose probabilities sum to this, in (0, 1]; 1 draws among all."""
    top_k: int = 0
    """Draws among this many likeliest tokens; 0 draws among all."""
    max_tokens: int = 256
    """Tokens of an answer, at most, its end of turn included."""
    stop: tuple[str, ...] = ()
    """Texts that end an answer; the answer ends before the text."""
    seed: int = 0

    def __post_init__(self) -> None:
        limits = {
            "temperature": (self.temperature >= 0, "at least 0"),
            "top_p": (0 < self.top_p <= 1, "in (0, 1]"),
            "top_k": (self.top_k >= 0, "at least 0"),
            "max_tokens": (self.max_tokens >= 1, "at least 1"),
            "seed": (self.seed >= 0, "at least 0"),
        }
        for name, (valid, limit) in limits.items():
            if not valid:
                raise ConfigError(f"`{name}` is {getattr(self, name)}; it must be {limit}")
        if isinstance(self.stop, str) or not all(self.stop):
            raise ConfigError("`stop` must be a tuple of texts that are not empty")


@dataclass(frozen=True, slots=True)
class Written:
    """An answer that a model wrote."""

    text: str
    """Without white space at both ends, special tokens and the stop text."""
    prompt_tokens: int
    answer_tokens: int
    """Number of tokens that were drawn, with the end of turn or the stop text."""
    finish: Literal["stop", "length"]
    """`stop`: the model ended its turn, or wrote a stop text. `length`: no tokens were left."""


class Writes(Protocol):
    """A model that writes answers to chat messages."""

    @property
    def name(self) -> str:
        """The model's name in tables."""
        ...

    def write(self, prompts: Sequence[Sequence[Message]], settings: Sampling) -> list[Written]:
        """One answer per prompt, in order.

        An answer depends on its prompt and the settings, not on the other prompts of the call; equal prompts get equal
        answers. Another seed gives another sample.

        Raises:
            ModelError: a prompt is longer than the model's context.
        """
        ...

    def stream(self, prompt: Sequence[Message], settings: Sampling) -> Iterator[str | Written]:
        """The pieces of one answer as they are written, then the answer.

        The pieces joined are the answer's text. No piece holds half a character, or text that may yet turn out to be a
        stop text.
        """
        ...


class Scores(Protocol):
    """A model that computes how likely existing answers are."""

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
            enough: if an upper bound is at most `enough`, it is returned without tokenising.
        """
        ...

    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """One likelihood per answer, in order. Prompts with a common beginning may be computed together."""
        ...


class Contexts(Protocol):
    """Token sequences that grow together; each starts as a prompt. Every method changes or reads all of them at once.

    What is computed of one context never depends on the others.
    """

    @property
    def lengths(self) -> tuple[int, ...]:
        """Number of tokens of each context."""
        ...

    @property
    def tokens(self) -> Sequence[Sequence[int]]:
        """The token ids of each context; they change when it grows."""
        ...

    def next_logprobs(self) -> NDArray[np.float32]:
        """log p of the next token of each context, nats, (B, V). The caller may change the array."""
        ...

    def append(self, tokens: Sequence[Sequence[int]]) -> None:
        """Appends tokens to each context, none or many."""
        ...

    def verify(self, tokens: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Appends tokens; log p of what follows each of them, nats, (number of tokens of the row, V) per context.

        With a draft of another model: row i - 1 judges token i, and `next_logprobs` from before judges token 0.
        """
        ...

    def rollback(self, lengths: Sequence[int]) -> None:
        """Forgets the tokens beyond these lengths, at least 1 each."""
        ...

    def select(self, rows: Sequence[int]) -> None:
        """Keeps these contexts, in this order; one may be named several times, and then grows several ways."""
        ...


class Steps(Protocol):
    """A model that gives next-token probabilities, for decoders."""

    @property
    def ends(self) -> frozenset[int]:
        """Ids of the tokens that end an answer."""
        ...

    @property
    def context(self) -> int | None:
        """Number of tokens that a context may hold; None if there is no limit."""
        ...

    @property
    def vocabulary(self) -> str:
        """A digest of the tokens with their ids; models with equal ones can be combined token by token."""
        ...

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """See `Scores.count`."""
        ...

    def answer_ids(self, prompt: Sequence[Message], answers: Sequence[str]) -> Sequence[Sequence[int]]:
        """The token ids of each answer to a prompt, with its end of turn."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without special tokens; U+FFFD stands for incomplete characters."""
        ...

    def open(self, prompts: Sequence[Sequence[Message]], *, room: int = 0) -> Contexts:
        """Contexts that hold the prompts, each with the opening of the answer's turn.

        Args:
            room: number of tokens that are likely to be appended to each.
        """
        ...


class Model(Writes, Scores, Protocol):
    """A language model that answers chat messages, and scores answers."""


class SteppingModel(Model, Steps, Protocol):
    """A language model that also gives next-token probabilities, as those on this machine do."""
