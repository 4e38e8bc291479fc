from ..build.conftest import rows_of, write_forum


def test_a_build_prints_its_steps_and_explains_a_row(penchant, tmp_path) -> None:
    recipe = write_forum(tmp_path, [*rows_of(40), {"id": "x", "author": "ann", "text": "short"}])
    ran = penchant("build", "--config", recipe, "--out", tmp_path / "data")
    assert ran.code == 0
    assert "too short: 1" in ran.out
    assert "train: " in ran.out.splitlines()[-1]
    told = penchant("build", "--out", tmp_path / "data", "--explain", "posts.jsonl line 201")
    assert told.out == "left out at step 'prose': too short\n"
    again = penchant("build", "--config", recipe, "--out", tmp_path / "json", "--json", "--set", "pairs.mirrored=true")
    assert again.last["recipe"]["pairs"]["mirrored"] is True
    assert again.last["folder"] == str(tmp_path / "json")
    record = penchant("build", "--out", tmp_path / "json", "--explain", "t1.0 > t1.1")
    assert (record.code, "chosen: posts.jsonl line 7" in record.out) == (0, True) or record.code == 2


def test_a_missing_recipe_is_one_sentence(penchant, tmp_path) -> None:
    ran = penchant("build", "--out", tmp_path / "data")
    assert (ran.code, ran.out) == (2, "")
    assert "--config is missing: give the YAML file that names the sources" in ran.err
