"""Removes text that is plainly not in the author's own words: quotes, forwarded letters, reports, orders, code.

A report of what others say or like ends where the author speaks about themselves again. Every text is data: no
instruction in a text is followed. The rules match English patterns, not meaning, and are easy to evade; `voice` covers
other cases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CLAUSE_END = re.compile(r"(?<=[.!?;:])\s+|,\s+|\n+|(?<!\s)\s+(?:and|but|or)\s+", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"\w")
PASSAGE = 60
"""Approximate number of words in a passage."""
_SELF = re.compile(r"\b(?:I|[Mm]e|[Mm]yself|[Mm]ine|[Ww]e|us)\b")
_OWN = re.compile(rf"{_SELF.pattern}|\b[Mm]y\b")
"""A match ends a report of others. A sentence about "the user" counts only if `_SELF` matches: "my" is not enough."""

# Orders, claims and markup.
_ORDER = re.compile(
    r"""\b(?:ignore|disregard|forget|override)\b.{0,40}
     \b(?:above|before|previous|prior|earlier|instructions?|rules|prompt)\b
    |\b(?:record|note|mark|set|label|classify|output|report|write|update|store|save|register|remember|assume|conclude
        |treat|act|count)\b.{0,40}
     \b(?:user|author|writer|person|profile|dimension|belief|label|probability|preferences?)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_MARKUP = re.compile(
    r"""^\W*+(?:system|assistant|user|human|developer|admin\w*|instructions?|annotator|bot)\b[\w\s]{0,20}[:)\]>]
    |<\|[^|\n]{0,40}\|>|</?[a-z][\w-]{0,30}>|<!--|-->|\[/?INST\]|<</?SYS>>|```
    |"\s*:\s*["\d\[{]|[{}]|\w\(\w{1,20}\s*=|\w\s=\s?["'\d\[]""",
    re.IGNORECASE | re.VERBOSE,
)
_OF_THE_USER = re.compile(
    r"""\b(?:the|this|that|any|every|each|next|whose|current)\s+
    (?:user|author|writer|person|people|customer|client|profile|account|reader|annotator|poster|evidence|label|batch)\b
    |\b(?:evidence|task|probability|annotator)\b""",
    re.IGNORECASE | re.VERBOSE,
)

# Others.
_ADVERBS = r"(?:(?:\w+ly|always|often|once|just|all|both|has|have|would|can|will)\s+)*"
"""No word has two readings here ("really" is a \\w+ly): with two, thirty such words in a row have a billion."""
_SAYS = (
    "says|said|thinks|thought|tells|told|claims|claimed|writes|wrote|insists|insisted|believes|believed|swears|swore"
    "|argues|argued|states|stated|reckons|reckoned|suggests|suggested|recommends|recommended|reports|reported"
    "|advertises|promises|promised|announced|announces|explained|explains|mentioned|mentions|posted|posts|replied"
)
_LIKES = "loves|loved|likes|liked|hates|hated|prefers|preferred|enjoys|enjoyed|wants|wanted|adores|adored|craves|craved"
_BARE = (
    "say|think|tell|claim|write|insist|believe|swear|argue|state|reckon|suggest|recommend|report|advertise|promise"
    "|announce|explain|mention|love|like|hate|prefer|enjoy|want|adore|crave"
)
_FOND = (
    r"(?:is|are|was|were)\s+(?:\w+\s+){0,3}"
    r"(?:fans?|lovers?|fond|keen|crazy\s+about|mad\s+about|into|obsessed|devoted)\b"
)
_KEEPS = r"(?:keeps|kept|used\s+to|goes\s+on)\s+(?:on\s+)?\w+"
_KEEP = r"(?:keep|go\s+on)\s+\w+"
_NAME = r"(?!I\b|We\b|My\b|The\b|It\b|This\b|That\b|What\b|You\b)[A-Z]\w+"
_SOMEBODY = r"""(?:
    (?i:my|our|his|her|their|your|the|a|an|some|one|all|most|many|both|half|few|every|each)\s+
      (?:(?!(?:is|are|was|were|has|had|I|me|we|us)\b)[\w'’-]+\s+){1,5}
    |(?i:he|she|they|everyone|everybody|someone|somebody|people|others|folks|guys|nobody)\s+
      (?:(?!(?:is|are|was|were|I|me|we|us)\b)[\w'’-]+\s+){0,5})"""
