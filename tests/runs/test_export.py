"""An export as a call: its rows are those of training, and TRL takes them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from penchant.config import load_recipe
from penchant.errors import ConfigError
from penchant.message import Message
from penchant.runs import export as module
from penchant.runs.train import read_training_set
from penchant.shards import parquet, read_records
from penchant.space import SPACE_FILE, load_space


@pytest.fixture
def export(small_recipe, small_forum, tmp_path):
    def run(**settings):
        settings = {"recipe": small_recipe, "method": "ica", "data": small_forum / "train", **settings}
        return module.export(out=tmp_path / "out", **settings)

    return run


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_call_returns_counts_and_prints_nothing(export, tmp_path, capsys) -> None:
    capsys.readouterr()
    counts = export(rounds=2)
    assert counts == {
        "method": "ica",
        "people": 24,
        "records": 48,
        "rows": 96,
        "file": str(tmp_path / "out" / "train.jsonl"),
        "config": str(tmp_path / "out" / "dpo.yaml"),
    }
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "")
    with pytest.raises(ConfigError, match="dpo.yaml exists already; give another `out`, or set `overwrite`"):
        export()


def test_rows_are_those_that_training_draws(export, small_recipe, small_forum, tmp_path) -> None:
    export(rounds=2, overrides=["ica.pairs_per_user=2"])
    recipe = load_recipe(small_recipe, ["ica.pairs_per_user=2"])
    people, _ = read_training_set(recipe, "ica", small_forum / "train")
    drawn = [pair for row in people.rows(2 * len(people.people)) for pair in people.conversations(row)]
    assert rows(tmp_path / "out") == drawn
    assert any(row.mate is not None for row in people.rows(len(people.people)))


@pytest.fixture
def conversations(small_forum, tmp_path) -> Path:
    """The small forum's training data, with an earlier exchange before the prompt of every second record."""
    space = load_space(str(small_forum / SPACE_FILE))
    exchange = (Message("user", "hello"), Message("assistant", "good day"))
    records = [
        replace(record, prompt=(*exchange, *record.prompt)) if number % 2 else record
        for number, record in enumerate(read_records(small_forum / "train", space=space))
    ]
    parquet.write(records, tmp_path / "conversations", space=space)
    (tmp_path / "conversations" / SPACE_FILE).write_text(space.as_toml(), encoding="utf-8")
    return tmp_path / "conversations"


def test_trl_trains_on_what_was_exported_without_losing_a_row(export, conversations, tmp_path) -> None:
    export(data=conversations)
    assert {len(row["prompt"]) for row in rows(tmp_path / "out")} == {2, 4}
    config = yaml.safe_load((tmp_path / "out" / "dpo.yaml").read_text(encoding="utf-8"))
    assert config["max_length"] is None
    fast = ["--max_steps", "1", "--report_to", "none", "--per_device_train_batch_size", "48"]
    trl = [str(Path(sys.executable).with_name("trl")), "dpo", "--config", str(tmp_path / "out" / "dpo.yaml"), *fast]
    done = subprocess.run(trl, capture_output=True, text=True, check=False, cwd=Path("/"))
    assert done.returncode == 0, done.stderr[-3000:]
    state = json.loads((tmp_path / "out" / "model" / "checkpoint-1" / "trainer_state.json").read_text(encoding="utf-8"))
    # one step of 48 rows is a whole pass over the 48 that were exported
    assert state["epoch"] == 1.0


def test_paths_hold_from_any_folder_and_a_machine_without_a_gpu_is_told_to_trl(export, tmp_path, monkeypatch) -> None:
    for cuda in (False, True):
        monkeypatch.setattr("torch.cuda.is_available", lambda cuda=cuda: cuda)
        export(overwrite=True)
        config = yaml.safe_load((tmp_path / "out" / "dpo.yaml").read_text(encoding="utf-8"))
        paths = [Path(config[key]) for key in ("dataset_name", "model_name_or_path", "output_dir")]
        assert all(path.is_absolute() for path in paths)
        assert {key: config.get(key) for key in ("use_cpu", "bf16")} == (
            {"use_cpu": None, "bf16": None} if cuda else {"use_cpu": True, "bf16": False}
        )
