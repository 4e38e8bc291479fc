import pytest
import yaml

from penchant.shards import parquet
from penchant.shards.manifest import read_manifest
from penchant.space import load_space


def test_both_splits_and_their_space_are_written_and_say_that_they_are_simulated(small_forum) -> None:
    space = load_space(str(small_forum / "space.toml"))
    assert len(space) == 6
    for split, users in (("train", 24), ("test", 16)):
        assert read_manifest(small_forum / split).simulated
        records = list(parquet.read(small_forum / split, space))
        assert len({record.user_id for record in records}) == users
        assert {record.split for record in records} == {split}


def test_counts_are_one_json_line_and_words_go_to_stderr(penchant, small_recipe, tmp_path) -> None:
    ran = penchant("simulate", "--recipe", small_recipe, "--out", tmp_path, "--set", "forum.noise=0.2", "--json")
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    assert ran.last["golden ceiling"] == 0.8
    assert ran.last["simulated"] is True
    assert ran.last["test"] == {"records": 48, "users": 16}
    assert "invented by a program" in ran.err


def test_a_forum_is_not_replaced_unasked(penchant, small_recipe, tmp_path) -> None:
    first = ("simulate", "--recipe", small_recipe, "--out", tmp_path)
    assert penchant(*first).code == 0
    again = penchant(*first)
    assert (again.code, again.out) == (2, "")
    assert "holds a forum already; give another --out, or set --overwrite" in again.err
    assert penchant(*first, "--overwrite").code == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("forum.noise", "override 'forum.noise': write section.key=value"),
        ("=1", "write section.key=value"),
        ("forum.noise=[1", "is not valid YAML"),
        ("forum.nois=0.1", "unknown key 'forum.nois'; nearest is 'forum.noise'"),
        ("forum.noise=much", "'forum.noise': input should be a valid number"),
        ("seed.deep=1", "seed"),
        ("forum.test_users=3", "test_users a multiple of 4"),
        ("dimensions=[opennes]", "no dimension 'opennes'; nearest is 'openness'"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_writes_nothing(
    penchant, small_recipe, tmp_path, change: str, sentence: str
) -> None:
    ran = penchant("simulate", "--recipe", small_recipe, "--out", tmp_path / "forum", "--set", change)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err.splitlines()[-1]
    assert not (tmp_path / "forum").exists()


def test_an_unknown_key_in_the_recipe_file_names_file_and_nearest(penchant, small_recipe, tmp_path) -> None:
    content = yaml.safe_load(small_recipe.read_text(encoding="utf-8"))
    content["form"] = content.pop("forum")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(yaml.safe_dump(content), encoding="utf-8")
    ran = penchant("simulate", "--recipe", wrong, "--out", tmp_path / "forum")
    assert ran.code == 2
    assert f"{wrong}: unknown key 'form'; nearest is 'forum'" in ran.err


def test_a_missing_recipe_is_named(penchant, tmp_path) -> None:
    ran = penchant("simulate", "--recipe", tmp_path / "none.yaml", "--out", tmp_path / "forum")
    assert ran.code == 2
    assert f"no recipe at {tmp_path / 'none.yaml'}" in ran.err


def test_without_a_recipe_the_error_says_which_to_take(penchant, tmp_path) -> None:
    ran = penchant("simulate", "--out", tmp_path / "forum")
    assert (ran.code, ran.out) == (2, "")
    assert "--recipe is missing" in ran.err
    assert "or demo for the simulated forum" in ran.err
    assert not (tmp_path / "forum").exists()
