"""Finds leaks: records that contain their own answer, and test data that is also in the training data.

Leaks raise accuracy although nothing is learned about people. Examples: a history contains the target pair, a person is
in both splits, an answer text is in both splits. Each check counts the records with one kind of leak, and gives the ids
of the first few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from penchant.message import Conversation
from penchant.persona import Comment, Comparison, Demographics, Evidence, Rating, Statement
from penchant.record import Record

EXAMPLES = 5
"""Maximum number of record ids in a finding."""
_LONG = 5
"""Minimum number of words in an answer; a shorter answer may occur in a longer text by coincidence."""


class Check(NamedTuple):
    """A check and its description."""

    what: str
    test: Callable[..., list[bool]]
    """Takes the test records (and the training records, in AGAINST); True for each record with the leak."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    """The name of the check."""
    what: str
    """What the check looks for."""
    count: int
    """Number of records with the leak."""
    of: int
    """Number of records checked."""
    examples: tuple[str, ...]
    """Ids of the first records with the leak."""

    @property
    def share(self) -> float:
        """Share of the records with the leak; 0 without records."""
        return self.count / self.of if self.of else 0.0


def leakage(records: Sequence[Record], others: Sequence[Record] = ()) -> list[Finding]:
    """All checks of the test records alone; with training records, also the checks against these.

    Args:
        records: the test records.
        others: the training records.
    """
    findings = [_finding(name, check, records, hits=check.test(records)) for name, check in ALONE.items()]
    if others:
        findings += [
            _finding(name, check, records, hits=check.test(records, others)) for name, check in AGAINST.items()
        ]
    return findings


def _finding(name: str, check: Check, records: Sequence[Record], *, hits: Sequence[bool]) -> Finding:
    ids = [record.record_id for record, hit in zip(records, hits, strict=True) if hit]
    return Finding(check=name, what=check.what, count=len(ids), of=len(records), examples=tuple(ids[:EXAMPLES]))


def _own_pair(records: Sequence[Record]) -> list[bool]:
    return [any(_pair(item) == (r.chosen, r.rejected) for item in r.persona.evidence) for r in records]


def _own_answer(records: Sequence[Record]) -> list[bool]:
    return [any(_occurs_in(answer, text) for text in _seen(r) for answer in (r.chosen, r.rejected)) for r in records]


def _seen(record: Record) -> list[str]:
    """What a model reads of a record before it answers, but for the task: the evidence and the earlier turns."""
    evidence = [text for item in record.persona.evidence for text in _texts(item)]
    return [*evidence, *(turn.content for turn in record.prompt[:-1])]


def _occurs_in(answer: str, text: str) -> bool:
    # a short answer ("yes") occurs in many texts by chance
    return answer == text or (len(answer.split()) >= _LONG and answer in text)


def _own_prompt(records: Sequence[Record]) -> list[bool]:
    return [any(r.task == _prompt(item) for item in r.persona.evidence) for r in records]


def _own_direction(records: Sequence[Record]) -> list[bool]:
    """Records whose profile states exactly the direction of their own pair: it was read from that pair."""
    return [_profile_of_own_pair(record) for record in records]


def _profile_of_own_pair(record: Record) -> bool:
    direction, profile = record.direction, record.profile
    if direction is None or profile is None or not direction.signs.any():
        return False
    mask = direction.signs != 0
    same_size = int((profile.signs != 0).sum()) == int(mask.sum())
    return same_size and bool((direction.signs[mask] == profile.signs[mask]).all())


def _repeated(records: Sequence[Record]) -> list[bool]:
    """Repeats by one person; several people who judge the same pair are the normal case."""
    counts = Counter((r.person_id, _question(r)) for r in records)
    return [counts[r.person_id, _question(r)] > 1 for r in records]


def _contradicted(records: Sequence[Record]) -> list[bool]:
    """Records whose person also has the same pair with the answers swapped.

    In some benchmarks the user id names a prompt instead of a user. So two records count as one person only if their
    histories have an item in common, or are equal.
    """
    histories: dict[tuple[str | None, Conversation, str, str], list[set[tuple[str, ...]]]] = {}
    for r in records:
        histories.setdefault((r.user_id, *_question(r)), []).append(set(map(_bare, r.persona.evidence)))

    def contradicted(r: Record) -> bool:
        own = set(map(_bare, r.persona.evidence))
        others = histories.get((r.user_id, r.prompt, r.rejected, r.chosen), [])
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
    seen = {text for r in others for text in (r.chosen, r.rejected, *_seen(r))}
    return [r.chosen in seen or r.rejected in seen for r in records]


def _shared_history(records: Sequence[Record], others: Sequence[Record]) -> list[bool]:
    seen = {item for r in others for item in map(_bare, r.persona.evidence)}
    return [any(_bare(item) in seen for item in r.persona.evidence) for r in records]


def _question(record: Record) -> tuple[Conversation, str, str]:
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
    """The kind and the texts of an item, without its prompt."""
    return type(item).__name__, *_texts(item)


ALONE: Mapping[str, Check] = {
    "own pair": Check("the history contains the target pair", _own_pair),
    "own answer": Check("the history or an earlier turn contains one of the two answers", _own_answer),
    "own prompt": Check("the history contains an item under the target prompt", _own_prompt),
    "own direction": Check("the profile states exactly the direction of the target pair", _own_direction),
    "repeated": Check("the same person has the same prompt and answers in more than one record", _repeated),
    "contradicted": Check("the same person also has the pair with the answers swapped", _contradicted),
}
"""Checks of the test records alone."""
AGAINST: Mapping[str, Check] = {
    "shared person": Check("the other data contain the person", _shared_person),
    "shared pair": Check("the other data contain the pair of answers", _shared_pair),
    "shared answer": Check("the other data contain one of the two answers", _shared_answer),
    "shared history": Check("the other data contain an item of the history", _shared_history),
}
"""Checks of the test records against the training records."""
