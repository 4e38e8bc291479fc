"""A decoder wraps a model that steps. It says in `open` how tokens are combined; writing and scoring are done here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from penchant.message import Message
from penchant.model.base import Candidates, Contexts, Likelihood, Sampling, Steps, Written
from penchant.model.lookup import DRAFTS
from penchant.model.stepwise import likelihoods
from penchant.model.write import stream, write

_ROWS = 8
"""Answers that are written at once, at most."""


class Decoder(ABC):
    """See `model.base.SteppingModel`. A subclass has `steps` and `name`, and says what `open` opens."""

    if TYPE_CHECKING:

        @property
        def steps(self) -> Steps:
            """The model beneath."""
            ...

        @property
        def name(self) -> str:
            """The name in tables."""
            ...

    @property
    def ends(self) -> frozenset[int]:
        """See `Steps.ends`."""
        return self.steps.ends

    @property
    def vocabulary(self) -> str:
        """See `Steps.vocabulary`."""
        return self.steps.vocabulary

    @property
    def context(self) -> int | None:
        """See `Steps.context`."""
        return self.steps.context

    def decode(self, tokens: Sequence[int]) -> str:
        """See `Steps.decode`."""
        return self.steps.decode(tokens)

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """See `Scores.count`."""
        return self.steps.count(messages, enough=enough)

    def answer_ids(self, prompt: Sequence[Message], answers: Sequence[str]) -> Sequence[Sequence[int]]:
        """See `Steps.answer_ids`."""
        return self.steps.answer_ids(prompt, answers)

    @abstractmethod
    def open(self, prompts: Sequence[Sequence[Message]], *, room: int = 0) -> Contexts:
        """See `Steps.open`."""

    def write(self, prompts: Sequence[Sequence[Message]], settings: Sampling) -> list[Written]:
        """See `Writes.write`."""
        return write(self, prompts, settings, rows=_ROWS)

    def stream(self, prompt: Sequence[Message], settings: Sampling) -> Iterator[str | Written]:
        """See `Writes.stream`; tokens are looked up and verified several at once, see `model.lookup`."""
        return stream(self, prompt, settings, drafts=DRAFTS)

    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """See `Scores.logprobs`."""
        return likelihoods(self, candidates)
