"""Reweights the likeliest next tokens: each is tried, and a scorer says how well the longer text suits the person.

p(x) is proportional to p_model(x) exp(weight * score(text so far + x)), over the likeliest tokens of the model; the
others have probability 0. The score may be that of any scorer, such as the encoder scorer. This is the classifier of
language model arithmetic (Dekoninck et al. 2024, arXiv:2311.14479), which also looks at the likeliest tokens only. Each
token costs as many readings of the text as there are tokens to weigh.

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.decode.base import Decoder
from penchant.decode.best_of import Suits
from penchant.decode.formulas import normalised
from penchant.errors import ConfigError
from penchant.message import Message
from penchant.model.base import Contexts, Steps


@dataclass(frozen=True)
class Classified(Decoder):
    """A model whose next tokens are reweighted by a scorer; tokens that are not tried have probability 0.

    Raises:
        ConfigError: a weight that is not finite, or nothing to weigh.
    """

    steps: Steps
    suits: Suits
    weight: float = 1.0
    """0 is the model alone on its likeliest tokens."""
    among: int = 16
    """Number of likeliest tokens that are tried."""
    name: str = "classified"

    def __post_init__(self) -> None:
        if not np.isfinite(self.weight):
            raise ConfigError(f"`weight` is {self.weight}; give a finite number")
        if self.among < 1:
            raise ConfigError(f"`among` is {self.among}; at least 1 token is weighed")

    def open(self, prompts: Sequence[Sequence[Message]], *, room: int = 0) -> ClassifiedContexts:
        """See `Steps.open`."""
        return ClassifiedContexts(self, self.steps.open(prompts, room=room), prompts)


class ClassifiedContexts:
    """See `model.base.Contexts`."""

    def __init__(self, model: Classified, contexts: Contexts, prompts: Sequence[Sequence[Message]]) -> None:
        self._model = model
        self._contexts = contexts
        self._prompts = list(prompts)
        self._starts = list(contexts.lengths)

    @property
    def lengths(self) -> tuple[int, ...]:
        """See `Contexts`."""
        return self._contexts.lengths

    @property
    def tokens(self) -> Sequence[Sequence[int]]:
        """See `Contexts`."""
        return self._contexts.tokens

    def next_logprobs(self) -> NDArray[np.float32]:
        """See `Contexts`."""
        logprobs = self._contexts.next_logprobs()
        rows = [self._weighed(row, row_V, tokens) for row, (row_V, tokens) in enumerate(self._with_answers(logprobs))]
        return np.array(rows, dtype=np.float32)

    def append(self, tokens: Sequence[Sequence[int]]) -> None:
        """See `Contexts`."""
        self._contexts.append(tokens)

    def verify(self, tokens: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """See `Contexts`."""
        results = []
        verified = self._contexts.verify(tokens)
        for row, (logprobs, answer) in enumerate(self._with_answers(verified)):
            ends = range(len(answer) - len(logprobs) + 1, len(answer) + 1)
            rows = [self._weighed(row, row_V, answer[:end]) for row_V, end in zip(logprobs, ends, strict=True)]
            results.append(np.array(rows, dtype=np.float32).reshape(logprobs.shape))
        return results

    def rollback(self, lengths: Sequence[int]) -> None:
        """See `Contexts`."""
        self._contexts.rollback(lengths)

    def select(self, rows: Sequence[int]) -> None:
        """See `Contexts`."""
        self._contexts.select(rows)
        self._prompts = [self._prompts[row] for row in rows]
        self._starts = [self._starts[row] for row in rows]

    def _with_answers(
        self, logprobs: Sequence[NDArray[np.float32]] | NDArray[np.float32]
    ) -> Iterator[tuple[NDArray[np.float32], Sequence[int]]]:
        """What was computed of each row, and the tokens of its answer so far."""
        for row_V, tokens, start in zip(logprobs, self._contexts.tokens, self._starts, strict=True):
            yield row_V, tokens[start:]

    def _weighed(self, row: int, logprobs_V: NDArray[np.float32], answer: Sequence[int]) -> NDArray[np.float64]:
        """log p after a text, (V,)."""
        steps, among = self._model.steps, min(self._model.among, len(logprobs_V))
        ids = np.sort(np.argpartition(logprobs_V, -among)[-among:])
        texts = [steps.decode(answer if token in steps.ends else [*answer, token]) for token in ids.tolist()]
        distinct = list(dict.fromkeys(texts))
        scores = dict(zip(distinct, self._model.suits(self._prompts[row], distinct), strict=True))
        weighed_V = np.full(len(logprobs_V), -np.inf)
        weighed_V[ids] = logprobs_V[ids] + self._model.weight * np.array([scores[text] for text in texts])
        return normalised(weighed_V)
