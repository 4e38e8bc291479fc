"""Implicit rewards: how much likelier a model finds an answer than its reference does.

r(y) = log pi(y | prompt) - log pi_ref(y | reference prompt), summed over the answer's tokens in float64 (beta only
scales it, so it is left out of comparisons). The published metric gives the reference the history prompt, also when
the policy saw directions; `same_prompt` gives it the policy's own. Source: AlignX, arXiv:2503.15463, released acc.py;
Rafailov et al. 2023, arXiv:2305.18290, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.method import METHODS, Method
from penchant.model.base import Candidates, Model
from penchant.person import Person
from penchant.persona import Persona
from penchant.record import Record
from penchant.render import Budget, Layout, Rendered

Meet = Callable[[Record, Persona], Person]
"""Turns a record's shown persona into the person a method takes (belief, golden profile, corrections)."""


@dataclass(frozen=True, slots=True)
class PairLikelihoods:
    """Summed log-probabilities of both answers of some records, nats, and their lengths in tokens; each (records,)."""

    chosen: NDArray[np.float64]
    rejected: NDArray[np.float64]
    chosen_tokens: NDArray[np.float64]
    rejected_tokens: NDArray[np.float64]
    dropped: int
    """Items of evidence that the token budget left out, over all records."""

    def raw(self) -> NDArray[np.float64]:
        """log p(chosen) - log p(rejected)."""
        return self.chosen - self.rejected

    def per_token(self) -> NDArray[np.float64]:
        """The same with each answer's mean over its tokens."""
        return self.chosen / self.chosen_tokens - self.rejected / self.rejected_tokens


def pair_likelihoods(
    model: Model,
    method: Method,
    records: Sequence[Record],
    personas: Sequence[Persona],
    meet: Meet,
    *,
    layout: Layout = "user_first",
    max_prompt_tokens: int | None = None,
) -> PairLikelihoods:
    """Both answers of every record under one model and method; an empty persona is rendered as no person at all.

    Raises:
        RecordError: the method has nothing to show for a record, or its task alone is beyond the budget.
    """
    rendered = prompts(model, method, records, personas, meet, layout=layout, max_prompt_tokens=max_prompt_tokens)
    pairs = model.logprobs(
        [Candidates(r.messages, (record.chosen, record.rejected)) for r, record in zip(rendered, records, strict=True)]
    )
    table = np.array([[c.logprob, j.logprob, c.tokens, j.tokens] for c, j in pairs], dtype=np.float64).reshape(-1, 4)
    dropped = sum(r.dropped for r in rendered)
    return PairLikelihoods(table[:, 0], table[:, 1], table[:, 2], table[:, 3], dropped)


def prompts(
    model: Model,
    method: Method,
    records: Sequence[Record],
    personas: Sequence[Persona],
    meet: Meet,
    *,
    layout: Layout = "user_first",
    max_prompt_tokens: int | None = None,
) -> list[Rendered]:
    """What a method shows a model for every record.

    Raises:
        RecordError: as `pair_likelihoods`.
    """
    budget = Budget(max_prompt_tokens, model.count) if max_prompt_tokens is not None else None

    return [
        method.record_messages(record, meet(record, persona), layout=layout, budget=budget)
        for record, persona in zip(records, personas, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class ImplicitReward:
    """An aligned policy against its reference, as a `Scorer`."""

    policy: Model
    reference: Model
    method: Method
    same_prompt: bool = False
    """Whether the reference reads the policy's own prompt instead of the history."""
    layout: Layout = "user_first"
    max_prompt_tokens: int | None = None

    @property
    def name(self) -> str:
        """The name of the method."""
        return self.method.name

    def score(self, person: Person, prompt: str, answers: Sequence[str]) -> NDArray[np.float64]:
        """See `Scorer.score`: r(y) of each answer, nats, (answers,); all answers are computed in one tree.

        Raises:
            RecordError: the method cannot show the person's evidence, or the prompt alone exceeds the budget.
        """
        reads_history = self.method if self.same_prompt else METHODS["few_shot"]
        ours = self._logprobs(self.policy, self.method, person, prompt, answers)
        return ours - self._logprobs(self.reference, reads_history, person, prompt, answers)

    def _logprobs(
        self, model: Model, method: Method, person: Person, prompt: str, answers: Sequence[str]
    ) -> NDArray[np.float64]:
        budget = Budget(self.max_prompt_tokens, model.count) if self.max_prompt_tokens is not None else None
        messages = method.messages(person, prompt, layout=self.layout, budget=budget).messages
        (likelihoods,) = model.logprobs([Candidates(messages, tuple(answers))])
        return np.array([likelihood.logprob for likelihood in likelihoods], dtype=np.float64)
