import pytest

from penchant.build.recipe import BuildRecipe
from penchant.config import parse
from penchant.errors import ConfigError

LEAST = {"name": "a", "sources": [{"kind": "reddit", "path": "RC.zst"}]}


def test_a_recipe_needs_a_name_and_a_source() -> None:
    recipe = parse(BuildRecipe, LEAST, where="a.yaml")
    assert (recipe.annotator, recipe.pairs.rule, recipe.persona.ugc) == ("english", "own", 4)
    with pytest.raises(ConfigError, match="sources"):
        parse(BuildRecipe, {"name": "a"}, where="a.yaml")


def test_a_mistyped_key_and_a_contradiction_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'pairs.rules'; nearest is 'pairs.rule'"):
        parse(BuildRecipe, {**LEAST, "pairs": {"rules": "own"}}, where="a.yaml")
    with pytest.raises(ConfigError, match="the mirror of any other pair is no choice"):
        parse(BuildRecipe, {**LEAST, "pairs": {"rule": "votes", "mirrored": True}}, where="a.yaml")
    with pytest.raises(ConfigError, match="needs directions of the replies|and `annotator` is null"):
        parse(BuildRecipe, {**LEAST, "annotator": None, "pairs": {"opposed": 1}}, where="a.yaml")
    with pytest.raises(ConfigError, match="`names` is a part of `scrub`"):
        parse(BuildRecipe, {**LEAST, "scrub": False, "names": "en_core_web_sm"}, where="a.yaml")
    columns = {"thread": "t", "author": "a", "text": "x"}
    chats = {"name": "a", "sources": [{"kind": "chats", "path": "p.csv", "columns": columns}]}
    with pytest.raises(ConfigError, match="two people never answer one message of a chat; take `drawn`"):
        parse(BuildRecipe, chats, where="a.yaml")


def test_columns_that_are_needed_or_unknown_are_named_before_anything_is_read() -> None:
    def sources(kind: str, **columns: str) -> dict:
        return {"name": "a", "sources": [{"kind": kind, "path": "p.csv", "columns": columns}]}

    with pytest.raises(ConfigError, match="p.csv: a source of kind threads needs a column for id, author"):
        parse(BuildRecipe, sources("threads", text="body"), where="a.yaml")
    with pytest.raises(ConfigError, match="a source of kind chats needs a column for thread"):
        parse(BuildRecipe, sources("chats", author="who", text="body"), where="a.yaml")
    with pytest.raises(ConfigError, match="no field 'time'; there are id, thread"):
        parse(BuildRecipe, sources("threads", id="i", author="a", text="t", time="at"), where="a.yaml")
