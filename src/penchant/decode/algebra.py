"""An algebra of voices: sums, differences, unions and intersections of what several voices say of the next token.

A term is a score of every token, such as log p of one voice. `formula` makes a distribution of it: p is proportional to
exp(score). So `voice(0) + 1.5 * (voice(1) - voice(0))` is guidance of strength 1.5. A voice may rule a token out; a
term that needs this voice then has no score for the token. A token without a score has probability 0.

Source: Dekoninck et al. 2024, Controlled text generation via language model arithmetic, arXiv:2311.14479: a union takes
the larger score of each token and an intersection the smaller one. A term of a classifier needs the text and not only
the voices; it is `decode.classified`.

Shapes: K voices, V vocabulary; any axes may stand between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.decode.formulas import Formula, normalised
from penchant.errors import ConfigError


@dataclass(frozen=True)
class Term:
    """A score of every token."""

    scores: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """log p of each voice, nats, (K, ..., V) -> a score of each token, (..., V); not finite where there is none."""

    def __add__(self, other: Term) -> Term:
        return Term(lambda voices: self.scores(voices) + other.scores(voices))

    def __sub__(self, other: Term) -> Term:
        return self + -1.0 * other

    def __mul__(self, weight: float) -> Term:
        if not np.isfinite(weight):
            raise ConfigError(f"a weight is {weight}; give a finite number")
        return Term(lambda voices: weight * self.scores(voices)) if weight else Term(lambda voices: 0.0 * voices[0])

    __rmul__ = __mul__


def voice(number: int) -> Term:
    """log p of one voice.

    Raises:
        ConfigError: there is no such voice.
    """

    def scores(voices: NDArray[np.float64]) -> NDArray[np.float64]:
        if not 0 <= number < len(voices):
            raise ConfigError(f"the formula names voice {number}, and there are {len(voices)}, from 0")
        return np.asarray(voices[number])

    return Term(scores)


def union(*terms: Term) -> Term:
    """What any of the terms wants: the largest score of each token, among the terms that score it."""
    return Term(lambda voices: np.maximum.reduce([_scored(term, voices) for term in terms]))


def intersection(*terms: Term) -> Term:
    """What all of the terms want: the smallest score of each token that all of them score."""
    return Term(lambda voices: np.minimum.reduce([_scored(term, voices) for term in terms]))


def plausible(term: Term, share: float) -> Term:
    """A term without the tokens that are less likely than a share of its likeliest token.

    Source: Li et al. 2023, Contrastive decoding, arXiv:2210.15097.

    Raises:
        ConfigError: the share is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise ConfigError(f"`share` is {share}; give a number above 0 and at most 1")

    def scores(voices: NDArray[np.float64]) -> NDArray[np.float64]:
        own = _scored(term, voices)
        return np.where(own >= own.max(axis=-1, keepdims=True) + np.log(share), own, -np.inf)

    return Term(scores)


def expert_less_amateur(strength: float, *, share: float = 0.1) -> Formula:
    """Guidance of strength 1 + s, among the tokens that are plausible to the expert, voice 1.

    log p = log p_1 + s (log p_1 - log p_0), normalised over the tokens whose p_1 is at least a share of the largest
    p_1. Voice 0 is the amateur. CoPe (arXiv:2506.12109) takes a person's own adapter as expert and the base as amateur;
    here the expert may also be the same model with notes about the person. Strength 0 is the expert on its plausible
    tokens.
    """
    expert, amateur = voice(1), voice(0)
    return formula(plausible(expert, share) + strength * (expert - amateur))


def formula(term: Term) -> Formula:
    """The distribution that is proportional to exp(score)."""
    return lambda voices: normalised(_scored(term, voices))


def _scored(term: Term, voices: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores of a term, negative infinity where it has none."""
    with np.errstate(invalid="ignore"):  # a voice that rules a token out, less another one that does
        scores = term.scores(voices)
    return np.where(np.isfinite(scores), scores, -np.inf)
