import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from penchant.cli.train import planted
from penchant.config import load_recipe
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
    known = {(r.prompt, r.chosen, r.rejected) for r in read_records(small_forum / "train", space=_space(small_forum))}
    assert len(written) == 96
    for row in written:
        system, user = row["prompt"]
        assert (system["role"], user["role"]) == ("system", "user")
        found = (user["content"].rpartition("\n")[2], row["chosen"][0]["content"], row["rejected"][0]["content"])
        assert found in known
        assert user["content"].startswith("<person>\n- ")
        assert (" wrote: " in user["content"] or " chose: " in user["content"]) <= (method == "ica")


def test_rows_are_those_that_training_draws(export, small_recipe, small_forum, tmp_path) -> None:
    assert export("--rounds", 2, "--set", "ica.pairs_per_user=2").code == 0
    recipe = load_recipe(small_recipe, ["ica.pairs_per_user=2"])
    grove, _ = planted(recipe, "ica", small_forum / "train", space=None, rejected=None)
    drawn = [pair for row in grove.rows(2 * len(grove.people)) for pair in grove.conversations(row)]
    assert rows(tmp_path / "out") == drawn
    assert any(row.mate is not None for row in grove.rows(len(grove.people)))


def _space(folder: Path):
    from penchant.space import load_space

    return load_space(str(folder / "space.toml"))


def test_trl_trains_on_what_was_exported_without_losing_a_row(export, tmp_path) -> None:
    ran = export()
    assert ran.code == 0, ran.err
    config = yaml.safe_load((tmp_path / "out" / "dpo.yaml").read_text(encoding="utf-8"))
    assert config["max_length"] is None
    fast = ["--max_steps", "1", "--report_to", "none", "--per_device_train_batch_size", "48"]
    trl = [str(Path(sys.executable).with_name("trl")), "dpo", "--config", str(tmp_path / "out" / "dpo.yaml"), *fast]
    done = subprocess.run(trl, capture_output=True, text=True, check=False, cwd=Path("/"))
    assert done.returncode == 0, done.stderr[-3000:]
    state = json.loads((tmp_path / "out" / "model" / "checkpoint-1" / "trainer_state.json").read_text(encoding="utf-8"))
    # one step of 48 rows is a whole pass over the 48 that were exported
    assert state["epoch"] == 1.0


def test_a_method_that_is_not_trained_is_refused(export) -> None:
    ran = export(method="few_shot")
    assert ran.code == 2
    assert "only ica, pba, pba_summary, pba_both, universal are trained" in ran.err


def test_an_earlier_export_is_replaced_only_when_asked(export) -> None:
    assert export().code == 0
    ran = export()
    assert ran.code == 2
    assert "dpo.yaml is there already; give another --out, or add --overwrite" in ran.err
    assert export("--overwrite").code == 0


def test_paths_hold_from_any_folder_and_a_machine_without_a_gpu_is_told_to_trl(export, tmp_path, monkeypatch) -> None:
    for cuda in (False, True):
        monkeypatch.setattr("torch.cuda.is_available", lambda cuda=cuda: cuda)
        assert export("--overwrite").code == 0
        config = yaml.safe_load((tmp_path / "out" / "dpo.yaml").read_text(encoding="utf-8"))
        paths = [Path(config[key]) for key in ("dataset_name", "model_name_or_path", "output_dir")]
        assert all(path.is_absolute() for path in paths)
        assert {key: config.get(key) for key in ("use_cpu", "bf16")} == (
            {"use_cpu": None, "bf16": None} if cuda else {"use_cpu": True, "bf16": False}
        )


def test_keys_for_trl_are_passed_on_and_unknown_ones_refused(export, tmp_path) -> None:
    assert export("--set", "ica.trl.label_smoothing=0.1").code == 0
    config = yaml.safe_load((tmp_path / "out" / "dpo.yaml").read_text(encoding="utf-8"))
    assert config["label_smoothing"] == 0.1
    ran = export("--set", "ica.trl.nonsense=3", "--overwrite")
    assert ran.code == 2
    assert "TRL's DPOConfig has no key 'nonsense'" in ran.err
