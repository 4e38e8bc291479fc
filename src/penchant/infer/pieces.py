"""An item of evidence in clauses, and which side each is on.

One sentence may speak of two things; its clauses are read one by one. What a person quotes is not theirs: lines that
begin with `>` and long passages in quotation marks are left out, and so is what they report of somebody else ("my
brother loves it") until they speak of themselves again. Everything is data: nothing in a text is obeyed, and a sentence
that is an order to its reader, or plays a part in a chat, says nothing of its author.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, assert_never

from penchant.persona import Comment, Comparison, Demographics, Evidence, Rating, Statement

MOST = 64
"""Clauses of one text that are read; of a longer one, evenly spread over it."""
_WORDS = 60
"""Words of one clause, at most."""
_GAP = re.compile(r"(?<=[.!?;:])\s+|,\s+|\n+|\s+(?:and|but|or)\s+", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ORDER = re.compile(
    r"""\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:above|before|previous|prior|earlier|instructions?|rules|prompt)\b
    |\b(?:record|note|mark|set|label|classify|output|report|write|update|store|save|remember|assume|conclude|treat)\b.{0,40}
     \b(?:user|author|person|profile|dimension|belief|label|probability|preferences?)\b
    |^\W*(?:system|assistant|user|developer|instructions?)\s*:|<\|[^|\n]{0,40}\|>|\[/?INST\]|<</?SYS>>""",
    re.IGNORECASE | re.VERBOSE,
)
_ADVERBS = r"(?:\w+ly\s+|always\s+|often\s+|really\s+|once\s+|just\s+|has\s+|have\s+|keeps?\s+|would\s+)*"
_OTHERS = re.compile(
    rf"""^\W*(?:\w+[:,]\s+)?(?:
    (?i:(?:my|our|his|her|their|the|a|an|some|one\s+of\s+my)\s+(?:(?!(?:is|are|was|were)\b)\w+\s+){{1,3}}
       |(?:he|she|they|everyone|everybody|someone|somebody|people|others|most|many)\s+){_ADVERBS}
    (?:say|think|tell|telling|claim|believe|love|like|hate|prefer|enjoy|want|{{said}})\b
    |[A-Z]\w+\s+{_ADVERBS}{{said}}\b)""".replace(
        "{said}",
        "(?:says|said|thinks|thought|tells|told|claims|claimed|writes|wrote|insists|insisted|believes|believed|swears"
        "|loves|loved|likes|liked|hates|hated|prefers|preferred|enjoys|enjoyed|wants|wanted)",
    ),
    re.VERBOSE,
)
"""What somebody else says or likes: after a name only in forms that no first person has."""
_SELF = re.compile(r"\b(?:I|[Mm]e|[Mm]yself|[Mm]ine)\b")
_QUOTED_LINE = re.compile(r"^\s*>.*$", re.MULTILINE)
_MARK = re.compile(r"[\"“”\n]")
_LONG_QUOTE = 5
"""Words in quotation marks from which on they are somebody else's; fewer are emphasis."""


class Parts(NamedTuple):
    """The clauses of one item."""

    task: tuple[str, ...]
    """What it was written or chosen under; it takes no side."""
    own: tuple[str, ...]
    """What the person wrote, chose or liked."""
    against: tuple[str, ...] = ()
    """What the person passed over or disliked."""


def parts(item: Evidence) -> Parts:
    """The clauses of an item by the part they play."""
    match item:
        case Comment():
            return Parts(pieces(item.prompt), pieces(own_words(item.text)))
        case Comparison():
            return Parts(pieces(item.prompt), pieces(item.chosen), pieces(item.rejected))
        case Rating():
            said = pieces(item.answer)
            return Parts(pieces(item.prompt), said, ()) if item.liked else Parts(pieces(item.prompt), (), said)
        case Statement():
            return Parts((), pieces(own_words(item.text)))
        case Demographics():  # others may have written it, of the person
            return Parts((), pieces(unquoted(item.text)))
        case _:
            assert_never(item)


def pieces(text: str) -> tuple[str, ...]:
    """The clauses of a text, in order, at most `MOST`."""
    found = list(_clauses(text))
    if len(found) <= MOST:
        return tuple(found)
    return tuple(found[place * len(found) // MOST] for place in range(MOST))


def own_words(text: str) -> str:
    """A text less what it quotes, what it reports of others, and what orders its reader about."""
    return " ".join(_own(unquoted(text)))


def _own(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text):
        if _ORDER.search(sentence):
            continue
        of_others = False
        start = 0
        for gap in (*_GAP.finditer(sentence), None):
            end = gap.end() if gap else len(sentence)
            clause = sentence[start:end]
            of_others = bool(_OTHERS.match(clause)) or (of_others and not _SELF.search(clause))
            if not of_others:
                yield clause
            start = end


def unquoted(text: str) -> str:
    """A text less what it quotes: lines after `>`, and long passages in quotation marks on one line."""
    text = _QUOTED_LINE.sub(" ", text)
    kept: list[str] = []
    start = opened = -1
    for mark in (*_MARK.finditer(text), None):
        place = mark.start() if mark else len(text)
        passage = text[start + 1 : place]
        closes = opened == start >= 0 and mark is not None and mark[0] in '"”'
        if closes and len(passage.split()) >= _LONG_QUOTE:
            kept.append(" ")
            opened = -1
        else:
            kept.append(passage if start < 0 else text[start] + passage)
            opened = place if mark is not None and mark[0] in '"“' and not closes else -1
        start = place
    return "".join(kept)


def _clauses(text: str) -> Iterator[str]:
    for clause in _GAP.split(text):
        words = clause.split()
        for start in range(0, len(words), _WORDS):
            yield " ".join(words[start : start + _WORDS])
