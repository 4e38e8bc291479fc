"""The table that describes people."""

from pathlib import Path

import pytest

from penchant.build.profiles import Profile, profiles_of
from penchant.build.recipe import ProfilesSection
from penchant.errors import ConfigError


def section(folder: Path, **changes: object) -> ProfilesSection:
    path = folder / "people.csv"
    path.write_text("user,age,job,sex\nann,40,cook,f\nben,,,\n")
    stated = {"path": str(path), "author": "user", "text": "{age} years, {job}", "attributes": ("sex", "age")}
    return ProfilesSection(**{**stated, **changes})


def test_a_profile_is_a_description_and_attributes(tmp_path: Path) -> None:
    profiles = profiles_of(section(tmp_path))
    assert profiles["ann"] == Profile("40 years, cook", {"sex": "f", "age": "40"})
    assert profiles["ben"].attributes == {"sex": "", "age": ""}
    assert profiles_of(None) == {}


@pytest.mark.parametrize("changes", [{"author": "who"}, {"text": "{who}"}, {"attributes": ("who",)}])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="row 0 has no 'who', which the profiles .* name; it has user, age"):
        profiles_of(section(tmp_path, **changes))


def test_parts_of_a_description_without_a_value_are_left_out(tmp_path: Path) -> None:
    assert profiles_of(section(tmp_path, text="{age} years, works as {job}, writes"))["ben"].description == "writes"
    assert profiles_of(section(tmp_path, text="{age} years, {sex}"))["ann"].description == "40 years, f"
