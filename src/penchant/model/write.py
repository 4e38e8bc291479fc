"""Writing: answers drawn token by token from any model that steps (`model.base.Steps`), as texts or as streams.

Each answer draws with a random generator of its own, seeded by the settings and its prompt, so that it does not depend
on the other answers of a batch. Knows no tensors and no templates.

Source of nucleus sampling (`top_p`): Holtzman et al. 2020, arXiv:1904.09751.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ModelError
from penchant.message import Message, as_dicts
from penchant.model.base import Sampling, Steps, Written
from penchant.model.lookup import Search

_UNFINISHED = "�"
"""What tokenizers write for the bytes of an incomplete character."""
_WIDE_NATS = 12.0
"""Tokens within this distance of the likeliest one are tried as the nucleus first; they nearly always contain it."""


def write(
    steps: Steps, prompts: Sequence[Sequence[Message]], settings: Sampling, *, rows: int, drafts: int = 0
) -> list[Written]:
    """One answer per prompt; see `Writes.write`.

    Args:
        rows: number of answers that are written at once, at most.
        drafts: tokens that are looked up and verified at once, at most; see `model.lookup`. Answers are the same.
    """
    # sorted by text, prompts with a common beginning are neighbours
    order = sorted(range(len(prompts)), key=lambda index: [message.content for message in prompts[index]])
    results: dict[int, Written] = {}
    for start in range(0, len(order), rows):
        batch = order[start : start + rows]
        answers: list[Answer] = []
        for _ in _passes(steps, [prompts[index] for index in batch], settings, answers, drafts):
            pass
        results.update(zip(batch, (answer.written() for answer in answers), strict=True))
    return [results[index] for index in range(len(prompts))]


def stream(steps: Steps, prompt: Sequence[Message], settings: Sampling, *, drafts: int = 0) -> Iterator[str | Written]:
    """The pieces of one answer, then the answer; see `Writes.stream`. `drafts`: as in `write`."""
    answers: list[Answer] = []
    for piece in _passes(steps, [prompt], settings, answers, drafts):
        if piece:
            yield piece
    yield answers[0].written()


def _passes(
    steps: Steps, prompts: Sequence[Sequence[Message]], settings: Sampling, answers: list[Answer], drafts: int
) -> Iterator[str]:
    """Writes all prompts at once into `answers`; yields what became certain of any of them."""
    contexts = steps.open(prompts, room=settings.max_tokens + drafts)
    answers += begun(steps, contexts.lengths, prompts, settings)
    active = [row for row, answer in enumerate(answers) if answer.finish is None]
    if len(active) < len(answers):
        contexts.select(active)
    texts = zip(active, contexts.tokens, strict=True)
    searches = [Search(answers[row], tokens, drafts) for row, tokens in texts]
    judged: Sequence[NDArray[np.float32]] = [row[None] for row in contexts.next_logprobs()] if active else []
    while searches:
        forgotten = []
        for search, rows in zip(searches, judged, strict=True):
            yield search.answer.draw(rows[0])
            right = 0
            for token, row in zip(search.draft, rows[1:], strict=True):
                if search.answer.finish is not None or search.answer.tokens[-1] != token:
                    break
                right += 1
                yield search.answer.draw(row)
            forgotten.append(len(search.draft) - right)
        if any(forgotten):
            contexts.rollback([length - count for length, count in zip(contexts.lengths, forgotten, strict=True)])
        kept = [place for place, search in enumerate(searches) if search.answer.finish is None]
        if len(kept) < len(searches):
            contexts.select(kept)
            searches = [searches[place] for place in kept]
        if searches:
            judged = contexts.verify([[search.answer.tokens[-1], *search.next()] for search in searches])


def begun(
    steps: Steps, lengths: Sequence[int], prompts: Sequence[Sequence[Message]], settings: Sampling
) -> list[Answer]:
    """The answers to some prompts, still empty.

    Args:
        lengths: tokens of each prompt.
    Raises:
        ModelError: a prompt is longer than the model's context.
    """
    limit, ends = steps.context, steps.ends
    answers = []
    for prompt, length in zip(prompts, lengths, strict=True):
        if limit is not None and length > limit:
            raise ModelError(
                f"a prompt has {length} tokens and the model's context {limit}; shorten the prompt, "
                "or take a model with a longer context"
            )
        room = settings.max_tokens if limit is None else min(settings.max_tokens, limit - length)
        text, generator = Text(steps.decode, settings.stop), _generator(prompt, settings.seed)
        answers.append(Answer(text, ends, settings, generator, prompt_tokens=length, room=room))
    return answers


def _generator(prompt: Sequence[Message], seed: int) -> np.random.Generator:
    """A generator that is decided by a prompt and a seed."""
    digest = hashlib.blake2b(json.dumps(as_dicts(prompt)).encode(), digest_size=16).digest()
    return np.random.default_rng([seed, int.from_bytes(digest)])


class Answer:
    """An answer that is being written."""

    def __init__(
        self,
        text: Text,
        ends: frozenset[int],
        settings: Sampling,
        generator: np.random.Generator,
        *,
        prompt_tokens: int,
        room: int,
    ) -> None:
        self.tokens: list[int] = []
        self.finish: Literal["stop", "length"] | None = None if room else "length"
        self._ends = ends
        self._settings = settings
        self.generator = generator
        self._prompt_tokens = prompt_tokens
        self._limit = room
        self._text = text
        self._pieces: list[str] = []

    @property
    def room(self) -> int:
        """Tokens that may still be drawn."""
        return self._limit - len(self.tokens)

    def draw(self, logprobs_V: NDArray[np.float32]) -> str:
        """Draws the next token; returns the text that became certain with it."""
        return self.add(draw(logprobs_V, self._settings, self.generator))

    def add(self, token: int) -> str:
        """Adds a token that was drawn; returns the text that became certain with it."""
        self.tokens.append(token)
        piece = "" if token in self._ends else self._text.add(token)
        if token in self._ends or self._text.stopped:
            self.finish = "stop"
        elif not self.room:
            self.finish = "length"
        if self.finish is not None:
            piece += self._text.end()
        self._pieces.append(piece)
        return piece

    def written(self) -> Written:
        """The finished answer."""
        return Written("".join(self._pieces), self._prompt_tokens, len(self.tokens), self.finish or "length")


class Text:
    """The text of growing tokens, given out as soon as it is certain; an incomplete character waits. See `Pieces`."""

    def __init__(self, decode: Callable[[Sequence[int]], str], stop: Sequence[str]) -> None:
        self._decode = decode
        self._pieces = Pieces(stop)
        self._tokens: list[int] = []
        self._before = self._decoded = 0
        """Tokens between the two are decoded again, as context of the new ones, for the spaces between words."""

    @property
    def stopped(self) -> bool:
        """Whether a stop text was met."""
        return self._pieces.stopped

    def add(self, token: int) -> str:
        """The text that became certain with this token."""
        self._tokens.append(token)
        new = self._new()
        if not new or new.endswith(_UNFINISHED):
            return ""
        self._before, self._decoded = self._decoded, len(self._tokens)
        return self._pieces.add(new)

    def end(self) -> str:
        """The text that was waiting, when no token follows; an incomplete character is left out."""
        return self._pieces.add(self._new().rstrip(_UNFINISHED)) + self._pieces.end()

    def _new(self) -> str:
        context = self._decode(self._tokens[self._before : self._decoded])
        return self._decode(self._tokens[self._before :])[len(context) :]


class Pieces:
    """A text that arrives in pieces, given out as soon as it is certain.

    White space at both ends is left out. White space waits until text follows, and so does a text that may become a
    stop text. Nothing is given out from a stop text on.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self.stopped = False
        """Whether a stop text was met."""
        self._stop = stop
        self._waiting = ""
        self._begun = False

    def add(self, text: str) -> str:
        """The text that became certain with this one."""
        if self.stopped:
            return ""
        self._waiting += text
        matches = [index for stop in self._stop if (index := self._waiting.find(stop)) >= 0]
        if matches:
            self.stopped = True
            certain, self._waiting = self._waiting[: min(matches)].rstrip(), ""
        else:
            overlap = max((_overlap(self._waiting, stop) for stop in self._stop), default=0)
            certain = self._waiting[: len(self._waiting) - overlap].rstrip()
            self._waiting = self._waiting[len(certain) :]
        return self._stripped(certain)

    def end(self) -> str:
        """The text that was waiting, when nothing follows."""
        waiting, self._waiting = self._waiting.rstrip(), ""
        return self._stripped(waiting)

    def _stripped(self, text: str) -> str:
        """The text, without white space at its beginning if it begins the answer."""
        text = text if self._begun else text.lstrip()
        self._begun = self._begun or bool(text)
        return text


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of a text that a stop text begins with."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)


