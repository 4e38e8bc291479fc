"""Replaces words that state a person's gender or age, by their counterparts or by neutral words; nothing else changes.

If only these words change, any change in an answer, belief or decision comes from what the system assumes about the
group, not about the person. This is counterfactual fairness in its simplest form (Kusner et al. 2017,
arXiv:1703.06856). A text and its counterpart have the same neutral text, so an annotator or model that gets neutral
texts cannot tell them apart. The word lists are English. A text without such words is returned unchanged.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal, get_args

from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona, Rating, Statement

Trait = Literal["gender", "age"]
TRAITS: Final[tuple[Trait, ...]] = get_args(Trait)
_WORD = re.compile(r"(?<!years )(?<!year )(?<!years-)(?<!year-)\b[A-Za-z]+")
"""A word, except the "old" in "25 years old", which does not mean an old person."""
_AGE = re.compile(
    r"""\b(?P<before>(?:aged|turned|i'm|i\ am)\s+)?(?P<years>[1-9][0-9])
    (?P<after>[\s-]*(?:years?|yrs?)[\s-]*old\b|\s*y/?\.?o\b|\s?[fm]\b|(?=\s*(?:[.,;!?)]|and\b|$)))""",
    re.IGNORECASE | re.VERBOSE,
)
"""An age: a two-digit number that words before or after it mark as an age."""
_MIDDLE = 45
"""Middle of the age axis: swapping mirrors an age around it, so that 20 becomes 70."""


def swapped(text: str, trait: Trait) -> str:
    """The text with words of one trait replaced by their counterparts; capital letters are kept."""
    table = _tables(trait)[0]

    def other(match: re.Match[str]) -> str:
        word = match[0]
        counterpart = table.get(word.lower())
        return word if counterpart is None else _cased(counterpart, like=word)

    text = _WORD.sub(other, text)
    if trait == "age":
        text = _AGE.sub(_other_age, text)
    return text


def neutral(text: str) -> str:
    """The text with words of every trait replaced by neutral words; capital letters are kept, ages become "adult"."""
    table = {word: both for trait in TRAITS for word, both in _tables(trait)[1].items()}
    text = _WORD.sub(lambda match: _cased(table.get(match[0].lower(), match[0]), like=match[0]), text)
    return _AGE.sub(lambda match: match[0] if _no_age(match) else f"{match['before'] or ''}adult", text)


def neutralised(persona: Persona) -> Persona:
    """The persona with neutral texts in comments, descriptions and statements.

    Items keep their directions, although the annotator may have seen the original words. To infer directions from the
    neutral texts instead, see `infer`.
    """
    return persona.rewritten(neutral_item)


def neutral_item(item: Evidence) -> Evidence:
    """The item with a neutral text; choices and ratings stay, because other people wrote the answers."""
    match item:
        case Comment() | Demographics() | Statement():
            return replace(item, text=neutral(item.text))
        case Comparison() | Rating():
            return item


def counterpart(persona: Persona, trait: Trait) -> Persona:
    """The persona with one trait swapped in comments, descriptions and statements.

    Choices and ratings stay, because other people wrote the answers.
    """
    return persona.rewritten(lambda item: _item(item, trait))


def _item(item: Evidence, trait: Trait) -> Evidence:
    match item:
        case Comment() | Demographics() | Statement():
            # the direction was inferred from the original text
            return replace(item, text=swapped(item.text, trait), direction=None)
        case Comparison() | Rating():
            return item


def _cased(word: str, *, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[0].upper() + word[1:] if like[0].isupper() else word


def _other_age(match: re.Match[str]) -> str:
    if _no_age(match):
        return match[0]
    years = int(match["years"])
    other = min(99, max(10, 2 * _MIDDLE - years)) if years != _MIDDLE else years + 1
    return f"{match['before'] or ''}{other}{match['after']}"


def _no_age(match: re.Match[str]) -> bool:
    """Whether the matched number is not an age: no word before or after it says so, only punctuation follows."""
    return not match["before"] and not match["after"]


@lru_cache
def _tables(trait: Trait) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Two tables: word -> its counterpart, and word -> the neutral word for both."""
    content = tomllib.loads((files("penchant") / "demographics.toml").read_text(encoding="utf-8"))[trait]
    other: dict[str, str] = {}
    both: dict[str, str] = {}
    for left, right, middle in content["words"]:
        other.setdefault(left, right)
        other.setdefault(right, left)
        both.setdefault(left, middle)
        both.setdefault(right, middle)
    for word, counterpart in content["one_way"].items():
        # use the neutral word of the counterpart, or a reader could tell the two texts apart
        both[word] = content["both"].get(word) or " ".join(both.get(part, part) for part in counterpart.split())
    return {**other, **content["one_way"]}, both
