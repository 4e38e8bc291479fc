"""Finds questions about other people's tastes, which say nothing of their author."""

from __future__ import annotations

import re

_QUESTION = re.compile(
    r"(?:(?:so|and|but|or|well|hey|hi|ok|okay)\b[, ]*)*"
    r"(?:do|does|did|is|are|was|were|has|have|had|who|what|what's|where|when|which|why|how|anyone|anybody|any|ever)\b",
    re.IGNORECASE,
)
_AUTHOR = re.compile(r"\b(?:i|me|my|mine|we|our|us)\b", re.IGNORECASE)
_OTHERS = re.compile(r"\b(?:you|your|yours|anyone|anybody|everyone|everybody|people|who|they)\b", re.IGNORECASE)
_TASTE = re.compile(
    r"\b(?:likes?|loves?|enjoys?|hates?|prefers?|favou?rites?|fans?|into|interested|hobby|hobbies|reads?|watch(?:es)?"
    r"|plays?)\b",
    re.IGNORECASE,
)


def asks_others(sentence: str) -> bool:
    """Whether a sentence asks what other people like ("Do you like camping?"), which says nothing of its author.

    Other questions may show an interest ("Does anyone know a good swing class?").
    """
    return (
        sentence.rstrip(" )*\"'").endswith("?")
        and _QUESTION.match(sentence) is not None
        and _AUTHOR.search(sentence) is None
        and _OTHERS.search(sentence) is not None
        and _TASTE.search(sentence) is not None
    )
