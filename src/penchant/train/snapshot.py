"""Saves snapshots of a base model during training; a stopped run resumes from the last one.

One safetensors file holds the weights and the optimizer's moments; it is replaced atomically. Batches are not stored:
the seed determines them, and a resumed run draws them again up to its step.
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
"""Name of the file in the folder of the base."""


@dataclass(slots=True)
class Progress:
    """The training progress of a base."""

    step: int = 0
    """Steps taken."""
    curve: list[dict[str, float]] = field(default_factory=list)
    window: list[tuple[float, ...]] = field(default_factory=list)
    """Losses since the last point of the curve."""


def run_key(settings: str, tokenizer: str) -> str:
    """A digest of the settings and of the tokenizer, which was learned from the texts: it identifies a run."""
    return hashlib.sha256(f"{settings}\n{tokenizer}".encode()).hexdigest()[:16]


def save_snapshot(file: Path, model: Any, optimizer: torch.optim.Optimizer, progress: Progress, *, key: str) -> None:
    """Writes the snapshot, and replaces an older one.

    Args:
        key: identifies the run; see `run_key`.
    """
    # `named_parameters` gives tied weights once, under one name
    tensors = {f"weights.{name}": parameter.detach() for name, parameter in model.named_parameters()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors.update({f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()})
    metadata = {"progress": json.dumps([progress.step, progress.curve, progress.window]), "key": key}
    with replacing(file) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, metadata)


def load_snapshot(file: Path, model: Any, optimizer: torch.optim.Optimizer, *, key: str) -> Progress:
    """Loads weights and moments into the model and the optimizer; returns the progress.

    Raises:
        TrainingError: the file is of another run, or damaged.
    """
    state: dict[int, dict[str, torch.Tensor]] = {}
    try:
        with safe_open(file, framework="pt") as content:
            metadata = content.metadata() or {}
            if metadata.get("key") != key:
                raise TrainingError(
                    f"{file} is a snapshot of other settings or texts; use those again, or start anew without `resume`"
                )
            step, curve, window = json.loads(metadata["progress"])
            with torch.no_grad():
                for name, parameter in model.named_parameters():
                    parameter.copy_(content.get_tensor(f"weights.{name}"))
            for name in content.keys():  # noqa: SIM118 - not a mapping
                kind, _, rest = name.partition(".")
                if kind == "optimizer":
                    index, _, moment = rest.partition(".")
                    state.setdefault(int(index), {})[moment] = content.get_tensor(name)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise TrainingError(f"{file} cannot be read ({error}); delete it and start anew") from error
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return Progress(step, curve, [tuple(losses) for losses in window])
