"""Snapshots of a base: each is complete, and belongs to one run."""

from pathlib import Path

import pytest
import torch

from penchant.errors import TrainingError
from penchant.train.snapshot import SNAPSHOT, Progress, load_snapshot, run_key, save_snapshot


def trained(steps: int, seed: int) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = torch.nn.Linear(4, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.ones(4)).square().sum().backward()
        optimizer.step()
    return model, optimizer


def test_weights_moments_and_progress_come_back(tmp_path: Path) -> None:
    model, optimizer = trained(3, seed=0)
    progress = Progress(3, [{"step": 2, "page": 0.5}], [(0.1, 0.2, 0.3, 0.4)])
    save_snapshot(tmp_path / SNAPSHOT, model, optimizer, progress, key="k")
    other, fresh = trained(0, seed=1)
    assert load_snapshot(tmp_path / SNAPSHOT, other, fresh, key="k") == progress
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    loaded, saved = fresh.state_dict(), optimizer.state_dict()
    assert loaded["param_groups"] == saved["param_groups"]
    assert all(
        torch.equal(loaded["state"][i][name], value)
        for i, kept in saved["state"].items()
        for name, value in kept.items()
    )
    assert [path.name for path in tmp_path.iterdir()] == [SNAPSHOT]


def test_a_snapshot_of_another_run_is_refused(tmp_path: Path) -> None:
    save_snapshot(tmp_path / SNAPSHOT, *trained(1, seed=0), Progress(1), key="one")
    before, optimizer = trained(0, seed=1)
    kept = [parameter.detach().clone() for parameter in before.parameters()]
    with pytest.raises(TrainingError, match="other settings or texts"):
        load_snapshot(tmp_path / SNAPSHOT, before, optimizer, key="two")
    assert all(torch.equal(a, b) for a, b in zip(kept, before.parameters(), strict=True))


def test_a_damaged_snapshot_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / SNAPSHOT).write_bytes(b"half")
    with pytest.raises(TrainingError, match=r"snapshot\.safetensors cannot be read"):
        load_snapshot(tmp_path / SNAPSHOT, *trained(0, seed=0), key="k")


def test_a_run_is_named_by_settings_and_tokenizer() -> None:
    assert run_key("a", "b") == run_key("a", "b")
    assert len({run_key("a", "b"), run_key("a", "c"), run_key("b", "b")}) == 3
