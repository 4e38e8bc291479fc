"""Implicit rewards: how much likelier an answer is under a policy (the aligned model) than under its reference.

r(y) = log pi(y | prompt) - log pi_ref(y | reference prompt), summed over the answer's tokens in float64. Beta only
scales r, so it is left out. In the published metric the reference reads the history prompt, even if the policy reads
directions; with `same_prompt` it reads the policy's prompt. Source: AlignX, arXiv:2503.15463, released acc.py; Rafailov
et al. 2023, arXiv:2305.18290, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.message import Conversation
from penchant.method import METHODS, Method
from penchant.model.base import Candidates, Model
from penchant.model.budget import prompt_budget
from penchant.person import Person
from penchant.persona import Persona
from penchant.record import Record
from penchant.render import Budget, Layout, Rendered

Meet = Callable[[Record, Persona], Person]
"""Turns a record and the persona shown with it into the person that a method takes (belief, profile, corrections)."""


_PIECE = 8_192
"""So many prompts are in memory at once."""


@dataclass(frozen=True, slots=True)
class PairLikelihoods:
    """Summed log-probabilities of both answers of each record, nats, and their lengths in tokens; each (records,)."""

    chosen: NDArray[np.float64]
    rejected: NDArray[np.float64]
    chosen_tokens: NDArray[np.float64]
    rejected_tokens: NDArray[np.float64]
    dropped: int
    """Evidence items that the token budget left out, over all records."""

    def raw(self) -> NDArray[np.float64]:
        """log p(chosen) - log p(rejected)."""
        return self.chosen - self.rejected

    def per_token(self) -> NDArray[np.float64]:
        """The difference of the mean log-probabilities per token."""
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
    """Both answers of every record under one model and method; an empty persona gives the bare prompt.

    Args:
        personas: the evidence shown with each record.
    Raises:
        RecordError: the method has nothing to show for a record, or its prompt alone is beyond the budget.
    """
    logprobs = np.zeros((len(records), 2))
    tokens = np.zeros((len(records), 2))
    dropped = 0
    for rows in _pieces(records):
        some = [records[row] for row in rows]
        shown = [personas[row] for row in rows]
        rendered = prompts(model, method, some, shown, meet, layout=layout, max_prompt_tokens=max_prompt_tokens)
        asked = zip(rendered, some, strict=True)
        pairs = model.logprobs([Candidates(prompt.messages, (r.chosen, r.rejected)) for prompt, r in asked])
        logprobs[rows] = [[answer.logprob for answer in pair] for pair in pairs]
        tokens[rows] = [[answer.tokens for answer in pair] for pair in pairs]
        dropped += sum(prompt.dropped for prompt in rendered)
    return PairLikelihoods(
        chosen=logprobs[:, 0],
        rejected=logprobs[:, 1],
        chosen_tokens=tokens[:, 0],
        rejected_tokens=tokens[:, 1],
        dropped=dropped,
    )


def _pieces(records: Sequence[Record]) -> Iterator[list[int]]:
    """Rows whose prompts are in memory together; those of one person are neighbours, as they share computation."""
    people: dict[str, list[int]] = {}
    for row, record in enumerate(records):
        people.setdefault(record.person_id, []).append(row)
    rows = [row for theirs in people.values() for row in theirs]
    for start in range(0, len(rows), _PIECE):
        yield rows[start : start + _PIECE]


def prompts(
    model: Model,
    method: Method,
    records: Sequence[Record],
    personas: Sequence[Persona],
    meet: Meet,
    *,
    layout: Layout = "user_first",
    max_prompt_tokens: int | None = None,
    answer_tokens: int = 0,
) -> list[Rendered]:
    """The rendered prompt of every record under a method; it fits the model's context together with each answer.

    Args:
        max_prompt_tokens: most tokens of a prompt; None: what the context leaves.
        answer_tokens: the longest answer that will be written.
    Raises:
        RecordError: the method has nothing to show for a record, or its prompt alone is beyond the budget.
    """

    def budget(record: Record) -> Budget | None:
        answers = (record.chosen, record.rejected)
        return prompt_budget(model, answers, answer_tokens=answer_tokens, max_prompt_tokens=max_prompt_tokens)

    return [
        method.record_messages(record, meet(record, persona), layout=layout, budget=budget(record))
        for record, persona in zip(records, personas, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class ImplicitReward:
    """An aligned policy against its reference, as a `Scorer`."""

    policy: Model
    reference: Model
    method: Method
    same_prompt: bool = False
    """Whether the reference reads the policy's prompt instead of the history."""
    layout: Layout = "user_first"
    max_prompt_tokens: int | None = None

    @property
    def name(self) -> str:
        """The name of the method."""
        return self.method.name

    def score(self, person: Person, prompt: str | Conversation, answers: Sequence[str]) -> NDArray[np.float64]:
        """See `Scorer.score`: r(y) of each answer, nats, (answers,); all answers are computed in one tree.

        Raises:
            RecordError: the method cannot show the person's evidence, or the prompt alone exceeds the budget.
        """
        reference_method = self.method if self.same_prompt else METHODS["few_shot"]
        policy = self._logprobs(person, prompt, answers, model=self.policy, method=self.method)
        reference = self._logprobs(person, prompt, answers, model=self.reference, method=reference_method)
        return policy - reference

    def _logprobs(
        self, person: Person, prompt: str | Conversation, answers: Sequence[str], *, model: Model, method: Method
    ) -> NDArray[np.float64]:
        budget = prompt_budget(model, answers, max_prompt_tokens=self.max_prompt_tokens)
        messages = method.messages(person, prompt, layout=self.layout, budget=budget).messages
        (likelihoods,) = model.logprobs([Candidates(messages, tuple(answers))])
        return np.array([likelihood.logprob for likelihood in likelihoods], dtype=np.float64)
