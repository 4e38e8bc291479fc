"""A model that is asked each question once, for measurements that meet the same prompts again and again.

Kept are digests of questions and the numbers answered, never a prompt. Not for timings: ask `uncached` for those.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from penchant.model.base import Candidates, Likelihood, Model
from penchant.render import Message


@dataclass
class CachedModel:
    """Another model, with all of its likelihoods so far; what it writes is not kept."""

    model: Model
    known: dict[bytes, tuple[Likelihood, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """See `Model`."""
        return self.model.name

    def count(self, messages: Sequence[Message]) -> int:
        """See `Model`."""
        return self.model.count(messages)

    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """See `Model`; only what was never asked before goes to the model, in the order given."""
        keys = [_digest(one) for one in candidates]
        new = {key: one for key, one in zip(keys, candidates, strict=True) if key not in self.known}
        if new:
            self.known.update(zip(new, self.model.logprobs(list(new.values())), strict=True))
        return [self.known[key] for key in keys]

    def generate(self, prompts: Sequence[Sequence[Message]], *, max_tokens: int, seed: int = 0) -> list[str]:
        """See `Model`."""
        return self.model.generate(prompts, max_tokens=max_tokens, seed=seed)


def uncached(model: Model) -> Model:
    """The model itself, without what is remembered of it."""
    return model.model if isinstance(model, CachedModel) else model


def _digest(asked: Candidates) -> bytes:
    return hashlib.blake2b(json.dumps([asked.messages, asked.answers]).encode(), digest_size=16).digest()
