"""A model without weights, for tests and dry runs.

Its likelihoods come from a table of words, and its answers repeat the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from penchant.message import Message
from penchant.model.base import Candidates, Likelihood


@dataclass
class FakeModel:
    """A word of an answer has log-probability -1, or its value in `weights`, plus `follow` if the prompt has it."""

    weights: Mapping[str, float] = field(default_factory=dict)
    follow: float = 0.0
    """Added log-probability of words that are in the prompt, nats."""
    name: str = "fake"
    context: int | None = None
    calls: int = 0

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """Number of words of all turns."""
        return sum(len(message.content.split()) for message in messages)

    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """Sums of word weights."""
        self.calls += 1
        return [tuple(self._likelihood(c.messages, answer) for answer in c.answers) for c in candidates]

    def _likelihood(self, messages: Sequence[Message], answer: str) -> Likelihood:
        in_prompt = {word for message in messages for word in message.content.lower().split()}
        words = answer.lower().split()
        total = sum(self.weights.get(word, -1.0) + (self.follow if word in in_prompt else 0.0) for word in words)
        return Likelihood(total, max(1, len(words)))

    def generate(self, prompts: Sequence[Sequence[Message]], *, max_tokens: int, seed: int = 0) -> list[str]:
        """The last words of each prompt."""
        return [" ".join(prompt[-1].content.split()[-max_tokens:]) for prompt in prompts]
