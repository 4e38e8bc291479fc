"""`penchant eval novel`."""

import pytest

RECIPE = "name: few\nbase: unread\npba: {max_steps: 1, users_per_step: 2, warmup_steps: 0}\n"


@pytest.fixture(scope="module")
def held_out(penchant, small_recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("held_out")
    held = ("--set", "forum.held_out=[science,cinema]", "--set", "forum.test_users=40")
    ran = penchant("simulate", "--recipe", small_recipe, *held, "--out", folder)
    assert ran.code == 0, ran.err
    return folder


def test_what_nobody_held_is_asked_as_models_are_and_after_examples(penchant, held_out, aligned, tmp_path) -> None:
    recipe = tmp_path / "few.yaml"
    recipe.write_text(RECIPE, encoding="utf-8")
    where = ("--data", held_out / "test", "--fit-data", held_out / "train", "--recipe", recipe)
    ran = penchant("eval", "novel", aligned["pba"], *where, "--json")
    assert ran.code == 0, ran.err
    rows = [row for row in ran.last["rows"] if row["attribute"] == "all"]
    assert {row["persona"] for row in rows} == {"after 0", "after 8"}
    unaligned = [row for row in rows if (row["method"], row["variant"]) == ("pba", "unaligned")]
    assert {row["persona"] for row in unaligned} == {"after 8"}
    pba = [row for row in rows if (row["method"], row["variant"], row["phrasing"]) == ("pba", "", "known")]
    assert {row["persona"] for row in pba} == {"after 0", "after 8"}
    assert len({row["n"] for row in pba}) == 1, "the same pairs, whatever models adapted to"
    assert "novel: science, cinema" in ran.err


def test_dimensions_that_people_held_are_not_novel(penchant, small_forum, aligned) -> None:
    where = ("--data", small_forum / "test", "--fit-data", small_forum / "train")
    ran = penchant("eval", "novel", aligned["pba"], *where)
    assert ran.code == 2
    assert "every dimension that is asked about is held by somebody" in ran.err
    ran = penchant("eval", "novel", aligned["pba"], *where[:2])
    assert ran.code == 2
    assert (
        "the question 'novel' must know which records the models were trained on; name them with --fit-data" in ran.err
    )
