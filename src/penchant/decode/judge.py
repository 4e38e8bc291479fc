"""Persona-judge (arXiv:2504.12663): one preference drafts tokens, another judges them; then they change roles.

One model reads the prompt in two voices. A round: the drafting voice draws up to `drafts` tokens; the judging voice
accepts each with probability min(1, p/q), where q and p are the two voices' probabilities. At the first token that is
rejected, one is drawn from the normalised positive part of p - q instead; if none is, one more is drawn from p. Then
the voices change roles.

What this samples (speculative sampling, Leviathan et al. 2023): given the text and the roles, each next token is
distributed as the judge's, whoever drafts. So without the change of roles the text is the judge's. With it, rounds take
turns, and the more the voices agree, the longer a round. `decode.turns` has the same distribution and is faster. This
module is the published procedure, token by token.

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.decode.blend import Voice, as_asked, for_anybody
from penchant.errors import ConfigError
from penchant.message import Message
from penchant.model.base import Contexts, Sampling, Steps, Written
from penchant.model.write import Answer, begun, kept_tokens, place_by

DRAFTS = 4
"""Tokens that are drafted in a round; gamma in the paper."""


@dataclass
class Tokens:
    """How many tokens were drafted and accepted, and of how many rounds; for reports."""

    drafted: int = 0
    accepted: int = 0
    rounds: int = 0

    @property
    def acceptance(self) -> float:
        """Share of the drafted tokens that were accepted; 0 if none was drafted."""
        return self.accepted / self.drafted if self.drafted else 0.0


@dataclass(frozen=True)
class PersonaJudge:
    """Writes in two voices that judge each other.

    Raises:
        ConfigError: `drafts` is below 1.
    """

    steps: Steps
    first: Voice = for_anybody
    """Drafts in the first round."""
    second: Voice = as_asked
    drafts: int = DRAFTS
    swap: bool = True
    """Whether the voices change roles after each round; without, the text is distributed as the second voice's."""
    released: bool = False
    """For comparison: two faults of the published code. The voices change roles once, after the first round, and never
    again. After a rejection it tests whether the sum of p - q is above 0; that sum is 0 up to rounding, so that many
    rejections draw from q - p instead. Unlike that code, an answer stops at its end of text and at the exact limit."""
    tokens: Tokens = field(default_factory=Tokens)

    def __post_init__(self) -> None:
        require_drafts(self.drafts)

    def write(self, prompts: Sequence[Sequence[Message]], settings: Sampling, *, rows: int = 8) -> list[Written]:
        """One answer per prompt, in order; an answer does not depend on the other prompts.

        Args:
            rows: answers that are written at once, at most.
        Raises:
            ConfigError: the two voices read a prompt in the same way: there would be nothing to judge.
            ModelError: a prompt is longer than the model's context.
        """
        written: list[Written] = []
        for start in range(0, len(prompts), rows):
            answers: list[Answer] = []
            for _ in self._rounds(prompts[start : start + rows], settings, answers):
                pass
            written += [answer.written() for answer in answers]
        return written

    def stream(self, prompt: Sequence[Message], settings: Sampling) -> Iterator[str | Written]:
        """The pieces of one answer, round by round, then the answer; see `Writes.stream`."""
        answers: list[Answer] = []
        for piece in self._rounds([prompt], settings, answers):
            if piece:
                yield piece
        yield answers[0].written()

    def _rounds(self, prompts: Sequence[Sequence[Message]], settings: Sampling, answers: list[Answer]) -> Iterator[str]:
        """Writes all prompts at once into `answers`; yields what became certain of any of them, round by round."""
        contexts = self.steps.open(
            spoken(prompts, self.first, self.second), room=settings.max_tokens + self.drafts
        )  # fmt: skip
        lengths = [max(pair) for pair in zip(contexts.lengths[::2], contexts.lengths[1::2], strict=True)]
        answers += begun(self.steps, lengths, prompts, settings)
        active = [row for row, answer in enumerate(answers) if answer.finish is None]
        _keep(contexts, active)
        drafter = 0
        while active:
            yield from self._round(contexts, [answers[row] for row in active], settings, drafter)
            kept = [place for place, row in enumerate(active) if answers[row].finish is None]
            if len(kept) < len(active):
                _keep(contexts, kept)
                active = [active[place] for place in kept]
            drafter = 1 if self.released else 1 - drafter if self.swap else drafter

    def _round(self, contexts: Contexts, answers: Sequence[Answer], settings: Sampling, drafter: int) -> Iterator[str]:
        """One round of all answers; afterwards both voices of each hold what was accepted."""
        starts = contexts.lengths
        ends = self.steps.ends
        drafts = [_Draft([], []) for _ in answers]
        after_B = contexts.next_logprobs()[1 - drafter :: 2]  # the judge, before the first draft
        for _ in range(self.drafts):
            going = [
                place
                for place, (draft, answer) in enumerate(zip(drafts, answers, strict=True))
                # the token that ends a round needs room too
                if len(draft.tokens) < answer.room - 1 and not (draft.tokens and draft.tokens[-1] in ends)
            ]
            if not going:
                break
            logprobs_B = contexts.next_logprobs()[drafter::2]
            new: list[list[int]] = [[] for _ in starts]
            for place in going:
                chances_V = warped(logprobs_B[place], settings)
                token = place_by(chances_V, answers[place].generator)
                drafts[place].tokens.append(token)
                drafts[place].chances.append(chances_V)
                new[2 * place + drafter].append(token)
            contexts.append(new)
        judged = contexts.verify(
            [draft.tokens if role != drafter else [] for draft in drafts for role in (0, 1)]
        )  # fmt: skip
        kept, added = [], []
        for place, (draft, answer) in enumerate(zip(drafts, answers, strict=True)):
            logprobs = [after_B[place], *judged[2 * place + 1 - drafter]]
            accepted = self._judged(draft, [warped(row, settings) for row in logprobs], answer.generator, ends)
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(draft.tokens, accepted, strict=False)))
            kept += [starts[2 * place + role] + same for role in (0, 1)]
            added += [accepted[same:]] * 2
            for token in accepted:
                if answer.finish is None:
                    yield answer.add(token)
        contexts.rollback(kept)
        contexts.append(added)

    def _judged(
        self,
        draft: _Draft,
        judge: Sequence[NDArray[np.float64]],
        generator: np.random.Generator,
        ends: frozenset[int],
    ) -> list[int]:
        """The tokens of a round: those that the judge accepts, and one of its own unless the text has ended."""
        self.tokens.rounds += 1
        self.tokens.drafted += len(draft.tokens)
        kept: list[int] = []
        for token, q_V, p_V in zip(draft.tokens, draft.chances, judge, strict=False):
            if generator.random() * q_V[token] >= p_V[token]:
                return [*kept, place_by(np.maximum(self._residual(p_V, q_V), 0), generator)]
            self.tokens.accepted += 1
            kept.append(token)
        return kept if kept and kept[-1] in ends else [*kept, place_by(judge[len(kept)], generator)]

    def _residual(self, p_V: NDArray[np.float64], q_V: NDArray[np.float64]) -> NDArray[np.float64]:
        """Its positive part is what is drawn from after a rejection."""
        return q_V - p_V if self.released and (p_V - q_V).sum() <= 0 else p_V - q_V


