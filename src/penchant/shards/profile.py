"""Parses a published `profile`: phrases for preferences, joined by commas.

Each phrase names one pole (side) of a dimension. Ten phrases of alignx90 contain a comma, so a profile cannot be split
at commas. The parser reads from left to right and takes the longest phrase that matches and is followed by a comma or
the end.
"""

from __future__ import annotations

import re
from functools import lru_cache

from penchant.errors import DataError, SpaceError
from penchant.space import Direction, PreferenceSpace, Sign

_SHOWN_CHARS = 60


def parse_profile(profile: str, space: PreferenceSpace) -> Direction:
    """The direction of a profile string.

    Raises:
        DataError: the profile has text that is not a pole phrase of the space, or both poles of one dimension.
        SpaceError: two poles of the space share a phrase, so profiles are ambiguous.
    """
    phrases, pattern = _phrases(space), _pattern(space)
    signs: dict[str, Sign] = {}
    text, at = profile.strip(), 0
    while at < len(text):
        entry = pattern.match(text, at)
        if entry is None:
            raise DataError(
                f"'profile' has text that is no pole of space '{space.name}': '{text[at : at + _SHOWN_CHARS]}'; "
                "load the file with the space it was written for"
            )
        dimension_id, sign = phrases[entry[1]]
        if signs.setdefault(dimension_id, sign) != sign:
            raise DataError(f"'profile' names both poles of '{dimension_id}'; keep one")
        at = entry.end()
    return space.direction(signs)


@lru_cache(maxsize=8)
def _pattern(space: PreferenceSpace) -> re.Pattern[str]:
    """One phrase, the longest that fits, and the comma or the end after it."""
    return re.compile(rf"({'|'.join(map(re.escape, _phrases(space)))})\s*(?:,\s*|$)")


@lru_cache(maxsize=8)
def _phrases(space: PreferenceSpace) -> dict[str, tuple[str, Sign]]:
    """Pole phrase -> dimension and sign, the longest phrase first."""
    phrases: dict[str, tuple[str, Sign]] = {}
    for dimension in space.dimensions:
        poles: tuple[tuple[str, Sign], ...] = ((dimension.positive, 1), (dimension.negative, -1))
        for phrase, sign in poles:
            if phrase in phrases:
                raise SpaceError(
                    f"space '{space.name}': '{phrase}' is a pole of '{phrases[phrase][0]}' and of '{dimension.id}'; "
                    "profiles in this space are ambiguous"
                )
            phrases[phrase] = (dimension.id, sign)
    return dict(sorted(phrases.items(), key=lambda entry: -len(entry[0])))
