"""An item of evidence in clauses, and which side each is on.

One sentence may speak of two things; its clauses are read one by one. Of what somebody wrote, only their own words
count (`quotes`), and those keep the passage they stand in, by which it is judged whether its author speaks (`voice`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from typing import NamedTuple, TypeVar, assert_never

from penchant.infer.quotes import CLAUSE_END, hedged, own_words, passages, sentences, squeezed, unquoted
from penchant.persona import Comment, Comparison, Demographics, Evidence, Rating, Statement

T = TypeVar("T")
MOST = 64
"""Clauses of one text that are read; of a longer one, evenly spread over it."""
_WORDS = 60
"""Words of one clause, at most."""


class Parts(NamedTuple):
    """The clauses of one item."""

    task: tuple[str, ...]
    """What it was written or chosen under; it takes no side."""
    own: tuple[str, ...]
    """What the person wrote, chose or liked."""
    against: tuple[str, ...] = ()
    """What the person passed over or disliked."""
    passages: tuple[str, ...] = ()
    """The passage that each own clause stands in, where the person wrote it; else nothing."""
    hedged: tuple[bool, ...] = ()
    """Whether each own clause stands in a sentence that takes it back or doubts it, where the person wrote it."""

    def plain(self) -> Parts:
        """Without own clauses that are hedged."""
        if not any(self.hedged):
            return self
        keep = [not hedge for hedge in self.hedged]
        own, within = (tuple(compress(some, keep)) for some in (self.own, self.passages))
        return Parts(self.task, own, self.against, within, (False,) * len(own))


def parts(item: Evidence) -> Parts:
    """The clauses of an item by the part they play."""
    match item:
        case Comment():
            return Parts(pieces(item.prompt), *written(item.text))
        case Comparison():
            return Parts(pieces(item.prompt), pieces(item.chosen), pieces(item.rejected))
        case Rating():
            said = pieces(item.answer)
            return Parts(pieces(item.prompt), said, ()) if item.liked else Parts(pieces(item.prompt), (), said)
        case Statement():
            return Parts((), *written(item.text))
        case Demographics():  # others may have written it, of the person
            return Parts((), pieces(unquoted(item.text)))
        case _:
            assert_never(item)


def pieces(text: str) -> tuple[str, ...]:
    """The clauses of a text, in order, at most `MOST`."""
    return tuple(_spread(list(_clauses(text))))


def written(text: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[bool, ...]]:
    """The clauses of a text that are its author's, at most `MOST`, none against, and of each its passage and hedge."""
    found = [
        (clause, passage, torn)
        for passage in passages(unquoted(text))
        for sentence in sentences(own_words(passage))
        for torn in (hedged(sentence),)  # once, as a sentence may be the whole text
        for clause in _clauses(sentence)
    ]
    kept = _spread(found)
    return tuple(c for c, _, _ in kept), (), tuple(p for _, p, _ in kept), tuple(h for _, _, h in kept)


def _spread(found: list[T]) -> list[T]:
    if len(found) <= MOST:
        return found
    return [found[place * len(found) // MOST] for place in range(MOST)]


def _clauses(text: str) -> Iterator[str]:
    for clause in CLAUSE_END.split(squeezed(text)):
        words = clause.split()
        for start in range(0, len(words), _WORDS):
            yield " ".join(words[start : start + _WORDS])
