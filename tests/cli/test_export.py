import json
from pathlib import Path

import pytest
import yaml

from penchant.shards import read_records


@pytest.fixture
def export(penchant, small_recipe, small_forum, tmp_path):
    def run(*arguments: object, method: str = "ica"):
        where = ("--data", small_forum / "train", "--out", tmp_path / "out")
        return penchant("export", "--recipe", small_recipe, "--method", method, *where, *arguments)

    return run


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("method", ["ica", "pba"])
def test_every_record_becomes_a_conversation_with_both_answers(export, small_forum, tmp_path, method: str) -> None:
    ran = export("--json", "--rounds", 2, method=method)
    assert ran.code == 0, ran.err
    assert (ran.last["records"], ran.last["rows"]) == (48, 96)
    written = rows(tmp_path / "out")
    known = {(r.task, r.chosen, r.rejected) for r in read_records(small_forum / "train", space=_space(small_forum))}
    assert len(written) == 96
    for row in written:
        system, user = row["prompt"]
        assert (system["role"], user["role"]) == ("system", "user")
        found = (user["content"].rpartition("\n")[2], row["chosen"][0]["content"], row["rejected"][0]["content"])
        assert found in known
        assert user["content"].startswith("<notes>\n" if method == "ica" else "<notes>\n- ")
        assert ("they replied" in user["content"] or "they liked" in user["content"]) <= (method == "ica")


def _space(folder: Path):
    from penchant.space import load_space

    return load_space(str(folder / "space.toml"))


def test_a_method_that_is_not_trained_is_refused(export) -> None:
    ran = export(method="few_shot")
    assert ran.code == 2
    assert "only ica, pba, pba_summary, pba_both, universal are trained" in ran.err


def test_an_earlier_export_is_replaced_only_when_asked(export) -> None:
    assert export().code == 0
    ran = export()
    assert ran.code == 2
    assert "dpo.yaml exists already; give another --out, or set --overwrite" in ran.err
    assert export("--overwrite").code == 0


def test_keys_for_trl_are_passed_on_and_unknown_ones_refused(export, tmp_path) -> None:
    assert export("--set", "ica.trl.label_smoothing=0.1").code == 0
    config = yaml.safe_load((tmp_path / "out" / "dpo.yaml").read_text(encoding="utf-8"))
    assert config["label_smoothing"] == 0.1
    ran = export("--set", "ica.trl.nonsense=3", "--overwrite")
    assert ran.code == 2
    assert "TRL's DPOConfig has no key 'nonsense'" in ran.err


def test_without_a_recipe_the_error_says_which_to_take(penchant, small_forum, tmp_path) -> None:
    ran = penchant("export", "--method", "ica", "--data", small_forum / "train", "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (2, "")
    assert "--recipe is missing: take hub for a pretrained model" in ran.err
