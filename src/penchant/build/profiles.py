"""The table that describes people: a description of each, and attributes such as age."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
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
            description = section.text.format_map(row.content)
            values = {name: row.content[name] for name in section.attributes}
        except (KeyError, ValueError, IndexError) as error:
            raise ConfigError(
                f"{section.path}: {row.location} has no {error}, which the profiles of the recipe name; it has "
                f"{', '.join(row.content)}"
            ) from error
        attributes = {name: "" if value is None else str(value) for name, value in values.items()}
        profiles[author] = Profile(description, attributes)
    return profiles
