"""Splits an evidence item into clauses, and marks each clause as part of the task, the person's own, or against.

A sentence may be about two things, so each clause is annotated alone. The mark `against` means that the person rejected
or disliked the text. In a text that the person wrote, only their own words count (`quotes`). Each of these clauses
keeps its passage, because `voice` decides per passage whether the author speaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from typing import NamedTuple, TypeVar, assert_never

from penchant.infer.quotes import CLAUSE_END, hedged, own_words, passages, sentences, squeezed, unquoted
from penchant.persona import Comment, Comparison, Demographics, Evidence, Rating, Statement

T = TypeVar("T")
MAX_CLAUSES = 64
"""Maximum number of clauses from one text; from a longer text, every n-th clause is taken."""
_MAX_WORDS = 60
"""Words of one clause, at most; a longer clause is cut into several."""


class Parts(NamedTuple):
    """The clauses of one item."""

    task: tuple[str, ...]
    """Clauses of the prompt; they have no side."""
    own: tuple[str, ...]
    """Clauses that the person wrote, chose or liked."""
    against: tuple[str, ...] = ()
    """Clauses that the person rejected or disliked."""
    passages: tuple[str, ...] = ()
    """The passage of each own clause if the person wrote the text; else empty."""
    hedged: tuple[bool, ...] = ()
    """Whether the sentence of each own clause retracts or doubts it, if the person wrote the text; else empty."""

    def plain(self) -> Parts:
        """The parts without hedged own clauses."""
        if not any(self.hedged):
            return self
        keep = [not hedge for hedge in self.hedged]
        own = tuple(compress(self.own, keep))
        return self._replace(own=own, passages=tuple(compress(self.passages, keep)), hedged=(False,) * len(own))


def parts(item: Evidence) -> Parts:
    """The clauses of an item, by their part in it."""
    match item:
        case Comment():
            return _written(item.text, task=pieces(item.prompt))
        case Comparison():
            return Parts(pieces(item.prompt), pieces(item.chosen), pieces(item.rejected))
        case Rating():
            task, answer = pieces(item.prompt), pieces(item.answer)
            return Parts(task, own=answer) if item.liked else Parts(task, own=(), against=answer)
        case Statement():
            return _written(item.text, task=())
        case Demographics():  # somebody else may have written it about the person
            return Parts(task=(), own=pieces(unquoted(item.text)))
        case _:
            assert_never(item)


def pieces(text: str) -> tuple[str, ...]:
    """The clauses of a text, in order, at most `MAX_CLAUSES`."""
    return tuple(_spread(list(_clauses(squeezed(text)))))


def _written(text: str, *, task: tuple[str, ...]) -> Parts:
    """The parts of a text by the person: its author's own clauses, at most `MAX_CLAUSES`."""
    clauses = [
        (clause, passage, sentence)
        for passage in passages(unquoted(text))
        for sentence in sentences(own_words(passage))
        for clause in _clauses(sentence)
    ]
    kept = _spread(clauses)
    # once per sentence, as a sentence may be very long, and only for what is kept
    doubted = {sentence: hedged(sentence) for sentence in {sentence for _, _, sentence in kept}}
    return Parts(
        task,
        own=tuple(clause for clause, _, _ in kept),
        passages=tuple(passage for _, passage, _ in kept),
        hedged=tuple(doubted[sentence] for _, _, sentence in kept),
    )


def _spread(clauses: list[T]) -> list[T]:
    if len(clauses) <= MAX_CLAUSES:
        return clauses
    return [clauses[number * len(clauses) // MAX_CLAUSES] for number in range(MAX_CLAUSES)]


def _clauses(text: str) -> Iterator[str]:
    for clause in CLAUSE_END.split(text):
        words = clause.split()
        if len(words) == 1:  # nothing to join; a text may consist of such clauses
            yield words[0]
            continue
        for start in range(0, len(words), _MAX_WORDS):
            yield " ".join(words[start : start + _MAX_WORDS])