_OTHERS = re.compile(
    rf"""^\W*+(?:\w+[:,]\s+)?(?:
    {_SOMEBODY}{_ADVERBS}(?:(?:{_SAYS}|{_LIKES}|{_BARE}|telling|saying)\b|{_FOND}|{_KEEPS}|{_KEEP})
    |{_NAME}\s+{_ADVERBS}(?:(?:{_SAYS}|{_LIKES})\b|{_FOND}|{_KEEPS})
    |{_NAME}\s+(?:and|&)\s+{_NAME}\s+{_ADVERBS}(?:(?:{_BARE}|{_SAYS}|{_LIKES})\b|{_FOND})
    |(?i:according\s+to|in\s+the\s+(?:opinion|words|eyes|view)\s+of)\s+(?!me\b)
    |(?i:as)\s+(?:(?i:my|our|the|his|her|some|one)\s|{_NAME}).{{0,40}}?\b(?:put|puts|{_SAYS}|used\s+to)\b
    |(?:(?i:my|our|his|her|their|the)\s+|{_NAME}).{{0,30}}?(?:'s|’s|s'|s’)\s+(?i:motto|slogan|advice|opinion|view|hobby
       |passion|favou?rite|dream|idea|thing|life|taste)\b)""",
    re.VERBOSE,
)
"""Beginning of a clause that reports somebody else. After a name, the verb must have a third-person form."""
_TOLD_AT_END = re.compile(
    rf"\s(?:(?:{_SAYS}|according\s+to)\s+(?!I\b|me\b)[\w'’.\s-]{{1,40}}+|{_NAME}\s+(?:{_SAYS}))\W*+$"
)

# Quotes.
_FORWARDED = re.compile(
    r"""^\W{0,40}+(?:original\s+message|forwarded\s+message|begin\s+forwarded\s+message)\b
    |^\W{0,5}+on\s.{4,60}\swrote\s*:?\s*$|^from:\s.{1,80}$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_QUOTED_LINE = re.compile(r"^[^\S\n]*+(?:>|&gt;).*$", re.MULTILINE)
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_MARK = re.compile(r"[\"“”„«»]")
_OPENS, _CLOSES = '"“„«', '"”“»'
_LONG_QUOTE = 5
"""Minimum number of words of a quote in quotation marks; a shorter passage is emphasis, unless it says "I"."""
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?(?:\n ?)+")


_HEDGE = re.compile(
    r"""\bI(?:'m|’m|\s+am)?\s+(?:might|may|doubt|wonder|guess|suppose|could\s+imagine)\b|\b(?:maybe|perhaps)\s+I\b
    |\b(?:not|never)\s+(?:\w+\s+)?sure\b|\bunsure\b|\bused\s+to\b|\bno\s+longer\b|\bany\s?more\b""",
    re.IGNORECASE | re.VERBOSE,
)


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return _SENTENCE_END.split(text)


def hedged(sentence: str) -> bool:
    """Whether the author retracts or doubts what the sentence says about them, as in "I might like hiking"."""
    return bool(_HEDGE.search(sentence))


def own_words(text: str) -> str:
    """An unquoted text without reports of others and without orders to its reader."""
    return " ".join(_own(text))


def passages(text: str) -> Iterator[str]:
    """Splits a text into passages of about `PASSAGE` words. Passages end with a sentence; no sentence is cut."""
    kept: list[str] = []
    count = 0
    for sentence in _SENTENCE_END.split(text):
        size = sentence.count(" ") + 1
        if kept and count + size > PASSAGE:
            yield " ".join(kept)
            kept, count = [], 0
        kept.append(sentence)
        count += size
    if kept:
        yield " ".join(kept)


def _own(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        if _MARKUP.search(sentence) or _ORDER.search(sentence):
            continue
        if not _WORD.search(sentence):  # nothing below can match; text of dots has very many sentences
            yield sentence
            continue
        if not _SELF.search(sentence) and (_OF_THE_USER.search(sentence) or _TOLD_AT_END.search(sentence[-120:])):
            continue
        of_others = bool(_OTHERS.match(sentence))
        start = 0
        gaps = [gap.end() for gap in CLAUSE_END.finditer(sentence)] if " " in sentence else []
        for end in (*gaps, len(sentence)):
            clause = sentence[start:end]
            goes_on = of_others and (start == 0 or not _OWN.search(clause))
            of_others = goes_on or bool(_OTHERS.match(clause))
            if not of_others:
                yield clause
            start = end


def squeezed(text: str) -> str:
    """A text with runs of blanks or line ends reduced to one."""
    return _LINES.sub("\n", _BLANKS.sub(" ", text))


def unquoted(text: str) -> str:
    """A text without its quotes; a text of quotation marks only is returned as it is.

    Quotes are lines that start with `>`, fenced code, a forwarded letter from its header to the end, and long passages
    in quotation marks on one line.
    """
    text = squeezed(text).strip()
    forwarded = _FORWARDED.search(text)
    text = _QUOTED_LINE.sub(" ", _FENCED.sub(" ", text[: forwarded.start()] if forwarded else text))
    kept = "".join(_outside(text))
    return kept if any(map(str.isalpha, kept)) else text


def _outside(text: str) -> Iterator[str]:
    start = opened = -1
    for mark in (*_MARK.finditer(text), None):
        end = mark.start() if mark else len(text)
        passage = text[start + 1 : end]
        closes = opened == start >= 0 and mark is not None and mark[0] in _CLOSES and "\n" not in passage
        if closes and _is_quote(passage):
            yield " "
            opened = -1
        else:
            yield passage if start < 0 else text[start] + passage
            opened = end if mark is not None and mark[0] in _OPENS and not closes else -1
        start = end


def _is_quote(passage: str) -> bool:
    words = passage.split()
    return len(words) >= _LONG_QUOTE or (len(words) > 2 and "I" in words)
