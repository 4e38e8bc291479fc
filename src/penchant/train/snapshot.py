"""Snapshots of a base in training, so that a run that was stopped goes on instead of starting again.

One safetensors file holds the weights and what the optimizer knows of them; it is replaced in one piece. Batches are
not kept: their stream follows from its seed, and is drawn again up to the step.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from penchant.errors import TrainingError
from penchant.shards.atomic import replacing

SNAPSHOT = "snapshot.safetensors"
"""Its name in the folder of the base."""


@dataclass(slots=True)
class Progress:
    """How far a base is."""

    step: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)
    window: list[tuple[float, ...]] = field(default_factory=list)
    """Losses since the last point of the curve."""


def run_key(settings: str, tokenizer: str) -> str:
    """Names a run by its settings and its tokenizer, which was learnt from the texts."""
    return hashlib.sha256(f"{settings}\n{tokenizer}".encode()).hexdigest()[:16]


def save_snapshot(file: Path, model: Any, optimizer: torch.optim.Optimizer, progress: Progress, *, key: str) -> None:
    """Replaces the snapshot."""
    # tied weights are one parameter under one name here
    tensors = {f"weights.{name}": parameter.detach() for name, parameter in model.named_parameters()}
    for place, moments in optimizer.state_dict()["state"].items():
        tensors.update({f"optimizer.{place}.{name}": tensor for name, tensor in moments.items()})
    where = json.dumps([progress.step, progress.curve, progress.window])
    with replacing(file) as temporary:
        save_file({name: x.contiguous() for name, x in tensors.items()}, temporary, {"progress": where, "key": key})


def load_snapshot(file: Path, model: Any, optimizer: torch.optim.Optimizer, *, key: str) -> Progress:
    """Puts weights and optimizer where the snapshot was; gives its progress.

    Raises:
        TrainingError: the file is of another run or damaged.
    """
    state: dict[int, dict[str, torch.Tensor]] = {}
    try:
        with safe_open(file, framework="pt") as content:
            found = content.metadata() or {}
            if found.get("key") != key:
                raise TrainingError(
                    f"{file} is a snapshot of other settings or texts; take those again, or start anew without --resume"
                )
            step, curve, window = json.loads(found["progress"])
            with torch.no_grad():
                for name, parameter in model.named_parameters():
                    parameter.copy_(content.get_tensor(f"weights.{name}"))
            for name in content.keys():  # noqa: SIM118 - no mapping
                kind, _, rest = name.partition(".")
                if kind == "optimizer":
                    place, _, moment = rest.partition(".")
                    state.setdefault(int(place), {})[moment] = content.get_tensor(name)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise TrainingError(f"{file} cannot be read ({error}); delete it and start anew") from error
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return Progress(step, curve, [tuple(losses) for losses in window])
