"""What Persona-judge samples, without drafts: two voices take turns, and every token comes from whoever judges.

In a round of Persona-judge (`decode.judge`), a token x is drafted and accepted with probability min(q(x), p(x)), and
drawn after a rejection with probability max(p(x) - q(x), 0), where q and p are the probabilities of drafter and judge.
The two add up to p(x). If all drafts are accepted, one more token is drawn from p. So, given the text and the roles,
each next token is distributed as the judge's. The drafts decide only when the round ends and the roles change.

Hence the text has a hidden state: who drafts, and how many drafts were accepted. Each token updates the probabilities
of that state, as in a hidden Markov model. The next token is a mixture of both voices, weighted by the probability that
each one is the judge, given the text so far. This is the same distribution at the cost of a mixture, and it gives
likelihoods.

Shapes: B prompts, V vocabulary, J = drafts + 1 numbers of accepted drafts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.decode.base import Decoder
from penchant.decode.blend import Voice, as_asked, for_anybody
from penchant.decode.judge import DRAFTS, require_drafts, spoken, warped
from penchant.message import Message
from penchant.model.base import Contexts, Sampling, Steps, Written

_FREE = Sampling(temperature=1, top_p=1)


@dataclass(frozen=True)
class Turns(Decoder):
    """Two voices that take turns.

    Raises:
        ConfigError: `drafts` is below 1.
    """

    steps: Steps
    first: Voice = for_anybody
    """Drafts in the first round."""
    second: Voice = as_asked
    drafts: int = DRAFTS
    swap: bool = True
    warping: Sampling = _FREE
    """Temperature, top-k and top-p of both voices, before they are compared; `write` and `stream` set it. `logprobs`
    are without any."""
    name: str = "judge"

    def __post_init__(self) -> None:
        require_drafts(self.drafts)

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """See `Scores.count`; the longer voice counts."""
        return max(self.steps.count(voice(messages), enough=enough) for voice in (self.first, self.second))

    def answer_ids(self, prompt: Sequence[Message], answers: Sequence[str]) -> Sequence[Sequence[int]]:
        """See `Steps.answer_ids`."""
        return self.steps.answer_ids(self.second(prompt), answers)

    def open(self, prompts: Sequence[Sequence[Message]], *, room: int = 0) -> TurnContexts:
        """See `Steps.open`."""
        voices = [voice(prompt) for prompt in prompts for voice in (self.first, self.second)]
        contexts = self.steps.open(voices, room=room)
        return TurnContexts(contexts, self.drafts, swap=self.swap, warping=self.warping)

    def write(self, prompts: Sequence[Sequence[Message]], settings: Sampling) -> list[Written]:
        """See `Writes.write`; temperature, top-k and top-p apply to each voice, before they are compared.

        Raises:
            ConfigError: the two voices read a prompt in the same way: there would be nothing to judge.
        """
        spoken(prompts, self.first, self.second)
        return super(Turns, replace(self, warping=settings)).write(prompts, _free(settings))

    def stream(self, prompt: Sequence[Message], settings: Sampling) -> Iterator[str | Written]:
        """See `Writes.stream`; settings apply, and prompts are refused, as in `write`."""
        spoken([prompt], self.first, self.second)
        return super(Turns, replace(self, warping=settings)).stream(prompt, _free(settings))


class TurnContexts:
    """See `model.base.Contexts`; length and tokens of a context are those of its longer voice."""

    def __init__(self, contexts: Contexts, drafts: int, *, swap: bool, warping: Sampling) -> None:
        self._contexts = contexts
        """First and second voice of the first prompt, then of the second."""
        self._swap = swap
        self._warping = warping
        begin = np.zeros((2, drafts + 1))
        begin[0, 0] = 1.0
        self._states = [[begin] for _ in contexts.lengths[::2]]
        """Of each prompt, after each token: P(who drafts, how many drafts were accepted | text), (2, J)."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """See `Contexts`."""
        return tuple(map(len, self.tokens))

    @property
    def tokens(self) -> Sequence[Sequence[int]]:
        """See `Contexts`."""
        rows = self._contexts.tokens
        return [max(pair, key=len) for pair in zip(rows[::2], rows[1::2], strict=True)]

    def next_logprobs(self) -> NDArray[np.float32]:
        """See `Contexts`."""
        voices = self._warped(self._contexts.next_logprobs())
        pairs = zip(self._states, voices[::2], voices[1::2], strict=True)
        rows = [_mixed(states[-1], first, second) for states, first, second in pairs]
        return np.array(rows, dtype=np.float32)

    def append(self, tokens: Sequence[Sequence[int]]) -> None:
        """See `Contexts`."""
        self._grow(tokens, mixed=False)

    def verify(self, tokens: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """See `Contexts`."""
        return self._grow(tokens, mixed=True)

    def _grow(self, tokens: Sequence[Sequence[int]], *, mixed: bool) -> list[NDArray[np.float32]]:
        """Appends tokens and follows the state; the distribution after each token, if it is asked for."""
        if not any(tokens):
            return [np.empty((0, 0), dtype=np.float32) for _ in tokens]
        before = self._warped(self._contexts.next_logprobs())
        twice = [row for row in tokens for _ in (0, 1)]
        if not mixed and max(map(len, tokens)) == 1:
            self._contexts.append(twice)
            after = [np.empty((0, before.shape[1])) for _ in twice]
        else:
            after = [self._warped(rows) for rows in self._contexts.verify(twice)]
        results = []
        for place, new in enumerate(tokens):
            first, second = (np.concatenate([before[i][None], after[i]]) for i in (2 * place, 2 * place + 1))
            states = self._states[place]
            for index, token in enumerate(new):
                states.append(_after(states[-1], first[index, token], second[index, token], swap=self._swap))
            if mixed:
                rows = zip(states[len(states) - len(new) :], first[1:], second[1:], strict=True)
                mixtures = [_mixed(*row) for row in rows]
                results.append(np.array(mixtures, dtype=np.float32).reshape(len(new), before.shape[1]))
        return results

    def rollback(self, lengths: Sequence[int]) -> None:
        """See `Contexts`."""
        forgotten = [own - length for own, length in zip(self.lengths, lengths, strict=True)]
        twice = [count for count in forgotten for _ in (0, 1)]
        self._contexts.rollback([own - count for own, count in zip(self._contexts.lengths, twice, strict=True)])
        for states, count in zip(self._states, forgotten, strict=True):
            del states[len(states) - count :]

    def select(self, rows: Sequence[int]) -> None:
        """See `Contexts`."""
        self._contexts.select([2 * row + role for row in rows for role in (0, 1)])
        self._states = [list(self._states[row]) for row in rows]

    def _warped(self, logprobs: NDArray[np.float32]) -> NDArray[np.float64]:
        """log p of each voice after the warping, of any number of rows."""
        settings = self._warping
        if (settings.temperature, settings.top_p, settings.top_k) == (1, 1, 0):
            return logprobs.astype(np.float64)
        with np.errstate(divide="ignore"):
            rows = [np.log(warped(row, settings)) for row in logprobs]
        return np.array(rows).reshape(logprobs.shape)


def _mixed(
    state_2J: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """log p of the next token, (V,): each voice by the probability that the other one drafts."""
    with np.errstate(divide="ignore"):
        weights = np.log(state_2J.sum(axis=1))
    return np.asarray(np.logaddexp(weights[1] + first, weights[0] + second))


def _after(state_2J: NDArray[np.float64], first: float, second: float, *, swap: bool) -> NDArray[np.float64]:
    """The state after a token with these log-probabilities in both voices; nothing changes if it was impossible."""
    chances = np.exp([first, second])
    new = np.zeros_like(state_2J)
    for drafter in (0, 1):
        q, p = chances[drafter], chances[1 - drafter]
        new[drafter, 1:] += state_2J[drafter, :-1] * min(p, q)
        ended = state_2J[drafter, :-1].sum() * max(p - q, 0.0) + state_2J[drafter, -1] * p
        new[1 - drafter if swap else drafter, 0] += ended
    total = new.sum()
    return new / total if total else state_2J


def _free(settings: Sampling) -> Sampling:
    """The same settings without temperature, top-k and top-p, which the voices have already."""
    return replace(settings, temperature=1, top_p=1, top_k=0)
