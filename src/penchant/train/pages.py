"""Real text that a base model is trained on before it meets anybody: passages, and pages to be asked about.

The counterpart of the simulated forum's corpus, over plain documents of any source. It stands for what an
instruction-tuned model brings: English, looking back, and knowing what "concise" or "in their manner" asks for. It
holds no person, and no label but what can be counted in a text.

A *passage* is an answer to what stands before it in its document. A *page* shows what somebody chose, or a list of
how they like answers written, and is asked about. Its hidden rule is drawn afresh: either pole of one of the
dimensions of `penchant.manner`, or which of two documents the person keeps to. Asked outright ("in their manner"), the
right answer follows the rule and the wrong one breaks it; a plain task is answered by a stranger, for that a reply
should please the person on the page is what alignment teaches. Pages come in couples of opposite people who are asked
the same, so that a pair of answers says nothing by itself. Everything goes through the one rendering path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import DataError
from penchant.manner import MAX_LENGTH_GAP, MEASURES, contrast, manner_space
from penchant.model.base import Candidates
from penchant.person import Person
from penchant.persona import Comment, Comparison, Evidence, Persona
from penchant.render import Content, render
from penchant.space import PreferenceSpace
from penchant.style import STYLE, style

ASKED = ("Answer in their manner.", "Which answer would they choose?")
"""Asks outright for what suits the person on the page; follows the task."""
DESCRIBE = "How does this person like answers?"
PLAIN = "Write a post."
"""The task of a passage that nothing stands before."""

Page = list[Candidates]
"""Everything that one page is asked: the first answer is the right one; a second, where there is one, is wrong."""

_TURN = re.compile(r"(?m)^(Human|Assistant|User \d): ?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_SHORT, _LONG = 5, 100
"""Words of a passage, drawn evenly on a logarithmic scale."""
_REFILL = 20_000
_READ = 4
"""As many times more passages a step while there are no pages: about as many tokens."""
_CLEARLY = (2.0, 2.0, 1.2)
"""How many times the gap of a measure two passages of a pair differ by, drawn per page: in small differences a model
that is still learning finds nothing to hold on to."""


class Passage(NamedTuple):
    """A piece of a document, with what stands before it."""

    before: str
    text: str
    document: int


def passages(texts: Sequence[str], rng: np.random.Generator) -> Iterator[Passage]:
    """Documents in pieces: a dialogue by its turns, anything else in runs of sentences, all of all lengths."""
    for document, text in enumerate(texts):
        turns = _TURN.split(text)
        if len(turns) > 2:
            said = [(turns[i], turns[i + 1].strip()) for i in range(1, len(turns) - 1, 2)]
            lines = [f"{who}: {what}" for who, what in said]
            for place, (_, reply) in enumerate(said[1:], start=1):
                if _SHORT <= len(reply.split()) <= 1.5 * _LONG and said[place - 1][1]:
                    before = _last(lines[:place], _length(rng))
                    # a single turn needs no name
                    yield Passage("\n\n".join(before) if len(before) > 1 else said[place - 1][1], reply, document)
            continue
        earlier: list[str] = []
        run: list[str] = []
        words, wanted = 0, _length(rng)
        for sentence in filter(str.strip, _SENTENCE.split(text)):
            run.append(sentence.strip())
            words += len(sentence.split())
            if words >= wanted:
                if words <= 1.5 * _LONG:
                    yield Passage(" ".join(_last(earlier, _length(rng))), " ".join(run), document)
                earlier.extend(run)
                run, words, wanted = [], 0, _length(rng)


def _last(parts: Sequence[str], words: int) -> list[str]:
    """The last of some parts, as many as `words` allow, but one at least."""
    kept = list(parts[-1:])
    for part in reversed(parts[:-1]):
        if sum(len(one.split()) for one in kept) + len(part.split()) > words:
            break
        kept.insert(0, part)
    return kept


def _length(rng: np.random.Generator) -> int:
    return int(np.exp(rng.uniform(np.log(_SHORT), np.log(_LONG))))


@dataclass
class RealText:
    """An endless, seeded stream of passages and pages over some documents."""

    pieces: Sequence[Passage]
    rng: np.random.Generator
    questions: int = 5
    """Questions asked of each page."""
    items: int = 5
    """Most items of evidence on a page."""
    lists: float = 0.15
    """Share of pages that list how the person likes answers instead of showing what they chose."""
    topics: float = 0.1
    """Share of pages whose person keeps to one of two documents."""
    strangers: float = 0.25
    """Share of questions that are plain tasks answered by a stranger."""
    described: float = 0.45
    """Share of the other questions that ask for the pole itself, where the rule is a dimension."""
    space: PreferenceSpace = field(default_factory=manner_space)

    def __post_init__(self) -> None:
        looks = np.array([style(piece.text) for piece in self.pieces]).reshape(-1, len(STYLE))
        # by length, so that neighbours are alike in it
        order = np.argsort(looks[:, MEASURES["length"].feature], kind="stable")
        self.pieces = [self.pieces[i] for i in order.tolist()]
        self._looks: NDArray[np.float64] = looks[order]
        self._pairs: dict[tuple[str, float], list[tuple[int, int]]] = {}
        mine: dict[int, list[int]] = {}
        for place, piece in enumerate(self.pieces):
            mine.setdefault(piece.document, []).append(place)
        self._documents = [places for places in mine.values() if len(places) >= 3]
        if len(self._documents) < 2:
            raise DataError("pages need at least two documents of three passages each; give longer texts")

    @classmethod
    def over(cls, texts: Sequence[str], *, seed: int, questions: int) -> RealText:
        """A stream over some documents.

        Raises:
            DataError: too few or too short documents, or texts that hardly differ in one of the measures.
        """
        rng = np.random.default_rng(seed)
        return cls(list(passages(texts, rng)), rng, questions=questions)

    def passage(self) -> Candidates:
        """A passage as an answer to what stands before it."""
        piece = self.pieces[int(self.rng.integers(len(self.pieces)))]
        return Candidates(({"role": "user", "content": piece.before or PLAIN},), (piece.text,))

    def couple(self) -> tuple[Page, Page]:
        """The pages of two people who hold the opposite and are asked the same."""
        kind = self.rng.random()
        if kind < self.topics:
            one, two = (self._documents[int(i)] for i in self.rng.choice(len(self._documents), 2, replace=False))
            least = min(len(one), len(two))
            pairs = list(zip(*(self.rng.permutation(side)[:least].tolist() for side in (one, two)), strict=True))
            shown = int(self.rng.integers(1, min(self.items, least - 1) + 1))
            return self._pages(self._histories(pairs[:shown]), "history", pairs[shown : shown + self.questions])
        dimension = self.space.dimensions[int(self.rng.integers(len(self.space)))].id
        if kind < self.topics + self.lists:
            told = [Person(profile=self.space.direction({dimension: sign})) for sign in (1, -1)]
            return self._pages(told, "directions", self._contrasts(dimension, self.questions), dimension)
        shown = int(self.rng.integers(1, self.items + 1))
        pairs = self._contrasts(dimension, shown + self.questions)
        return self._pages(self._histories(pairs[:shown]), "history", pairs[shown:], dimension)

    def _contrasts(self, dimension: str, count: int) -> list[tuple[int, int]]:
        """Pairs of passages that differ in one dimension, the first at the positive pole."""
        clearly = _CLEARLY[int(self.rng.integers(len(_CLEARLY)))]
        ready = self._pairs.setdefault((dimension, clearly), [])
        while len(ready) < count:
            ready.extend(self._search(dimension, clearly))
        return [ready.pop() for _ in range(count)]

    def _search(self, dimension: str, clearly: float) -> list[tuple[int, int]]:
        size = len(self.pieces)
        one = self.rng.integers(size, size=_REFILL)
        other = self.rng.integers(size, size=_REFILL) if dimension == "length" else self._near(one)
        found = []
        for i, j in zip(one.tolist(), other.tolist(), strict=True):
            sign = contrast(self._looks[i] - self._looks[j], dimension, times=clearly)
            if sign:
                found.append((i, j) if sign > 0 else (j, i))
        if not found:
            raise DataError(f"among {size:,} passages no two differ in '{dimension}'; give more and longer texts")
        return found

    def _near(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each place another one of like length."""
        lengths = self._looks[:, MEASURES["length"].feature]
        low = np.searchsorted(lengths, lengths[places] - MAX_LENGTH_GAP)
        high = np.searchsorted(lengths, lengths[places] + MAX_LENGTH_GAP, side="right")
        return np.asarray(self.rng.integers(low, high), dtype=np.int64)

    def _histories(self, pairs: Sequence[tuple[int, int]]) -> list[Person]:
        """What either of two opposite people chose, or wrote themselves."""
        histories: tuple[list[Evidence], list[Evidence]] = ([], [])
        wrote = self.rng.random() < 0.25
        for pair in pairs:
            one, two = (self.pieces[place] for place in pair)
            task = one.before or two.before or PLAIN
            if wrote:
                for history, piece in zip(histories, (one, two), strict=True):
                    history.append(Comment(task, piece.text))
            else:
                histories[0].append(Comparison(task, one.text, two.text))
                histories[1].append(Comparison(task, two.text, one.text))
        return [Person(Persona(tuple(history))) for history in histories]

    def _pages(
        self, people: Sequence[Person], content: Content, pairs: Sequence[tuple[int, int]], rule: str | None = None
    ) -> tuple[Page, Page]:
        pages: tuple[Page, Page] = ([], [])
        for pair in pairs:
            one, two = (self.pieces[place] for place in pair)
            before = (one, two)[int(self.rng.integers(2))].before or PLAIN
            answers: tuple[tuple[str, ...], tuple[str, ...]] = ((one.text, two.text), (two.text, one.text))
            if self.rng.random() < self.strangers:
                task, stranger = before, (one, two)[int(self.rng.integers(2))].text
                answers = ((stranger,), (stranger,))
            elif rule is not None and self.rng.random() < self.described:
                dimension = self.space.dimensions[self.space.index(rule)]
                task, answers = (
                    DESCRIBE,
                    (
                        (dimension.positive, dimension.negative),
                        (dimension.negative, dimension.positive),
                    ),
                )
            else:
                task = f"{before}\n{ASKED[int(self.rng.integers(len(ASKED)))]}"
            for page, person, said in zip(pages, people, answers, strict=True):
                # without the system turn, which would tell the base to please
                page.append(Candidates(render(person, task, content=content).messages[1:], said))
        return pages


def batches(corpus: RealText, *, couples: int, threads: int, reading: int) -> Iterator[tuple[list[Page], list[Page]]]:
    """Per training step, `couples` couples of pages and `threads` passages; `reading` steps of passages come first."""
    for _ in range(reading):
        yield [], [[corpus.passage()] for _ in range(_READ * threads)]
    while True:
        yield (
            [page for _ in range(couples) for page in corpus.couple()],
            [[corpus.passage()] for _ in range(threads)],
        )
