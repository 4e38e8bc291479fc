"""Splits an evidence item into clauses, and marks each clause as part of the task, the person's own, or against.

A sentence may be about two things, so each clause is annotated alone. The mark `against` means that the person rejected
or disliked the text. In a text that the person wrote, only their own words count (`quotes`). Each of these clauses
keeps its passage, because `voice` decides per passage whether the author speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import compress
from typing import NamedTuple, TypeVar, assert_never

from penchant.infer.questions import asks_others
from penchant.infer.quotes import CLAUSE_END, hedged, own_words, passages, sentences, squeezed, unquoted
from penchant.persona import Comment, Comparison, Demographics, Evidence, Rating, Statement

T = TypeVar("T")
MAX_CLAUSES = 64
"""Maximum number of clauses from one text; from a longer text, every n-th clause is taken."""
_FEW = 3
"""Words from which on a sentence stands alone, where sentences are not split."""
_MAX_WORDS = 60
"""Words of one clause, at most; a longer clause is cut into several."""


class Parts(NamedTuple):
    """The clauses of one item."""

    task: tuple[str, ...]
    """Clauses of the prompt; they have no side. None where sentences are not split: their head does not use them."""
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


def parts(item: Evidence, *, by_sentence: bool = False) -> Parts:
    """The clauses of an item, by their part in it.

    Args:
        by_sentence: do not split sentences, which irony and negation may span; leave out questions about other
            people's tastes; and put the prompt before each answer: of a long prompt the end is kept, and of a long
            answer the beginning.
    """
    match item:
        case Comment():
            return _written(item.text, task=_task(item.prompt, by_sentence), by_sentence=by_sentence)
        case Comparison():
            first, second = (
                _answer(item.prompt, answer, by_sentence=by_sentence) for answer in (item.chosen, item.rejected)
            )
            return Parts(_task(item.prompt, by_sentence), first, second)
        case Rating():
            task, answer = (
                _task(item.prompt, by_sentence),
                _answer(item.prompt, item.answer, by_sentence=by_sentence),
            )
            return Parts(task, own=answer) if item.liked else Parts(task, own=(), against=answer)
        case Statement():
            return _written(item.text, task=(), by_sentence=by_sentence)
        case Demographics():  # somebody else may have written it about the person
            return Parts(task=(), own=pieces(unquoted(item.text), by_sentence=by_sentence))
        case _:
            assert_never(item)


def pieces(text: str, *, by_sentence: bool = False) -> tuple[str, ...]:
    """The clauses of a text, or its sentences, in order, at most `MAX_CLAUSES`."""
    squeezed_text = squeezed(text)
    if not by_sentence:
        return tuple(_spread(list(_clauses(squeezed_text))))
    return tuple(_spread([part for sentence in _joined(sentences(squeezed_text)) for part in _cut(sentence)]))


def _task(prompt: str, by_sentence: bool) -> tuple[str, ...]:
    return () if by_sentence else pieces(prompt)


def _answer(prompt: str, answer: str, *, by_sentence: bool) -> tuple[str, ...]:
    if not by_sentence or not answer.strip():
        return pieces(answer)
    words = [*prompt.split()[-_MAX_WORDS:], *answer.split()[: 2 * _MAX_WORDS]]
    return (" ".join(words),)


def _written(text: str, *, task: tuple[str, ...], by_sentence: bool) -> Parts:
    """The parts of a text by the person: its author's own clauses, at most `MAX_CLAUSES`."""
    split = _cut if by_sentence else _clauses
    join = _joined if by_sentence else iter
    clauses = [
        (clause, passage, sentence)
        for passage in passages(unquoted(text))
        for sentence in join(sentences(own_words(passage)))
        if not (by_sentence and asks_others(sentence))
        for clause in split(sentence)
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


def _joined(parts: Iterable[str]) -> Iterator[str]:
    """Sentences, where a question of a word or two ("Dogs? …") is joined with its answer, which says what is meant.

    Other short ones stand alone: with an exclamation before it ("Oh, cool! I like …") a sentence is read as irony.
    """
    waiting = ""
    for part in parts:
        joined = f"{waiting} {part}".lstrip()
        if part.endswith("?") and len(joined.split()) < _FEW:
            waiting = joined
            continue
        waiting = ""
        yield joined
    if waiting:
        yield waiting


def _spread(clauses: list[T]) -> list[T]:
    if len(clauses) <= MAX_CLAUSES:
        return clauses
    return [clauses[number * len(clauses) // MAX_CLAUSES] for number in range(MAX_CLAUSES)]


def _clauses(text: str) -> Iterator[str]:
    for clause in CLAUSE_END.split(text):
        yield from _cut(clause)


def _cut(text: str) -> Iterator[str]:
    """A text in parts of `_MAX_WORDS` words at most."""
    words = text.split()
    if len(words) == 1:  # nothing to join; a text may consist of such clauses
        yield words[0]
        return
    for start in range(0, len(words), _MAX_WORDS):
        yield " ".join(words[start : start + _MAX_WORDS])
