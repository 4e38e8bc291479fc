"""Callbacks for the trainers: one writes the training curve to disk, one reports finished steps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from penchant.train.reference import Reference

_LOGGED = {
    "step": "step",
    "loss": "loss",
    "accuracy": "rewards/accuracies",
    "margin": "rewards/margins",
}
"""Key of a point of the curve -> key of the trainer's log."""


def curve_point(entry: Mapping[str, float]) -> dict[str, float]:
    """A point of the curve: step, loss, accuracy, and the margin (beta times nats, 0 for an untrained model)."""
    return {name: entry[key] for name, key in _LOGGED.items() if key in entry}


class Curve(TrainerCallback):
    """Writes the logged numbers to a file; a resumed run has the whole curve, because TRL keeps its log history."""

    def __init__(self, path: Path, reference: Reference) -> None:
        self.path, self.reference = path, reference

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Logs the last step whatever the logging interval: the summary and the card quote it."""
        control.should_log = control.should_log or state.global_step >= args.max_steps

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Rewrites the curve from the trainer's own log history."""
        del args, control, logs
        if not state.is_world_process_zero:
            return
        points = [curve_point(entry) for entry in state.log_history if "loss" in entry]
        self.path.write_text(json.dumps(points), encoding="utf-8")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Saves the reference's numbers with each checkpoint."""
        del args, control
        if state.is_world_process_zero:
            self.reference.save()


class Steps(TrainerCallback):
    """Reports steps as they are done; a resumed run reports the steps of before when it begins."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self.progress, self.reported = progress, 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Reports the steps of the checkpoint that the run resumes from."""
        self._report(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Reports a step."""
        self._report(state)

    def _report(self, state: Any) -> None:
        if state.is_world_process_zero and state.global_step > self.reported:
            self.progress(state.global_step - self.reported)
            self.reported = state.global_step
