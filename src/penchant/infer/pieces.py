"""An item of evidence in clauses, and which side each is on.

One sentence may speak of two things; its clauses are read one by one. Of what somebody wrote, only their own words
count (`quotes`), and those keep the passage they stand in, by which it is judged whether its author speaks (`voice`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar, assert_never

from penchant.infer.quotes import CLAUSE_END, own_words, passages, squeezed, unquoted
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
    within: tuple[str, ...] = ()
    """The passage that each own clause stands in, where the person wrote it; else nothing."""


def parts(item: Evidence) -> Parts:
    """The clauses of an item by the part they play."""
    match item:
        case Comment():
            own, within = written(item.text)
            return Parts(pieces(item.prompt), own, (), within)
        case Comparison():
            return Parts(pieces(item.prompt), pieces(item.chosen), pieces(item.rejected))
        case Rating():
            said = pieces(item.answer)
            return Parts(pieces(item.prompt), said, ()) if item.liked else Parts(pieces(item.prompt), (), said)
        case Statement():
            own, within = written(item.text)
            return Parts((), own, (), within)
        case Demographics():  # others may have written it, of the person
            return Parts((), pieces(unquoted(item.text)))
        case _:
            assert_never(item)


def pieces(text: str) -> tuple[str, ...]:
    """The clauses of a text, in order, at most `MOST`."""
    return tuple(_spread(list(_clauses(text))))


def written(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The clauses of a text that are its author's, at most `MOST`, and the passage that each stands in."""
    found = [(clause, one) for one in passages(unquoted(text)) for clause in _clauses(own_words(one))]
    kept = _spread(found)
    return tuple(clause for clause, _ in kept), tuple(passage for _, passage in kept)


def _spread(found: list[T]) -> list[T]:
    if len(found) <= MOST:
        return found
    return [found[place * len(found) // MOST] for place in range(MOST)]


def _clauses(text: str) -> Iterator[str]:
    for clause in CLAUSE_END.split(squeezed(text)):
        words = clause.split()
        for start in range(0, len(words), _WORDS):
            yield " ".join(words[start : start + _WORDS])
