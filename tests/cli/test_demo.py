import json
import shlex

import pytest
import yaml

from penchant.encoder.fake import FakeEncoder


@pytest.fixture(scope="module")
def demo(penchant, small_recipe, tmp_path_factory):
    """One run of `penchant demo`, with what it said and its folder."""
    out = tmp_path_factory.mktemp("demo")
    few = ("--set", "ica.max_steps=2", "--set", "evaluate.personas=[pair, mixed]")
    return penchant("demo", "--recipe", small_recipe, "--out", out, *few), out


def test_the_demo_ends_with_a_table_a_sentence_per_method_and_where_things_are(demo) -> None:
    ran, out = demo
    assert ran.code == 0, ran.err
    assert ran.out.startswith("simulated people;")
    assert "\nica: " in ran.out
    assert "\npba: " in ran.out
    assert ran.out.splitlines()[-2:] == [f"results: {out / 'results.json'}", f"report:  {out / 'report.html'}"]
    assert "'loss'" not in ran.out


def test_every_stage_is_named_on_stderr_and_timed_in_the_results(demo) -> None:
    ran, out = demo
    stages = ["simulate", "train ica", "train pba", "evaluate", "report"]
    assert [line.removeprefix("== ") for line in ran.err.splitlines() if line.startswith("== ")] == stages
    found = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert list(found["seconds"]) == stages
    assert set(found) == {"rows", "contrasts", "seconds", "seed", "versions"}
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line.pop("kind") for line in lines] == ["row"] * len(found["rows"]) + ["contrast"] * len(found["contrasts"])
    assert lines == [*found["rows"], *found["contrasts"]]
    assert {row["dataset"] for row in found["rows"]} == {"simulated-forum"}
    assert {"pair", "mixed", "none", "shuffled"} == {row["persona"] for row in found["rows"]}
    asked = [row for row in found["rows"] if row["method"] == "asked" and row["attribute"] == "all"]
    assert {row["persona"] for row in asked} == {"pair", "mixed"}
    few = {(r["persona"], r["phrasing"], r["attribute"]): r for r in found["rows"] if r["method"] == "few_shot"}
    for row in asked:
        beside = few[row["persona"], row["phrasing"], row["attribute"]]
        assert (row["n"], row["ceiling"]) == (beside["n"], beside["ceiling"])


def test_the_report_says_simulated_shows_two_opposite_people_and_how_to_get_it_again(demo, small_recipe) -> None:
    page = (demo[1] / "report.html").read_text(encoding="utf-8")
    assert "<b>Simulated.</b>" in page
    assert "The opposite person" in page
    again = shlex.join(["penchant", "demo", "--recipe", str(small_recipe), "--set", "ica.max_steps=2"])
    assert again in page


def test_from_scratch_makes_the_base_too(penchant, small_recipe, small_forum, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    monkeypatch.chdir(tmp_path)
    sizes = {"hidden_size": 16, "layers": 1, "heads": 2, "max_steps": 1, "couples": 1, "threads": 1}
    (tmp_path / "shipped").mkdir()
    base = {"space": str(small_forum / "space.toml"), **sizes}
    (tmp_path / "shipped" / "base.yaml").write_text(yaml.safe_dump(base), encoding="utf-8")
    monkeypatch.setattr("penchant.config._SHIPPED", tmp_path / "shipped")
    few = ("--set", "ica.max_steps=1", "--set", "pba.max_steps=1", "--set", "evaluate.personas=[mixed]")
    ran = penchant("demo", "--recipe", small_recipe, "--from-scratch", *few, "--json")
    assert ran.code == 0, ran.err
    assert ran.out.count("\n") == 1
    assert "base" in ran.last["seconds"]
    assert "base_model: out/demo/base" in (tmp_path / "out/demo/ica/README.md").read_text(encoding="utf-8")


def test_from_scratch_without_the_recipe_of_a_base_stops_before_any_work(
    penchant, small_recipe, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("penchant.config._SHIPPED", tmp_path / "shipped")
    ran = penchant("demo", "--recipe", small_recipe, "--from-scratch")
    assert ran.code == 2
    assert "no recipe at base; " in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_base_that_is_missing_leaves_no_results(penchant, small_recipe, tmp_path) -> None:
    ran = penchant("demo", "--recipe", small_recipe, "--out", tmp_path / "d", "--set", f"base={tmp_path / 'none'}")
    assert ran.code == 2
    assert f"no model folder at {tmp_path / 'none'}" in ran.err
    assert not (tmp_path / "d" / "results.json").exists()
