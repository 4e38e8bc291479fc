"""How the probabilities of several voices become one: pure functions over log-probabilities.

A voice is a model under one prompt, such as the prompt alone or the prompt with notes about a person.

Shapes: K voices, V vocabulary; any axes may stand between them, such as positions.

- `mixture`: p = sum of w_k p_k. Each token is drawn from one voice, by the weights.
- `product`: log p = sum of a_k log p_k, normalised (product of experts, Hinton 2002). Powers below 0 steer away.
- `guidance`: log p = log p_0 + s (log p_1 - log p_0), normalised: classifier-free guidance for text (Sanchez et al.
  2023). Strength 0 is voice 0 exactly, 1 is voice 1 exactly, above 1 goes further than the notes do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ConfigError

Formula = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""log p of each voice, nats, (K, ..., V) -> log p, (..., V)."""


def mixture(weights_K: Sequence[float]) -> Formula:
    """The weighted mean of the voices' probabilities.

    Raises:
        ConfigError: a weight is negative, or they do not sum to 1.
    """
    if min(weights_K) < 0 or abs(sum(weights_K) - 1) > 1e-9:
        raise ConfigError(f"`weights` {list(weights_K)}: give numbers of at least 0 that sum to 1")
    if 1 in weights_K:
        return _unchanged(list(weights_K).index(1))

    def combined(logprobs: NDArray[np.float64]) -> NDArray[np.float64]:
        _require(logprobs, len(weights_K))
        parts = [np.log(weight) + logprobs[voice] for voice, weight in enumerate(weights_K) if weight]
        return np.asarray(np.logaddexp.reduce(parts))

    return combined


def product(powers_K: Sequence[float]) -> Formula:
    """The normalised product of the voices' probabilities, each to its power.

    A token that a voice rules out stays ruled out, also under a power below 0.

    Raises:
        ConfigError: a power is not finite, or all are 0.
    """
    if not np.isfinite(powers_K).all() or not any(powers_K):
        raise ConfigError(f"`powers` {list(powers_K)}: give finite numbers that are not all 0")
    used = [(voice, power) for voice, power in enumerate(powers_K) if power]
    if len(used) == 1 and used[0][1] == 1:
        return _unchanged(used[0][0])

    def combined(logprobs: NDArray[np.float64]) -> NDArray[np.float64]:
        _require(logprobs, len(powers_K))
        impossible = np.zeros(logprobs.shape[1:], dtype=bool)
        total = np.zeros(logprobs.shape[1:])
        for voice, power in used:
            ruled_out = np.isneginf(logprobs[voice])
            impossible |= ruled_out
            total += power * np.where(ruled_out, 0.0, logprobs[voice])
        return normalised(np.where(impossible, -np.inf, total))

    return combined


def guidance(strength: float) -> Formula:
    """Voice 1 over voice 0, with a strength: 0 is voice 0, 1 is voice 1.

    Raises:
        ConfigError: the strength is not finite.
    """
    if not np.isfinite(strength):
        raise ConfigError(f"`strength` is {strength}; give a finite number, 0 for none")
    return product((1 - strength, strength))


def _unchanged(voice: int) -> Formula:
    """One voice as it is, to the last bit."""
    return lambda logprobs: logprobs[voice]


def _require(logprobs: NDArray[np.float64], voices: int) -> None:
    if len(logprobs) != voices:
        raise ConfigError(f"the formula is over {voices} voices, and there are {len(logprobs)}")


def normalised(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-probabilities that are proportional to exp(logits) along the last axis."""
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True))
