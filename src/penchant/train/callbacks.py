"""Callbacks of the trainers: the curve on disk, and a progress bar without numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import ProgressCallback, TrainerCallback

from penchant.train.reference import Reference


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
        points = [
            {"step": entry["step"], "loss": entry["loss"], "accuracy": entry["rewards/accuracies"]}
            for entry in state.log_history
            if "loss" in entry
        ]
        self.path.write_text(json.dumps(points), encoding="utf-8")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Saves the reference's numbers with each checkpoint."""
        del args, control
        if state.is_world_process_zero:
            self.reference.save()


class Bar(ProgressCallback):
    """The trainer's progress bar without its numbers: standard output is for the command's result."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Prints nothing; the numbers go into the curve."""
