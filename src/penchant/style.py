"""Describes the style of a text by twelve numbers, such as length, difficulty, warmth and punctuation.

The numbers do not depend on the topic of the text.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

STYLE = (
    "log words",
    "log sentences",
    "log words per sentence",
    "letters per word",
    "school grade",
    "warm words per 100",
    "exclamations",
    "questions",
    "commas",
    "lines",
    "capitals",
    "variety",
)
"""The features of `style`, in order; `exclamations` to `lines` are per ten words, `capitals` per ten characters."""

# fmt: off
WARM = frozenset((
    "absolutely", "amazing", "appreciate", "awesome", "beautiful", "best", "care", "comfort",
    "congratulations", "dear", "definitely", "enjoy", "excited", "feel", "feeling", "feelings", "friend",
    "friends", "fun", "gentle", "glad", "good", "great", "happy", "hear", "help", "helpful", "hope", "kind",
    "love", "loved", "lovely", "nice", "please", "pleasure", "proud", "sorry", "support", "sure", "sweet",
    "thank", "thanks", "together", "understand", "warm", "welcome", "wish", "wonderful", "wow", "yes",
))
# fmt: on
"""Words of thanks, comfort and cheer, in English. The list was written before any labels were inspected."""

_WORD = re.compile(r"[A-Za-z']+")
_SENTENCE_END = re.compile(r"[.!?]+")
_VOWELS = re.compile(r"[aeiouy]+")


def style(text: str) -> NDArray[np.float64]:
    """The features of `STYLE`, (12,); finite for every text, even without words.

    Source of the school grade: Kincaid et al. 1975, with syllables estimated from groups of vowels.
    """
    words = _WORD.findall(text)
    count = max(1, len(words))
    sentences = max(1, len(_SENTENCE_END.findall(text)))
    grade = 0.39 * count / sentences + 11.8 * sum(map(_syllables, words)) / count - 15.59
    return np.array(
        [
            math.log1p(len(words)),
            math.log1p(sentences),
            math.log(count / sentences),
            sum(map(len, words)) / count,
            grade,
            100 * sum(word.lower() in WARM for word in words) / count,
            10 * text.count("!") / count,
            10 * text.count("?") / count,
            10 * text.count(",") / count,
            10 * text.count("\n") / count,
            10 * sum(letter.isupper() for letter in text) / max(1, len(text)),
            len(set(words)) / count,
        ]
    )


def _syllables(word: str) -> int:
    lower = word.lower()
    # a final e is usually silent
    return max(1, len(_VOWELS.findall(lower)) - lower.endswith("e"))
