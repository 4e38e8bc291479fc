"""Makes training text for a base model from real documents: passages, and pages with questions.

This is the counterpart of the simulated forum's corpus, and accepts plain documents from any source. It replaces the
pretraining of an instruction-tuned model: English, use of the text in the prompt, and the meaning of "concise" or "in
their manner". It contains no real person, and no label except what can be counted in a text.

A *passage* is an answer to the text before it in its document. A *page* contains the choices of an invented person, or
a list of how the person likes answers written; questions follow. Each page has a hidden rule, drawn at random: one pole
(side) of a dimension of `penchant.manner`, or one of two documents that the person prefers. If the question asks for
the person's manner, the right answer follows the rule and the wrong answer breaks it. A plain task is answered by a
stranger: only alignment teaches that a reply should please the person on the page. Pages come in couples of opposite
people with the same questions, so a pair of answers reveals nothing by itself. `penchant.render` makes all prompts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import DataError
from penchant.manner import MAX_LENGTH_GAP, MEASURES, contrast, manner_space
from penchant.message import Message
from penchant.model.base import Candidates
from penchant.person import Person
from penchant.persona import Comment, Comparison, Evidence, Persona
from penchant.render import Content, render
from penchant.space import PreferenceSpace
from penchant.style import STYLE, style

DIRECT_QUESTIONS = ("Answer in their manner.", "Which answer would they choose?")
"""Direct questions for the answer that suits the person on the page; one of them follows the task."""
DESCRIBE = "How does this person like answers?"
PLAIN = "Write a post."
"""The task of a passage at the beginning of its document."""

Page = list[Candidates]
"""The questions of one page. The first answer of each is right; a second one, if there is one, is wrong."""

_TURN = re.compile(r"(?m)^(Human|Assistant|User \d): ?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_SHORT, _LONG = 5, 100
"""Range of the words in a passage, drawn uniformly on a logarithmic scale."""
_REFILL = 20_000
"""Pairs of passages that are compared at once, in the search for contrasts."""
_READ = 4
"""Factor on the passages per step while there are no pages; it keeps the number of tokens about the same."""
_CLEARLY = (2.0, 2.0, 1.2)
"""Least difference between the two passages of a contrast, as a multiple of the measure's gap; drawn per page. A model
that is still learning gains nothing from small differences."""


class Passage(NamedTuple):
    """A piece of a document."""

    before: str
    """Text right before the passage; empty at the beginning of the document."""
    text: str
    document: int
    """Index of the document."""


def passages(texts: Sequence[str], rng: np.random.Generator) -> Iterator[Passage]:
    """Cuts documents into passages of random lengths: dialogues by their turns, other texts into runs of sentences."""
    for document, text in enumerate(texts):
        turns = _TURN.split(text)
        if len(turns) > 2:
            speeches = [(turns[i], turns[i + 1].strip()) for i in range(1, len(turns) - 1, 2)]
            lines = [f"{speaker}: {speech}" for speaker, speech in speeches]
            for index, (_, reply) in enumerate(speeches[1:], start=1):
                previous = speeches[index - 1][1]
                if _SHORT <= len(reply.split()) <= 1.5 * _LONG and previous:
                    before = _last(lines[max(0, index - _LONG) : index], _length(rng))  # a line has a word at least
                    # a single turn needs no speaker
                    yield Passage("\n\n".join(before) if len(before) > 1 else previous, reply, document)
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
    """The last parts that fit into a number of words; at least one part."""
    kept = list(parts[-1:])
    count = sum(len(part.split()) for part in kept)
    for part in islice(reversed(parts), 1, None):
        count += len(part.split())
        if count > words:
            break
        kept.append(part)
    return kept[::-1]


def _length(rng: np.random.Generator) -> int:
    return int(np.exp(rng.uniform(np.log(_SHORT), np.log(_LONG))))


@dataclass
class RealText:
    """An endless, seeded stream of passages and pages."""

    pieces: Sequence[Passage]
    rng: np.random.Generator
    questions: int = 5
    """Questions on each page."""
    items: int = 5
    """Most evidence items on a page."""
    lists: float = 0.15
    """Share of pages that list how the person likes answers instead of showing what they chose."""
    topics: float = 0.1
    """Share of pages whose person keeps to one of two documents."""
    strangers: float = 0.25
    """Share of questions that are plain tasks answered by a stranger."""
    described: float = 0.45
    """Share of the other questions that ask for the pole itself, on pages whose rule is a dimension."""
    space: PreferenceSpace = field(default_factory=manner_space)

    def __post_init__(self) -> None:
        styles = np.array([style(piece.text) for piece in self.pieces]).reshape(-1, len(STYLE))
        # sorted by length, so that neighbours have similar lengths
        order = np.argsort(styles[:, MEASURES["length"].feature], kind="stable")
        self.pieces = [self.pieces[i] for i in order.tolist()]
        self._styles: NDArray[np.float64] = styles[order]
        self._pairs: dict[tuple[str, float], list[tuple[int, int]]] = {}
        by_document: dict[int, list[int]] = {}
        for index, piece in enumerate(self.pieces):
            by_document.setdefault(piece.document, []).append(index)
        self._documents = [indices for indices in by_document.values() if len(indices) >= 3]
        if len(self._documents) < 2:
            raise DataError("pages need at least two documents of three passages each; give longer texts")

    @classmethod
    def over(cls, texts: Sequence[str], *, seed: int, questions: int) -> RealText:
        """A stream over documents.

        Args:
            questions: questions on each page.
        Raises:
            DataError: too few documents, or too short ones.
        """
        rng = np.random.default_rng(seed)
        return cls(list(passages(texts, rng)), rng, questions=questions)

    def passage(self) -> Candidates:
        """A passage as the answer to the text before it."""
        piece = self.pieces[int(self.rng.integers(len(self.pieces)))]
        return Candidates((Message("user", piece.before or PLAIN),), (piece.text,))

    def couple(self) -> tuple[Page, Page]:
        """The pages of two people with opposite rules and the same questions.

        Raises:
            DataError: hardly any two passages differ in one of the measures.
        """
        kind = self.rng.random()
        if kind < self.topics:
            one, two = (self._documents[int(i)] for i in self.rng.choice(len(self._documents), 2, replace=False))
            least = min(len(one), len(two))
            pairs = list(zip(*(self.rng.permutation(side)[:least].tolist() for side in (one, two)), strict=True))
            items = int(self.rng.integers(1, min(self.items, least - 1) + 1))
            return self._pages(self._histories(pairs[:items]), "history", pairs[items : items + self.questions])
        dimension = self.space.dimensions[int(self.rng.integers(len(self.space)))].id
        if kind < self.topics + self.lists:
            people = [Person(profile=self.space.direction({dimension: sign})) for sign in (1, -1)]
            return self._pages(people, "directions", self._contrasts(dimension, self.questions), rule=dimension)
        items = int(self.rng.integers(1, self.items + 1))
        pairs = self._contrasts(dimension, items + self.questions)
        return self._pages(self._histories(pairs[:items]), "history", pairs[items:], rule=dimension)

    def _contrasts(self, dimension: str, count: int) -> list[tuple[int, int]]:
        """Pairs of passages that differ in one dimension; the first is at the positive pole."""
        clearly = _CLEARLY[int(self.rng.integers(len(_CLEARLY)))]
        ready = self._pairs.setdefault((dimension, clearly), [])
        while len(ready) < count:
            ready.extend(self._search(dimension, clearly))
        return [ready.pop() for _ in range(count)]

    def _search(self, dimension: str, clearly: float) -> list[tuple[int, int]]:
        size = len(self.pieces)
        one = self.rng.integers(size, size=_REFILL)
        other = self.rng.integers(size, size=_REFILL) if dimension == "length" else self._near(one)
        pairs = []
        for i, j in zip(one.tolist(), other.tolist(), strict=True):
            sign = contrast(self._styles[i] - self._styles[j], dimension, times=clearly)
            if sign:
                pairs.append((i, j) if sign > 0 else (j, i))
        if not pairs:
            raise DataError(f"among {size:,} passages no two differ in '{dimension}'; give more and longer texts")
        return pairs

    def _near(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each passage a random one of similar length."""
        lengths = self._styles[:, MEASURES["length"].feature]
        low = np.searchsorted(lengths, lengths[indices] - MAX_LENGTH_GAP)
        high = np.searchsorted(lengths, lengths[indices] + MAX_LENGTH_GAP, side="right")
        return np.asarray(self.rng.integers(low, high), dtype=np.int64)

    def _histories(self, pairs: Sequence[tuple[int, int]]) -> list[Person]:
        """Two opposite people; of each pair one chose, or wrote, the first passage and the other the second one."""
        histories: tuple[list[Evidence], list[Evidence]] = ([], [])
        wrote = self.rng.random() < 0.25
        for pair in pairs:
            one, two = (self.pieces[index] for index in pair)
            task = one.before or two.before or PLAIN
            if wrote:
                for history, piece in zip(histories, (one, two), strict=True):
                    history.append(Comment(task, piece.text))
            else:
                histories[0].append(Comparison(task, one.text, two.text))
                histories[1].append(Comparison(task, two.text, one.text))
        return [Person(Persona.of_items(history)) for history in histories]

    def _pages(
        self, people: Sequence[Person], content: Content, pairs: Sequence[tuple[int, int]], *, rule: str | None = None
    ) -> tuple[Page, Page]:
        """The pages of two people, with a question about each pair of passages; `rule` is the id of a dimension."""
        pages: tuple[Page, Page] = ([], [])
        for pair in pairs:
            one, two = (self.pieces[index] for index in pair)
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
                task = f"{before}\n{DIRECT_QUESTIONS[int(self.rng.integers(len(DIRECT_QUESTIONS)))]}"
            for page, person, person_answers in zip(pages, people, answers, strict=True):
                # without the system turn, which would tell the base to please the person
                page.append(Candidates(render(person, task, content=content).messages[1:], person_answers))
        return pages


def batches(corpus: RealText, *, couples: int, threads: int, reading: int) -> Iterator[tuple[list[Page], list[Page]]]:
    """Batches of training steps: `couples` couples of pages and `threads` passages each.

    Before them come `reading` steps of passages alone.
    """
    for _ in range(reading):
        yield [], [[corpus.passage()] for _ in range(_READ * threads)]
    while True:
        yield (
            [page for _ in range(couples) for page in corpus.couple()],
            [[corpus.passage()] for _ in range(threads)],
        )
