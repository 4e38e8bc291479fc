"""The words of the forum: for each dimension a topic, and paraphrases for each pole (side).

Known phrasings occur for everybody. Unseen phrasings never occur in the preference pairs and personas of training
people; half of the test people use only unseen phrasings. A user's own space has no handwritten paraphrases. Then the
phrase of the pole is put into several frames, which tests understanding less well, and `Entry.written` is False.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from penchant.errors import ConfigError
from penchant.space import Dimension, PreferenceSpace, Sign

KNOWN = 6
"""The first six phrasings of a pole are known, the rest are unseen."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The words for one dimension."""

    topic: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    written: bool = True
    """Whether the paraphrases were written by hand; False if they are frames around the pole phrase."""

    def phrases(self, sign: Sign, *, unseen: bool) -> tuple[str, ...]:
        """The known or the unseen paraphrases of one pole."""
        pole = self.positive if sign > 0 else self.negative
        return pole[KNOWN:] if unseen else pole[:KNOWN]


@lru_cache
def _written() -> Mapping[str, Entry]:
    entries: dict[str, Entry] = {}
    for source in resources.files("penchant.forum").joinpath("lexicons").iterdir():
        if source.name.endswith(".toml"):
            for block in tomllib.loads(source.read_text(encoding="utf-8"))["dimension"]:
                entries[block["id"]] = Entry(block["topic"], tuple(block["positive"]), tuple(block["negative"]))
    return entries


def _framed(dimension: Dimension) -> Entry:
    frames = ("{}", "more {}", "plenty of {}", "always {}", "nothing but {}", "mostly {}", "{} above all", "{} any day")

    def pole(text: str) -> tuple[str, ...]:
        plain = " ".join(re.sub(r"\(.*?\)", " ", text.lower()).replace(",", " ").split())
        return tuple(frame.format(plain) for frame in frames)

    return Entry(dimension.id.replace("_", " "), pole(dimension.positive), pole(dimension.negative), written=False)


def lexicon(space: PreferenceSpace) -> tuple[Entry, ...]:
    """One entry per dimension of the space, in its order.

    Raises:
        ConfigError: two dimensions of the space share a topic, so a post about it would be ambiguous.
    """
    entries = tuple(_written().get(dimension.id) or _framed(dimension) for dimension in space.dimensions)
    if len({entry.topic for entry in entries}) != len(entries):
        raise ConfigError(f"space '{space.name}': two dimensions share a forum topic; give them different ids")
    return entries
