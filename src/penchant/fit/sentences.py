"""Sentences of ordinary English that say something of their author, to fit annotators on and to test them.

A file has a line `## dimension` and then one sentence a line, in fields between ` | `:

    KIND SIGN | text | also
    pair SIGN | prompt | chosen answer | rejected answer

Blank lines and lines that begin with `# ` are skipped; a pair may have `also` too. In a contrast, the line of + comes
first. SIGN is the pole of the dimension that the sentence speaks for: +, - or 0 for neither. `also` names further
poles, such as `camping+, pets-`. KIND says how the sentence speaks, so that results can be shown apart; see KINDS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from penchant.errors import DataError
from penchant.infer.labelled import Labelled
from penchant.persona import Comment, Comparison, Demographics, Evidence
from penchant.space import PreferenceSpace, Sign

KINDS: Final = {
    "plain": "says it outright",
    "deed": "tells what the author does",
    "negated": "gets to its pole through a negation",
    "ironic": "says the opposite of what is meant",
    "contrast": "differs from its neighbour, a line of + and then one of -, in the pole alone",
    "describe": "somebody else describes the person",
    "pair": "a choice between two answers",
    "two": "two tastes in one sentence",
    "denied": "denies a strong feeling, without the opposite one",
    "part": "about a part or an instance, from which no general taste follows",
    "past": "past or hypothetical: nothing lasting",
    "others": "about somebody else",
    "trap": "uses the words in another sense, or states a fact",
}
_SIGNS: Final[Mapping[str, Sign]] = {"+": 1, "-": -1, "0": 0}
_POLE = re.compile(r"(\w+)([+-])")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of a file of sentences."""

    dimension: str
    sign: Sign
    kind: str
    item: Evidence
    also: Mapping[str, Sign]
    """Further dimensions that the sentence speaks for -> sign."""
    group: str
    """Equal for sentences that must not be divided between fitting and testing: the two of a contrast."""

    @property
    def poles(self) -> dict[str, Sign]:
        """Every dimension that the sentence speaks for -> sign."""
        own: dict[str, Sign] = {self.dimension: self.sign} if self.sign else {}
        return {**self.also, **own}

    def labelled(self, space: PreferenceSpace) -> Labelled:
        """The sentence as an item with its direction in a space; poles of other spaces are left out."""
        known = {dimension.id for dimension in space.dimensions}
        poles = {name: sign for name, sign in self.poles.items() if name in known}
        return Labelled(self.group, self.item, space.direction(poles))


def shipped() -> list[Sentence]:
    """The sentences that penchant's own annotator is fitted on."""
    folder = files("penchant.fit") / "english"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".txt"))
    return [one for name in names for one in parse((folder / name).read_text(encoding="utf-8"), name)]


def read(path: Path) -> list[Sentence]:
    """The sentences of a file. Raises DataError: a line has another form."""
    return list(parse(path.read_text(encoding="utf-8"), str(path)))


def parse(text: str, name: str) -> Iterator[Sentence]:
    """The sentences of a text.

    Args:
        name: of the file, for messages.
    Raises:
        DataError: a line has another form.
    """
    dimension = ""
    couple = 0
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"{name}, line {number}"
        if line.startswith("## "):
            dimension = line[3:].strip()
            continue
        if not line.strip() or line.startswith("# "):
            continue
        head, *fields = (field.strip() for field in line.split(" | "))
        kind, _, sign = head.partition(" ")
        wanted = 3 if kind == "pair" else 1
        if kind not in KINDS or sign not in _SIGNS or not dimension or not wanted <= len(fields) <= wanted + 1:
            raise DataError(f"{where}: not of the form 'KIND SIGN | text | also' under a line '## dimension'")
        poles = [pole.strip() for pole in fields[wanted].split(",")] if len(fields) > wanted else []
        matches = [_POLE.fullmatch(pole) for pole in poles]
        also = {match[1]: _SIGNS[match[2]] for match in matches if match is not None}
        if len(also) < len(poles):
            raise DataError(f"{where}: '{fields[wanted]}' is not of the form 'dimension+, dimension-'")
        couple += kind == "contrast" and sign == "+"
        group = f"{dimension} contrast {couple}" if kind == "contrast" else f"{dimension} {number}"
        yield Sentence(dimension, _SIGNS[sign], kind, _item(kind, fields), also, f"{name} {group}")


def _item(kind: str, fields: list[str]) -> Evidence:
    if kind == "pair":
        return Comparison(fields[0], fields[1], fields[2])
    return Demographics(fields[0]) if kind == "describe" else Comment("", fields[0])
