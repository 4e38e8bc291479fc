"""What a run writes and reports while it trains."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from penchant.train.callbacks import Curve, Steps
from penchant.train.reference import Reference


def state(step: int = 2, *, main: bool = True) -> SimpleNamespace:
    history = [{"step": 1, "loss": 0.7, "rewards/accuracies": 0.5, "other": 1}, {"step": 2, "train_runtime": 3.0}]
    return SimpleNamespace(global_step=step, is_world_process_zero=main, log_history=history)


def test_the_curve_has_the_steps_with_a_loss(tmp_path: Path) -> None:
    Curve(tmp_path / "curve.json", Reference(None)).on_log(None, state(), None)
    assert json.loads((tmp_path / "curve.json").read_text()) == [{"step": 1, "loss": 0.7, "accuracy": 0.5}]


def test_only_the_main_process_writes(tmp_path: Path) -> None:
    reference = Reference(None, cache=tmp_path, key="abc")
    reference.save = lambda: pytest.fail("saved by another process")
    curve = Curve(tmp_path / "curve.json", reference)
    curve.on_log(None, state(main=False), None)
    curve.on_save(None, state(main=False), None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("step", "logged"), [(2, False), (9, True)])
def test_the_last_step_is_logged_whatever_the_interval(tmp_path: Path, step: int, logged: bool) -> None:
    control = SimpleNamespace(should_log=False)
    curve = Curve(tmp_path / "curve.json", Reference(None))
    curve.on_step_end(SimpleNamespace(max_steps=9), state(step), control)
    assert control.should_log is logged


def test_the_bar_prints_no_numbers(capsys) -> None:
    done: list[int] = []
    steps = Steps(done.append)
    steps.on_log(None, state(), None, logs={"loss": 0.7})
    steps.on_step_end(None, state(), None)
    assert capsys.readouterr() == ("", "")
    assert done == [2]


def test_steps_are_reported_once_and_by_the_main_process() -> None:
    done: list[int] = []
    steps = Steps(done.append)
    steps.on_train_begin(None, state(0), None)
    for step in (1, 2, 2, 3):
        steps.on_step_end(None, state(step), None)
    steps.on_step_end(None, state(4, main=False), None)
    assert done == [1, 1, 1]


def test_a_resumed_run_reports_the_steps_of_before() -> None:
    done: list[int] = []
    steps = Steps(done.append)
    steps.on_train_begin(None, state(40), None)
    steps.on_step_end(None, state(41), None)
    assert done == [40, 1]
