"""The table that describes people: a description of each, and attributes such as age.

Of a description such as `{age} years old, works as {job}`, the parts between commas that name an empty cell are left
out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

from penchant.build.recipe import ProfilesSection
from penchant.errors import ConfigError
from penchant.shards.tables import open_table


class Profile(NamedTuple):
    """What a table says of one person."""

    description: str
    attributes: Mapping[str, str]
    """Attribute -> value, an empty text where there is none."""


@lru_cache(maxsize=1)
def profiles_of(section: ProfilesSection | None) -> Mapping[str, Profile]:
    """Author -> profile; empty without a section.

    Raises:
        ConfigError: the table has no column that the section names.
        DataError: the table is missing or broken.
    """
    if section is None:
        return {}
    profiles = {}
    for row in open_table(section.path).rows():
        try:
            author = str(row.content[section.author])
            description = _described(section.text, row.content)
            values = {name: row.content[name] for name in section.attributes}
        except (KeyError, ValueError, IndexError) as error:
            raise ConfigError(
                f"{section.path}: {row.location} has no {error}, which the profiles of the recipe name; it has "
                f"{', '.join(row.content)}"
            ) from error
        attributes = {name: "" if value is None else str(value) for name, value in values.items()}
        profiles[author] = Profile(description, attributes)
    return profiles


def _described(template: str, content: Mapping[str, object]) -> str:
    """The template, filled. Raises KeyError: a column is not there."""
    parts = []
    for part in template.split(", "):
        columns = [name for _, name, _, _ in Formatter().parse(part) if name is not None]
        if all(content[name] not in (None, "") for name in columns):
            parts.append(part.format_map(content))
    return ", ".join(parts)
