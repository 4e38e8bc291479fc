"""Words that say a person's gender or age: changed for their counterparts, or made neutral, and nothing else.

What changes in an answer, a belief or a decision when nothing but these words does is what the system holds of groups
and not of the person (counterfactual fairness in its simplest form; Kusner et al. 2017, arXiv:1703.06856). Of a text
and its counterpart the neutral text is the same, so that whatever reads it cannot tell them apart. English; a text
without such words stays as it is.
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
"""A word; not the "old" of "25 years old", which says no age of its own."""
_AGE = re.compile(
    r"""\b(?P<before>(?:aged|turned|i'm|i\ am)\s+)?(?P<years>[1-9][0-9])
    (?P<after>[\s-]*(?:years?|yrs?)[\s-]*old\b|\s*y/?\.?o\b|\s?[fm]\b|(?=\s*(?:[.,;!?)]|and\b|$)))""",
    re.IGNORECASE | re.VERBOSE,
)
"""An age: a number of two digits that is said to be one, before or after it."""
_MIDDLE = 45
"""Ages below stand for young, and are moved as far above."""


def swapped(text: str, trait: Trait) -> str:
    """The text with words of one trait changed for their counterparts; capitals stay."""
    table = _tables(trait)[0]

    def other(found: re.Match[str]) -> str:
        word = found[0]
        counterpart = table.get(word.lower())
        return word if counterpart is None else _cased(counterpart, like=word)

    text = _WORD.sub(other, text)
    if trait == "age":
        text = _AGE.sub(_other_age, text)
    return text


def neutral(text: str) -> str:
    """The text with words of every trait changed for ones that fit anybody; capitals stay, ages go."""
    table = {word: both for trait in TRAITS for word, both in _tables(trait)[1].items()}
    text = _WORD.sub(lambda found: _cased(table.get(found[0].lower(), found[0]), like=found[0]), text)
    return _AGE.sub(lambda found: found[0] if _no_age(found) else f"{found['before'] or ''}adult", text)


def neutralised(persona: Persona) -> Persona:
    """The persona with all that the person wrote, and that was written of them, made neutral.

    Directions stay: whatever read them may have read the words; see `infer` for reading the neutral text instead.
    """
    return Persona(tuple(neutral_item(item) for item in persona.evidence))


def neutral_item(item: Evidence) -> Evidence:
    """One item made neutral; what the person chose is not touched: answers are other people's."""
    match item:
        case Comment() | Demographics() | Statement():
            return replace(item, text=neutral(item.text))
        case Comparison() | Rating():
            return item


def counterpart(persona: Persona, trait: Trait) -> Persona:
    """The persona with all that the person wrote, and that was written of them, swapped.

    What they chose is not touched: answers are other people's.
    """
    return Persona(tuple(_item(item, trait) for item in persona.evidence))


def _item(item: Evidence, trait: Trait) -> Evidence:
    match item:
        case Comment() | Demographics() | Statement():
            # a direction was read from the text as it was
            return replace(item, text=swapped(item.text, trait), direction=None)
        case Comparison() | Rating():
            return item


def _cased(word: str, *, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[0].upper() + word[1:] if like[0].isupper() else word


def _other_age(found: re.Match[str]) -> str:
    if _no_age(found):
        return found[0]
    years = int(found["years"])
    other = min(99, max(10, 2 * _MIDDLE - years)) if years != _MIDDLE else years + 1
    return f"{found['before'] or ''}{other}{found['after']}"


def _no_age(found: re.Match[str]) -> bool:
    """Whether it is any number before a comma."""
    return not found["before"] and not found["after"]


@lru_cache
def _tables(trait: Trait) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Word -> its counterpart, and word -> a word for both."""
    content = tomllib.loads((files("penchant") / "demographics.toml").read_text(encoding="utf-8"))[trait]
    other: dict[str, str] = {}
    both: dict[str, str] = {}
    for left, right, middle in content["words"]:
        other.setdefault(left, right)
        other.setdefault(right, left)
        both.setdefault(left, middle)
        both.setdefault(right, middle)
    for word, counterpart in content["one_way"].items():
        # as its counterpart is made neutral, or the two could be told apart
        both[word] = content["both"].get(word) or " ".join(both.get(part, part) for part in counterpart.split())
    return {**other, **content["one_way"]}, both
