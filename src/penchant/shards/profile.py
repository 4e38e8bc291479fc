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

_JOINT = re.compile(r"\s*(?:,\s*|$)")
_SHOWN_CHARS = 60


def parse_profile(profile: str, space: PreferenceSpace) -> Direction:
    """The direction of a profile string.

    Raises:
        DataError: the profile has text that is not a pole phrase of the space, or both poles of one dimension.
        SpaceError: two poles of the space share a phrase, so profiles are ambiguous.
    """
    phrases = _phrases(space)
    signs: dict[str, Sign] = {}
    rest = profile.strip()
    while rest:
        phrase = next((phrase for phrase in phrases if _starts_with(phrase, rest)), None)
        if phrase is None:
            raise DataError(
                f"'profile' has text that is no pole of space '{space.name}': '{rest[:_SHOWN_CHARS]}'; "
                "load the file with the space it was written for"
            )
        dimension_id, sign = phrases[phrase]
        if signs.setdefault(dimension_id, sign) != sign:
            raise DataError(f"'profile' names both poles of '{dimension_id}'; keep one")
        joint = _JOINT.match(rest, len(phrase))
        rest = rest[joint.end() :] if joint else ""
    return space.direction(signs)


def _starts_with(phrase: str, rest: str) -> bool:
    return rest.startswith(phrase) and _JOINT.match(rest, len(phrase)) is not None


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