def draw(logprobs_V: NDArray[np.float32], settings: Sampling, generator: np.random.Generator) -> int:
    """One token id, drawn as the settings say.

    Args:
        logprobs_V: log p of each token, nats.
    Raises:
        ModelError: a probability is not a number.
    """
    if not np.isfinite(logprobs_V.max()):
        raise ModelError(
            "the model's probabilities are not numbers; its weights are broken, or too large for their type"
        )
    if settings.temperature == 0:
        return int(logprobs_V.argmax())
    ids, weights = kept_tokens(logprobs_V, settings)
    return int(ids[place_by(weights, generator)])


def place_by(weights_N: NDArray[np.float64], generator: np.random.Generator) -> int:
    """A place, drawn by its weight."""
    # in the order of ids: values that differ in the last bit cannot change places
    sums = np.cumsum(weights_N)
    return int(min(np.searchsorted(sums, generator.random() * sums[-1], side="right"), len(sums) - 1))


def kept_tokens(logprobs_V: NDArray[np.float32], settings: Sampling) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The tokens that `top_k` and `top_p` keep at a temperature above 0, ascending, with weights to draw them by."""
    logits = (logprobs_V - logprobs_V.max()) / np.float32(settings.temperature)
    ids = np.arange(len(logits))
    if 0 < settings.top_k < len(logits):
        ids = np.sort(np.argpartition(logits, -settings.top_k)[-settings.top_k :])
    weights = np.exp(logits[ids], dtype=np.float64)
    if settings.top_p == 1:
        return ids, weights
    target = settings.top_p * weights.sum()
    near = np.flatnonzero(logits[ids] > -_WIDE_NATS)
    if weights[near].sum() < target:
        near = np.arange(len(ids))
    order = near[np.argsort(-weights[near], kind="stable")]
    count = int(np.searchsorted(np.cumsum(weights[order]), target)) + 1
    nucleus = np.sort(order[:count])
    return ids[nucleus], weights[nucleus]
