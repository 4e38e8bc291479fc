"""Controls: trivial rules that every method must beat. They ignore the person, or only count words and style features.

Each control returns one margin per record (score of chosen minus rejected), > 0 when it prefers the chosen answer.
Swapping the two answers negates the margin. Controls and methods that are compared get the same evidence.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.persona import Comment, Comparison, Demographics, Persona, Rating, Statement
from penchant.record import Record

Control = Callable[[Sequence[Record], Sequence[Persona]], NDArray[np.float64]]
"""(records, the selected persona of each record) -> margins, (records,)."""

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return _WORD.findall(text.lower())


def longer(records: Sequence[Record], personas: Sequence[Persona]) -> NDArray[np.float64]:
    """Prefers the answer with more words, whoever the person is."""
    del personas
    return np.array([float(len(words(r.chosen)) - len(words(r.rejected))) for r in records])


def habit(records: Sequence[Record], personas: Sequence[Persona]) -> NDArray[np.float64]:
    """Prefers the longer or the shorter answer, as the person's own choices mostly did (history-length sign)."""
    margins = []
    for record, persona in zip(records, personas, strict=True):
        choices = [item for item in persona.evidence if isinstance(item, Comparison)]
        lean = sum(np.sign(len(words(item.chosen)) - len(words(item.rejected))) for item in choices)
        margins.append(float(np.sign(lean)) * (len(words(record.chosen)) - len(words(record.rejected))))
    return np.array(margins)


def overlap(records: Sequence[Record], personas: Sequence[Persona]) -> NDArray[np.float64]:
    """Prefers the answer whose words are closer to what the person wrote and chose and not to what they rejected.

    The margin uses tf-idf cosine similarities.
    """
    frequency = _document_frequency(records)
    margins = []
    for record, persona in zip(records, personas, strict=True):
        liked, disliked = _liked_and_disliked(persona)
        profile = _tfidf(liked, frequency)
        for word, weight in _tfidf(disliked, frequency).items():
            profile[word] = profile.get(word, 0.0) - weight
        chosen, rejected = (_tfidf([text], frequency) for text in (record.chosen, record.rejected))
        margins.append(_dot(chosen, profile) - _dot(rejected, profile))  # the shorter first
    return np.array(margins)


STYLE_FEATURES = (
    "log words",
    "letters per word",
    "exclamations",
    "questions",
    "capitals",
    "commas",
    "lines",
    "variety",
)


def style(text: str) -> NDArray[np.float64]:
    """The eight STYLE_FEATURES of a text, (8,); capitals per ten characters, other marks per ten words."""
    parts = text.split()
    count = max(1, len(parts))
    return np.array(
        [
            math.log1p(len(parts)),
            sum(map(len, parts)) / count,
            10 * text.count("!") / count,
            10 * text.count("?") / count,
            10 * sum(map(str.isupper, text)) / max(1, len(text)),
            10 * text.count(",") / count,
            10 * text.count("\n") / count,
            len(set(parts)) / count,
        ]
    )


def style_vector(records: Sequence[Record], personas: Sequence[Persona]) -> NDArray[np.float64]:
    """Prefers the answer whose style differs from the other as the person's chosen answers differ from rejected ones.

    Nothing is trained. Features are divided by their standard deviation over all answers.
    """
    scale = np.std([style(text) for r in records for text in (r.chosen, r.rejected)], axis=0) + 1e-9
    margins = []
    for record, persona in zip(records, personas, strict=True):
        moves = [style(i.chosen) - style(i.rejected) for i in persona.evidence if isinstance(i, Comparison)]
        lean = np.mean(moves, axis=0) / scale if moves else np.zeros_like(scale)
        margins.append(float(lean @ ((style(record.chosen) - style(record.rejected)) / scale)))
    return np.array(margins)


CONTROLS: Mapping[str, Control] = {"longer": longer, "habit": habit, "overlap": overlap, "style": style_vector}
"""Every control, by its name in tables."""


def swap_personas(records: Sequence[Record], *, seed: int) -> list[Record]:
    """The same target pairs, each with the persona of another person.

    If possible, the other person has the same kinds of evidence: some benchmarks have comments of some people and
    descriptions of others, and the swap must change the person only. People are not matched by attribute, because in
    some data the attribute is what the person prefers.

    Args:
        seed: seed of the random assignment.
    Raises:
        RecordError: fewer than two people, or records without user ids.
    """
    users = sorted({record.user_id for record in records if record.user_id is not None})
    if len(users) < 2 or any(record.user_id is None for record in records):
        raise RecordError(
            f"the control 'shuffled' shows another person's evidence, so there must be at least two people with user "
            f"ids; there are {len(users)}. Give records of more people"
        )
    order = users.copy()
    random.Random(f"swap:{seed}").shuffle(order)
    # shifting a random order by one leaves no person with their own persona
    groups = _groups_by_kinds(order, records)
    donor = {user: other for group in groups for user, other in zip(group, group[1:] + group[:1], strict=True)}
    first = {record.user_id: record for record in reversed(records)}
    same = {(record.user_id, _kinds(record)): record for record in reversed(records)}
    swapped = []
    for record in records:
        other = donor[str(record.user_id)]
        swapped.append(_with_persona_of(record, same.get((other, _kinds(record)), first[other])))
    return swapped


def _groups_by_kinds(order: Sequence[str], records: Sequence[Record]) -> list[list[str]]:
    """Groups of at least two users with the same kinds of evidence; users without a match form one group together."""
    kinds: dict[str, set[frozenset[type]]] = {}
    for record in records:
        kinds.setdefault(str(record.user_id), set()).add(_kinds(record))
    groups: dict[frozenset[frozenset[type]], list[str]] = {}
    for user in order:
        groups.setdefault(frozenset(kinds[user]), []).append(user)
    matched = [group for group in groups.values() if len(group) > 1]
    unmatched = [user for group in groups.values() if len(group) == 1 for user in group]
    if len(unmatched) == 1:
        return [[*matched[0], *unmatched], *matched[1:]]
    return [*matched, unmatched] if unmatched else matched


def _kinds(record: Record) -> frozenset[type]:
    return frozenset(map(type, record.persona.evidence))


def _with_persona_of(record: Record, donor: Record) -> Record:
    return replace(record, persona=donor.persona, profile=donor.profile, golden=donor.golden)


def _liked_and_disliked(persona: Persona) -> tuple[list[str], list[str]]:
    liked: list[str] = []
    disliked: list[str] = []
    for item in persona.evidence:
        match item:
            case Comment() | Demographics() | Statement():
                liked.append(item.text)
            case Comparison():
                liked.append(item.chosen)
                disliked.append(item.rejected)
            case Rating():
                (liked if item.liked else disliked).append(item.answer)
    return liked, disliked


def _document_frequency(records: Sequence[Record]) -> Mapping[str, float]:
    """Inverse document frequency of each word over all answers; it does not depend on the labels."""
    documents = [set(words(text)) for record in records for text in (record.chosen, record.rejected)]
    counts = Counter(word for document in documents for word in document)
    return {word: math.log((1 + len(documents)) / (1 + count)) + 1 for word, count in counts.items()}


def _tfidf(texts: Iterable[str], frequency: Mapping[str, float]) -> dict[str, float]:
    counts = Counter(word for text in texts for word in words(text))
    vector = {word: count * frequency.get(word, 0.0) for word, count in counts.items()}
    norm = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {word: weight / norm for word, weight in vector.items()} if norm else {}


def _dot(left: Mapping[str, float], right: Mapping[str, float]) -> float:
    return sum(weight * right.get(word, 0.0) for word, weight in left.items())
