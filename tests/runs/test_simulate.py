"""A simulation as a call."""

import pytest

from penchant.errors import ConfigError
from penchant.runs.simulate import simulate
from penchant.shards.manifest import read_manifest


def test_a_call_returns_counts_and_prints_nothing(small_recipe, tmp_path, capsys) -> None:
    counts = simulate(recipe=small_recipe, out=tmp_path, overrides=["forum.noise=0.2"])
    assert counts["test"] == {"records": 48, "users": 16}
    assert counts["golden ceiling"] == 0.8
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "")
    with pytest.raises(ConfigError, match="holds a forum already; give another `out`, or set `overwrite`"):
        simulate(recipe=small_recipe, out=tmp_path)


def test_the_same_recipe_gives_the_same_shards(small_recipe, small_forum, tmp_path) -> None:
    simulate(recipe=small_recipe, out=tmp_path)
    again, before = (read_manifest(folder / "test").shards for folder in (tmp_path, small_forum))
    assert again == before