class _Draft(NamedTuple):
    """What one voice proposes."""

    tokens: list[int]
    chances: list[NDArray[np.float64]]
    """The drafting voice's probabilities where each token was drawn, (V,)."""


def require_drafts(drafts: int) -> None:
    """Refuses a round without drafts."""
    if drafts < 1:
        raise ConfigError(f"`drafts` is {drafts}; a round drafts at least 1 token")


def spoken(prompts: Sequence[Sequence[Message]], first: Voice, second: Voice) -> list[Sequence[Message]]:
    """Each prompt in the first and in the second voice.

    Raises:
        ConfigError: a prompt is the same in both.
    """
    pairs = [(tuple(first(prompt)), tuple(second(prompt))) for prompt in prompts]
    if any(one == other for one, other in pairs):
        raise ConfigError("the two preferences make the same prompt; give two that differ")
    return [messages for pair in pairs for messages in pair]


def warped(logprobs_V: NDArray[np.float32], settings: Sampling) -> NDArray[np.float64]:
    """Probabilities after temperature, top-k and top-p, (V,): both voices are warped alike, before they are compared.

    At temperature 0 the likeliest token has all the probability.
    """
    chances_V = np.zeros(len(logprobs_V))
    if settings.temperature == 0:
        chances_V[logprobs_V.argmax()] = 1.0
        return chances_V
    ids, weights = kept_tokens(logprobs_V, settings)
    chances_V[ids] = weights / weights.sum()
    return chances_V


def _keep(contexts: Contexts, places: Sequence[int]) -> None:
    contexts.select([2 * place + role for place in places for role in (0, 1)])
