"""Personal data in a text become marks: a table of patterns, each read in linear time.

The table finds forms (an address, a number), not names of people or places; see `names`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    "email": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"),
    "link": re.compile(r"\b(?:https?://|www\.)[^\s<>()\[\]]{1,2000}", re.IGNORECASE),
    "user": re.compile(r"(?<![\w/])/?u/[\w-]{3,20}\b|(?<![\w@])@[A-Za-z]\w{2,30}\b"),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
    "address": re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"),
    "number": re.compile(r"(?<![\w.,])\+?\(?\d(?:[ ()./-]{0,2}\d){7,18}(?![\w])"),
}
"""Kind -> pattern, in the order in which they are applied. `address` is that of a computer; `number` has eight digits
or more: telephone, card and account numbers."""


_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("@",),
    "link": ("://", "www."),
    "user": ("u/", "@"),
    "iban": tuple("0123456789"),
    "address": tuple("0123456789"),
    "number": tuple("0123456789"),
}
"""Kind -> parts, in small letters, of which a text must have one to hold it; most texts have none."""


_SHORTEST_NAME = 4
"""Characters of an account's name; a shorter one may be a word."""


def scrubbed(text: str, author: str = "") -> tuple[str, Counter[str]]:
    """The text with marks such as `[email]`, and how many there are of each kind.

    Args:
        author: the name of the author's account, which becomes `[user]` where it stands in the text.
    """
    found: Counter[str] = Counter()
    if len(author) >= _SHORTEST_NAME and author.lower() in text.lower():
        named = re.compile(rf"(?<!\w){re.escape(author)}(?!\w)", re.IGNORECASE)
        text, number = named.subn("[user]", text)
        if number:
            found["user"] = number
    lowered = text.lower()
    for kind, pattern in PATTERNS.items():
        if not any(part in lowered for part in _NEEDED[kind]):
            continue
        text, number = pattern.subn(f"[{kind}]", text)
        if number:
            found[kind] += number
    return text, found
