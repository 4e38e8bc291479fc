"""A table of embedded texts, so that each text is embedded once; records and personas refer to texts by row number.

The row of a text depends only on the set of texts: swapping two answers does not move any vector. This module does not
know the features.
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

Ids = NDArray[np.int64]
"""Row numbers in a `Texts` table."""

_SENTENCE_GAP = re.compile(r"(?<=[.!?])\s+")


@dataclass(slots=True)
class PersonaTexts:
    """The texts of one persona, grouped by their role."""

    liked: list[str] = field(default_factory=list)
    """Answers that the person chose or gave a thumb up."""
    disliked: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    """The prompts of the comments; empty prompts are left out."""
    descriptions: list[str] = field(default_factory=list)
    """Sentences of demographics and statements."""
    comparison_prompts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, persona: Persona) -> PersonaTexts:
        """Every item of a persona, in its order."""
        texts = cls()
        for item in persona.evidence:
            match item:
                case Comparison():
                    texts.comparison_prompts.append(item.prompt)
                    texts.liked.append(item.chosen)
                    texts.disliked.append(item.rejected)
                case Rating():
                    (texts.liked if item.liked else texts.disliked).append(item.answer)
                case Comment():
                    texts.comments.append(item.text)
                    if item.prompt.strip():
                        texts.posts.append(item.prompt)
                case Demographics() | Statement():
                    texts.descriptions.extend(sentences(item.text))
        return texts

    def answers(self) -> Iterator[str]:
        """The liked, disliked and written texts: shared ones show that the rows of two people overlap."""
        yield from self.liked
        yield from self.disliked
        yield from self.comments

    def texts(self) -> Iterator[str]:
        """Every text of the persona."""
        yield from self.answers()
        yield from self.posts
        yield from self.descriptions
        yield from self.comparison_prompts


def sentences(text: str) -> list[str]:
    """The sentences of a text, split after `.`, `!` and `?`."""
    return [part for part in _SENTENCE_GAP.split(text.strip()) if part]


@dataclass(frozen=True, slots=True)
class Texts:
    """T distinct texts with their vectors from two layers of an encoder (E numbers each), tokens and style counts."""

    ids: Mapping[str, int]
    """Text -> row."""
    final: NDArray[np.float32]
    """Final embeddings, (T, E), rows of length 1."""
    first: NDArray[np.float32]
    """Mean of the first layer, (T, E)."""
    style: NDArray[np.float64]
    """Style counts, (T, 12)."""
    tokens: Tokens
    late_cache: dict[tuple[int, tuple[int, ...]], tuple[float, ...]] = field(default_factory=dict)
    """Late-interaction measures of an answer against some items. They are slow, never change, and every fold needs
    them again."""

    @classmethod
    def of(cls, texts: Iterable[str], encoder: Encoder, *, progress: Progress | None = None) -> Texts:
        """A table of the distinct texts."""
        unique = sorted(set(texts))
        tokens = encoder.tokens(unique, progress=progress)
        embedded = encoder.layers(unique)  # cached by the pass that gave the tokens
        styles = np.array([style(text) for text in unique]).reshape(-1, len(STYLE))
        return cls(
            ids={text: row for row, text in enumerate(unique)},
            final=embedded.final,
            first=embedded.first,
            style=styles,
            tokens=tokens,
        )

    def find(self, texts: Iterable[str]) -> Ids:
        """The row of each text; raises KeyError for a text that is not in the table."""
        return np.array([self.ids[text] for text in texts], dtype=np.int64)


def texts_of(records: Iterable[Record], personas: Iterable[Persona]) -> set[str]:
    """The distinct texts of some records and personas: everything that has to be embedded."""
    texts = {text for record in records for text in (record.task, record.chosen, record.rejected)}
    return texts.union(*(PersonaTexts.of(persona).texts() for persona in personas))


@dataclass(frozen=True, slots=True)
class Items:
    """A list of items for each of N rows, joined end to end."""

    ids: Ids
    """What each item is, most often a row of a `Texts` table, (items,)."""
    counts: Ids
    """How many items each row has, (N,); sums to the number of items."""

    @classmethod
    def of(cls, lists: Sequence[Sequence[str]], texts: Texts) -> Items:
        """From one list of texts per row."""
        flat = texts.find(text for row in lists for text in row)
        return cls(flat, np.array([len(row) for row in lists], dtype=np.int64))

    def of_rows(self, rows: Ids) -> Items:
        """The items of a selection of rows."""
        starts = np.cumsum(self.counts) - self.counts
        spans = [np.arange(starts[row], starts[row] + self.counts[row]) for row in rows]
        picked = np.concatenate([np.zeros(0, dtype=np.int64), *spans])
        return Items(self.ids[picked], self.counts[rows])

    def owners(self) -> Ids:
        """The row that each item belongs to, (items,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def mean(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Mean of the items' values per row, (items, ...) -> (N, ...); 0 for a row without items."""
        shape = (-1,) + (1,) * (values.ndim - 1)
        return self._reduced(values, np.add) / np.maximum(self.counts, 1).reshape(shape)

    def max(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Maximum of the items' values per row, (items, ...) -> (N, ...); 0 for a row without items."""
        return self._reduced(values, np.maximum)

    def _reduced(self, values: NDArray[np.floating], reduction: np.ufunc) -> NDArray[np.float64]:
        result = np.zeros((len(self.counts), *values.shape[1:]))
        filled = self.counts > 0
        if filled.any():
            starts = (np.cumsum(self.counts) - self.counts)[filled]
            result[filled] = reduction.reduceat(values, starts, axis=0)
        return result


@dataclass(frozen=True, slots=True)
class Contexts:
    """N prompts, each with the texts of its persona by their role; see `PersonaTexts`."""

    prompt: Ids
    """(N,)."""
    liked: Items
    disliked: Items
    comments: Items
    posts: Items
    descriptions: Items

    @classmethod
    def of(cls, prompts: Sequence[str], personas: Sequence[Persona], texts: Texts) -> Contexts:
        """From as many prompts as personas, whose texts are all in the table."""
        groups = [PersonaTexts.of(persona) for _, persona in zip(prompts, personas, strict=True)]
        return cls(
            prompt=texts.find(prompts),
            liked=Items.of([group.liked for group in groups], texts),
            disliked=Items.of([group.disliked for group in groups], texts),
            comments=Items.of([group.comments for group in groups], texts),
            posts=Items.of([group.posts for group in groups], texts),
            descriptions=Items.of([group.descriptions for group in groups], texts),
        )

    def of_rows(self, rows: Ids) -> Contexts:
        """A selection of the rows."""
        return Contexts(
            prompt=self.prompt[rows],
            liked=self.liked.of_rows(rows),
            disliked=self.disliked.of_rows(rows),
            comments=self.comments.of_rows(rows),
            posts=self.posts.of_rows(rows),
            descriptions=self.descriptions.of_rows(rows),
        )

    def by_name(self) -> dict[str, Items]:
        """The items under the names that features have for them; `told` is the descriptions."""
        return {
            "liked": self.liked,
            "disliked": self.disliked,
            "comments": self.comments,
            "posts": self.posts,
            "told": self.descriptions,
        }
