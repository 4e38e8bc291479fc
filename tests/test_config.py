"""Recipes: which are refused, which file and key the message names, and what an override changes."""

import dataclasses
from pathlib import Path

import pytest

from penchant.config import (
    BaseSection,
    ForumSection,
    JudgeSection,
    Recipe,
    Section,
    TrainSection,
    is_recipe,
    load_recipe,
    load_section,
    override,
    parse,
    recipe_folder,
    shipped_recipes,
)
from penchant.errors import ConfigError
from penchant.forum.population import ForumSettings


def written(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_is_read_with_its_sections(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, "name: x\ndimensions: [order, play]\nica: {beta: 0.1}\n"))
    assert (recipe.name, recipe.dimensions, recipe.ica.beta) == ("x", ("order", "play"), 0.1)
    assert recipe.pba == TrainSection()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nseeds: 1", "unknown key 'seeds'; nearest is 'seed'"),
        ("name: x\nmax_steps: 3", "unknown key 'max_steps'; nearest is 'ica.max_steps' or 'pba.max_steps'"),
        ("name: x\nica: {bta: 1}", "unknown key 'ica.bta'; nearest is 'ica.beta'"),
        ("name: x\nforum: {test_user: 4}", "unknown key 'forum.test_user'; nearest is 'forum.test_users'"),
        ("name: x\n1: 2", "unknown key '1'"),
        ("name: x\nica: {beta: 0}", "'ica.beta': input should be greater than 0"),
        ("name: x\nica: {golden_share: 1.5}", "'ica.golden_share': input should be less than or equal to 1"),
        ("name: x\nica: {max_steps: 1.5}", "'ica.max_steps'"),
        ("name: x\nlayout: other", "'layout': input should be 'user_first' or 'paper'"),
        ("name: x\nevaluate: {personas: [ugc, none]}", "'evaluate.personas.1'"),
        ("name: x\nica: 3", "'ica'"),
        ("seed: 1", "'name': field required"),
        ("", "'name': field required"),
        ("- a\n- b", "a recipe is a mapping of keys, got list"),
        ("name: [x", "is not valid YAML"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_refused_by_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load_recipe(path)
    assert str(path) in str(refused.value)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'ica\.beta'.*'pba\.max_steps'"):
        load_recipe(written(tmp_path, "name: x\nica: {beta: -1}\npba: {max_steps: 0}"))


def test_a_missing_recipe_is_refused_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no recipe at .*absent\.yaml"):
        load_recipe(tmp_path / "absent.yaml")


def test_set_goes_over_the_file_and_is_read_as_yaml(tmp_path: Path) -> None:
    path = written(tmp_path, "name: x\nseed: 1\nica: {beta: 0.1, max_steps: 7}\n")
    recipe = load_recipe(path, ["ica.beta=2", "seed=3", "pba.max_prompt_tokens=null", "dimensions=[order, play]"])
    assert (recipe.ica.beta, recipe.ica.max_steps, recipe.seed) == (2.0, 7, 3)
    assert recipe.pba.max_prompt_tokens is None
    assert recipe.dimensions == ("order", "play")


def test_the_last_of_two_settings_of_one_key_counts() -> None:
    assert override({}, ["a.b=1", "a.b=2"]) == {"a": {"b": 2}}


def test_override_leaves_what_it_was_given() -> None:
    given = {"ica": {"beta": 1}}
    assert override(given, ["ica.beta=2"]) == {"ica": {"beta": 2}}
    assert given == {"ica": {"beta": 1}}


def test_set_with_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'ica\.betta'; nearest is 'ica\.beta'"):
        load_recipe(written(tmp_path, "name: x"), ["ica.betta=1"])


@pytest.mark.parametrize(("kind", "name"), [(BaseSection, "questions"), (ForumSection, "target_dimensions")])
def test_a_key_of_an_older_recipe_names_its_new_one(kind: type[Section], name: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown key 'asked'; nearest is '{name}'"):
        parse(kind, {"asked": 5}, where="here")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ica.beta", "write section.key=value"),
        ("=3", "write section.key=value"),
        ("seed.x=3", "'seed' is a value, not a section"),
        ("ica.beta=[1", "not valid YAML"),
    ],
)
def test_a_set_that_cannot_be_read_is_refused_with_its_text(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        override({"seed": 1}, [text])
    assert message in str(refused.value)
    assert text in str(refused.value)


def test_one_section_can_be_a_file_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, "hidden_size: 32\n")
    assert load_section(BaseSection, path, ["layers=1"]) == BaseSection(hidden_size=32, layers=1)
    with pytest.raises(ConfigError, match="nearest is 'layers'"):
        load_section(BaseSection, path, ["layer=1"])


def test_settings_cannot_be_changed_once_read() -> None:
    settings = parse(Recipe, {"name": "x"}, where="here")
    with pytest.raises(ValueError, match="frozen"):
        settings.seed = 2


def test_the_forum_section_and_the_forums_settings_do_not_drift_apart() -> None:
    section = {name: field.default for name, field in ForumSection.model_fields.items()}
    settings = {field.name: field.default for field in dataclasses.fields(ForumSettings) if field.name != "seed"}
    assert section == settings


def test_the_shipped_judge_is_a_recipe_of_a_judge() -> None:
    judge = load_section(JudgeSection, "judge-llm")
    assert judge.endpoint.local
    assert judge.endpoint.ledger == "judge-llm.sqlite"
    with pytest.raises(ConfigError, match="unknown key 'orders'"):
        parse(JudgeSection, {"endpoint": judge.endpoint.model_dump(), "orders": 2}, where="here")


def test_a_base_beside_the_recipes_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models" / "small").mkdir(parents=True)
    (tmp_path / "recipes").mkdir()
    path = tmp_path / "recipes" / "x.yaml"
    path.write_text("name: x\nbase: models/small\n", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_recipe(path).base == str(tmp_path / "models" / "small")
    assert load_recipe(path, ["base=some/hub-id"]).base == "some/hub-id"
    monkeypatch.chdir(tmp_path)
    assert load_recipe(path).base == "models/small"


def test_a_shipped_recipe_is_named_without_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_recipe("hub").name == "hub"
    assert {"adapt", "annotator-llm", "base", "demo", "english", "hub", "judge-llm"} <= set(shipped_recipes())
    # a file of the user comes before a shipped recipe
    (tmp_path / "hub").write_text("name: mine", encoding="utf-8")
    assert load_recipe("hub").name == "mine"


def test_the_path_that_a_shipped_recipe_once_had_is_answered_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="recipes ship with the package now, this one as 'hub'"):
        load_recipe("recipes/hub.yaml")
    with pytest.raises(ConfigError, match=r"or a shipped one: adapt, .*hub"):
        load_recipe("hubb")


def test_paths_in_a_recipe_are_relative_to_its_file_and_never_to_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert recipe_folder(written(tmp_path, "name: x")) == tmp_path
    assert recipe_folder("judge-llm") == Path()
    assert is_recipe("judge-llm")
    assert is_recipe("x/y.yaml")
    assert not is_recipe("out/reader")
    (tmp_path / "judge-llm").mkdir()
    assert not is_recipe("judge-llm")
