"""Records and personas as places in a table of embedded texts, so that each text is looked at once.

Where a text stands depends on the set of texts alone: swapping two answers leaves every vector as it was. Knows
nothing of features.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Encoder, Progress, Tokens
from penchant.persona import Comment, Comparison, Demographics, Persona, Rating, Statement
from penchant.record import Record
from penchant.style import STYLE, style

Places = NDArray[np.int64]
"""Rows of a `Texts` table."""

_SENTENCE_GAP = re.compile(r"(?<=[.!?])\s+")


@dataclass(slots=True)
class Known:
    """The texts of one persona by the part they play."""

    liked: list[str] = field(default_factory=list)
    """Answers that the person chose or gave a thumb up."""
    disliked: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    """What the comments were written under; empty prompts are left out."""
    told: list[str] = field(default_factory=list)
    """Sentences of descriptions and statements."""
    asked: list[str] = field(default_factory=list)
    """What the comparisons were made under."""

    @classmethod
    def of(cls, persona: Persona) -> Known:
        """Every item of a persona, in its order."""
        known = cls()
        for item in persona.evidence:
            match item:
                case Comparison():
                    known.asked.append(item.prompt)
                    known.liked.append(item.chosen)
                    known.disliked.append(item.rejected)
                case Rating():
                    (known.liked if item.liked else known.disliked).append(item.answer)
                case Comment():
                    known.comments.append(item.text)
                    if item.prompt.strip():
                        known.posts.append(item.prompt)
                case Demographics() | Statement():
                    known.told.extend(sentences(item.text))
        return known

    def answers(self) -> Iterator[str]:
        """What was liked, disliked and written: the texts by which two people's rows can be told to overlap."""
        yield from self.liked
        yield from self.disliked
        yield from self.comments

    def texts(self) -> Iterator[str]:
        """All of it."""
        yield from self.answers()
        yield from self.posts
        yield from self.told
        yield from self.asked


def sentences(text: str) -> list[str]:
    """The sentences of a text, split after `.`, `!` and `?`."""
    return [part for part in _SENTENCE_GAP.split(text.strip()) if part]


@dataclass(frozen=True, slots=True)
class Texts:
    """T texts, each once: E numbers from either layer of an encoder, its tokens, and how it is written."""

    places: Mapping[str, int]
    final: NDArray[np.float32]
    """(T, E), rows of length 1."""
    first: NDArray[np.float32]
    """(T, E)."""
    style: NDArray[np.float64]
    """(T, 12)."""
    tokens: Tokens
    met: dict[tuple[int, tuple[int, ...]], tuple[float, ...]] = field(default_factory=dict)
    """What `late` found for an answer and some items: it takes long, never changes, and every fold asks for it."""

    @classmethod
    def of(cls, texts: Iterable[str], encoder: Encoder, *, progress: Progress | None = None) -> Texts:
        """A table of the distinct ones among some texts."""
        unique = sorted(set(texts))
        tokens = encoder.tokens(unique, progress=progress)
        embedded = encoder.layers(unique)  # of the same pass
        looks = np.array([style(text) for text in unique]).reshape(-1, len(STYLE))
        places = {text: place for place, text in enumerate(unique)}
        return cls(places, embedded.final, embedded.first, looks, tokens)

    def find(self, texts: Iterable[str]) -> Places:
        """The place of each of some texts, all of which must be in the table."""
        return np.array([self.places[text] for text in texts], dtype=np.int64)


def texts_of(records: Iterable[Record], personas: Iterable[Persona]) -> set[str]:
    """The distinct texts of some records and of the personas shown with them: what there is to embed."""
    found = {text for record in records for text in (record.prompt, record.chosen, record.rejected)}
    return found.union(*(Known.of(persona).texts() for persona in personas))


@dataclass(frozen=True, slots=True)
class Items:
    """A list of texts for each of N rows, end to end."""

    places: Places
    """(items,)."""
    counts: Places
    """(N,); sums to the number of items."""

    @classmethod
    def of(cls, lists: Sequence[Sequence[str]], texts: Texts) -> Items:
        """From one list per row."""
        flat = texts.find(text for one in lists for text in one)
        return cls(flat, np.array([len(one) for one in lists], dtype=np.int64))

    def of_rows(self, rows: Places) -> Items:
        """Those of some rows."""
        starts = np.cumsum(self.counts) - self.counts
        spans = [np.arange(starts[row], starts[row] + self.counts[row]) for row in rows]
        picked = np.concatenate([np.zeros(0, dtype=np.int64), *spans])
        return Items(self.places[picked], self.counts[rows])

    def owners(self) -> Places:
        """The row of each item, (items,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def mean(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Mean of the items' values, (items, ...) -> (N, ...); 0 for a row without items."""
        shape = (-1,) + (1,) * (values.ndim - 1)
        return self._reduced(values, np.add) / np.maximum(self.counts, 1).reshape(shape)

    def max(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Their maximum, in the same shapes; 0 for a row without items."""
        return self._reduced(values, np.maximum)

    def _reduced(self, values: NDArray[np.floating], how: np.ufunc) -> NDArray[np.float64]:
        result = np.zeros((len(self.counts), *values.shape[1:]))
        filled = self.counts > 0
        if filled.any():
            starts = (np.cumsum(self.counts) - self.counts)[filled]
            result[filled] = how.reduceat(values, starts, axis=0)
        return result


@dataclass(frozen=True, slots=True)
class Contexts:
    """N prompts with the persona that is shown beside each."""

    prompt: Places
    """(N,)."""
    liked: Items
    disliked: Items
    comments: Items
    posts: Items
    told: Items

    @classmethod
    def of(cls, prompts: Sequence[str], personas: Sequence[Persona], texts: Texts) -> Contexts:
        """From prompts and personas of the same number, whose texts are in the table."""
        known = [Known.of(persona) for _, persona in zip(prompts, personas, strict=True)]
        return cls(
            texts.find(prompts),
            Items.of([one.liked for one in known], texts),
            Items.of([one.disliked for one in known], texts),
            Items.of([one.comments for one in known], texts),
            Items.of([one.posts for one in known], texts),
            Items.of([one.told for one in known], texts),
        )

    def of_rows(self, rows: Places) -> Contexts:
        """Those of some rows."""
        groups = (self.liked, self.disliked, self.comments, self.posts, self.told)
        return Contexts(self.prompt[rows], *(items.of_rows(rows) for items in groups))
