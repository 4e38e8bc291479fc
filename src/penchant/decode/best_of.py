"""Best of n: several answers are written, and the one that suits the person best is taken.

It needs no probabilities, so that it works with every model that writes, also behind an API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ConfigError
from penchant.message import Message
from penchant.model.base import Sampling, Writes, Written

Suits = Callable[[Sequence[Message], Sequence[str]], NDArray[np.float64]]
"""(prompt, answers) -> how well each suits the person, (answers,); for instance `scorer.base.Scorer.score` of a person.
Only differences between the answers of one call have a meaning."""


@dataclass(frozen=True)
class BestOf:
    """See `model.base.Writes`.

    Raises:
        ConfigError: fewer than two candidates.
    """

    writer: Writes
    suits: Suits
    candidates: int = 4
    name: str = "best_of"

    def __post_init__(self) -> None:
        if self.candidates < 2:
            raise ConfigError(f"`candidates` is {self.candidates}; give at least 2 to choose from")

    def write(self, prompts: Sequence[Sequence[Message]], settings: Sampling) -> list[Written]:
        """See `Writes.write`. `answer_tokens` counts the answer that is taken only; of equal scores the first wins.

        Raises:
            ConfigError: the temperature is 0, so that all candidates would be equal.
        """
        if settings.temperature == 0:
            raise ConfigError("at `temperature` 0 all candidates are equal; give a temperature above 0")
        seeds = [settings.seed * self.candidates + number for number in range(self.candidates)]
        drawn = [self.writer.write(prompts, replace(settings, seed=seed)) for seed in seeds]
        return [self._best(prompt, answers) for prompt, answers in zip(prompts, zip(*drawn, strict=True), strict=True)]

    def stream(self, prompt: Sequence[Message], settings: Sampling) -> Iterator[str | Written]:
        """See `Writes.stream`; the answer comes whole."""
        (written,) = self.write([prompt], settings)
        yield written.text
        yield written

    def _best(self, prompt: Sequence[Message], answers: Sequence[Written]) -> Written:
        distinct = list(dict.fromkeys(answer.text for answer in answers))
        scores = dict(zip(distinct, self.suits(prompt, distinct), strict=True))
        return max(answers, key=lambda answer: scores[answer.text])
