"""A model with a cache of likelihoods, for evaluations that repeat the same prompts.

The cache stores digests of prompts and answers with their likelihoods, never a text. Measure times without the cache,
see `uncached`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from penchant.message import Message, as_dicts
from penchant.model.base import Candidates, Likelihood, Model, Sampling, Written


@dataclass
class CachedModel:
    """Wraps a model and caches its likelihoods; written answers are not cached."""

    model: Model
    likelihoods: dict[bytes, tuple[Likelihood, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """See `Model`."""
        return self.model.name

    @property
    def context(self) -> int | None:
        """See `Model`."""
        return self.model.context

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """See `Model`."""
        return self.model.count(messages, enough=enough)

    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """See `Model`; only candidates that are not cached go to the wrapped model, in order."""
        keys = [_digest(prompt) for prompt in candidates]
        new = {key: prompt for key, prompt in zip(keys, candidates, strict=True) if key not in self.likelihoods}
        if new:
            self.likelihoods.update(zip(new, self.model.logprobs(list(new.values())), strict=True))
        return [self.likelihoods[key] for key in keys]

    def write(self, prompts: Sequence[Sequence[Message]], settings: Sampling) -> list[Written]:
        """See `Model`."""
        return self.model.write(prompts, settings)

    def stream(self, prompt: Sequence[Message], settings: Sampling) -> Iterator[str | Written]:
        """See `Model`."""
        return self.model.stream(prompt, settings)


def uncached(model: Model) -> Model:
    """The wrapped model of a `CachedModel`; any other model as it is."""
    return model.model if isinstance(model, CachedModel) else model


def _digest(candidates: Candidates) -> bytes:
    content = json.dumps([as_dicts(candidates.messages), candidates.answers])
    return hashlib.blake2b(content.encode(), digest_size=16).digest()
