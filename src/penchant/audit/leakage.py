"""Leakage: whether a record gives its own answer away, and whether what is tested was seen in training.

A history that holds the very pair asked about, a person on both sides of a split or an answer text that occurs in both
raise accuracy without anything being learned of people. Every check is a count over records with the ids of the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from penchant.persona import Comment, Comparison, Demographics, Evidence, Rating, Statement
from penchant.record import Record

EXAMPLES = 5
"""Ids that are told of each finding."""
_LONG = 5
"""Words from which on an answer that stands within a text is no chance."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check."""

    check: str
    what: str
    """In words."""
    count: int
    """Records it is true of."""
    of: int
    examples: tuple[str, ...]

    @property
    def share(self) -> float:
        """Of the records; 0 where there are none."""
        return self.count / self.of if self.of else 0.0


def leakage(records: Sequence[Record], others: Sequence[Record] = ()) -> list[Finding]:
    """Checks of some records by themselves and, if there are others, against what was trained on.

    Args:
        records: what is tested.
        others: what was trained on.
    """
    found = [_finding(name, what, test(records), records) for name, (what, test) in ALONE.items()]
    if others:
        found += [_finding(name, what, test(records, others), records) for name, (what, test) in AGAINST.items()]
    return found


def _finding(check: str, what: str, hits: Sequence[bool], records: Sequence[Record]) -> Finding:
    ids = [record.record_id for record, hit in zip(records, hits, strict=True) if hit]
    return Finding(check, what, len(ids), len(records), tuple(ids[:EXAMPLES]))


def _own_pair(records: Sequence[Record]) -> list[bool]:
    return [any(_pair(item) == (r.chosen, r.rejected) for item in r.persona.evidence) for r in records]


def _own_answer(records: Sequence[Record]) -> list[bool]:
    return [
        any(
            _stands_in(answer, text) for item in r.persona.evidence for text in _texts(item) for answer in _asked(r)[1:]
        )
        for r in records
    ]


def _stands_in(answer: str, text: str) -> bool:
    # a short answer ("yes") stands in many texts by chance
    return answer == text or (len(answer.split()) >= _LONG and answer in text)


def _own_prompt(records: Sequence[Record]) -> list[bool]:
    return [any(r.prompt.strip() and r.prompt == _prompt(item) for item in r.persona.evidence) for r in records]


def _own_direction(records: Sequence[Record]) -> list[bool]:
    """The shown profile states all that the choice is about: it was read off the pair that is asked."""
    return [r.profile is not None and r.direction is not None and _within(r) for r in records]


def _within(record: Record) -> bool:
    asked, shown = record.direction, record.profile
    if asked is None or shown is None or not asked.signs.any():
        return False
    about = asked.signs != 0
    return bool((asked.signs[about] == shown.signs[about]).all()) and int((shown.signs != 0).sum()) == int(about.sum())


def _repeated(records: Sequence[Record]) -> list[bool]:
    counts = Counter(_asked(r) for r in records)
    return [counts[_asked(r)] > 1 for r in records]


def _contradicted(records: Sequence[Record]) -> list[bool]:
    """The same person is asked the same, with the answers the other way round.

    Benchmarks may name a prompt where a user belongs: those who show nothing of the same history are not the same.
    """
    asked: dict[tuple[str | None, str, str, str], list[set[tuple[str, ...]]]] = {}
    for r in records:
        asked.setdefault((r.user_id, *_asked(r)), []).append(set(map(_bare, r.persona.evidence)))

    def contradicted(r: Record) -> bool:
        own = set(map(_bare, r.persona.evidence))
        others = asked.get((r.user_id, r.prompt, r.rejected, r.chosen), [])
        return r.user_id is not None and any(own & other or own == other for other in others)

    return [contradicted(r) for r in records]


def _shared_person(records: Sequence[Record], others: Sequence[Record]) -> list[bool]:
    people = {r.user_id for r in others if r.user_id is not None}
    return [r.user_id in people for r in records]


def _shared_pair(records: Sequence[Record], others: Sequence[Record]) -> list[bool]:
    seen = {frozenset((r.chosen, r.rejected)) for r in others}
    seen |= {frozenset(pair) for r in others for item in r.persona.evidence if (pair := _pair(item))}
    return [frozenset((r.chosen, r.rejected)) in seen for r in records]


def _shared_answer(records: Sequence[Record], others: Sequence[Record]) -> list[bool]:
    seen = {text for r in others for text in (r.chosen, r.rejected)}
    seen |= {text for r in others for item in r.persona.evidence for text in _texts(item)}
    return [r.chosen in seen or r.rejected in seen for r in records]


def _shared_history(records: Sequence[Record], others: Sequence[Record]) -> list[bool]:
    seen = {item for r in others for item in map(_bare, r.persona.evidence)}
    return [any(_bare(item) in seen for item in r.persona.evidence) for r in records]


def _asked(record: Record) -> tuple[str, str, str]:
    return record.prompt, record.chosen, record.rejected


def _pair(item: Evidence) -> tuple[str, str] | None:
    return (item.chosen, item.rejected) if isinstance(item, Comparison) else None


def _prompt(item: Evidence) -> str:
    return item.prompt if isinstance(item, Comment | Comparison | Rating) else ""


def _texts(item: Evidence) -> tuple[str, ...]:
    match item:
        case Comparison():
            return item.chosen, item.rejected
        case Rating():
            return (item.answer,)
        case Comment() | Demographics() | Statement():
            return (item.text,)


def _bare(item: Evidence) -> tuple[str, ...]:
    return type(item).__name__, *_texts(item)


ALONE: Mapping[str, tuple[str, Callable[[Sequence[Record]], list[bool]]]] = {
    "own pair": ("the history holds the very choice that is asked", _own_pair),
    "own answer": ("one of the two answers stands in the history", _own_answer),
    "own prompt": ("the history was written or chosen under the prompt that is asked", _own_prompt),
    "own direction": ("the profile shown states just what the choice is about", _own_direction),
    "repeated": ("the same prompt and answers are asked more than once", _repeated),
    "contradicted": ("the same person is asked the same with the answers turned round", _contradicted),
}
AGAINST: Mapping[str, tuple[str, Callable[[Sequence[Record], Sequence[Record]], list[bool]]]] = {
    "shared person": ("the person is in the other data too", _shared_person),
    "shared pair": ("the two answers are a pair there", _shared_pair),
    "shared answer": ("one of the two answers occurs there", _shared_answer),
    "shared history": ("an item of the history occurs there", _shared_history),
}
