"""Resumes a training run: a file beside the checkpoints identifies the run, so that no other run uses them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.config import TrainSection
from penchant.errors import TrainingError
from penchant.shards.atomic import replacing
from penchant.space import Direction

if TYPE_CHECKING:
    from penchant.train.trees import TrainingSet

IDENTITY_FILE = "run.json"
_FREE = {"max_steps", "save_steps", "max_tree_tokens", "processes", "distributed"}
"""Settings that may change on resuming: how far the run goes, and how it is computed and kept."""


def run_identity(training_set: TrainingSet, settings: TrainSection, base: str) -> dict[str, Any]:
    """Everything that decides the steps of a run, ready for JSON; of the data a digest of all records.

    Args:
        base: digest of the base's weights.
    """
    data = hashlib.sha256()
    for records in training_set.people:
        for record in records:
            data.update(_bytes(record))
    return {
        "method": training_set.method.name,
        "base": base,
        "data": data.hexdigest()[:16],
        "space": training_set.space.digest,
        "layout": training_set.layout,
        "template": hashlib.sha256(str(training_set.tokenizer.tokenizer.chat_template).encode()).hexdigest()[:16],
        "seed": training_set.seed,
        **settings.model_dump(mode="json", exclude=_FREE),
    }


def _bytes(value: object) -> bytes:
    """Bytes of a record or of a part of it; five times as fast as JSON, and every start digests all records."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, Direction):
        return value.signs.tobytes() + (b"" if value.confidence is None else value.confidence.tobytes())
    if isinstance(value, tuple):
        return b"\1".join(map(_bytes, value))
    if is_dataclass(value):
        return b"\0".join(_bytes(getattr(value, field.name)) for field in fields(value))
    return str(value).encode()


def last_checkpoint(checkpoints: Path) -> Path | None:
    """The newest complete checkpoint; the trainer writes its state file last."""
    complete = [path.parent for path in checkpoints.glob("checkpoint-*/trainer_state.json")]
    return max(complete, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """The number of steps taken before a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def write_identity(checkpoints: Path, run: Mapping[str, Any]) -> None:
    """Writes the identity of a run, and replaces that of an older run."""
    checkpoints.mkdir(parents=True, exist_ok=True)
    with replacing(checkpoints / IDENTITY_FILE) as part:
        part.write_text(json.dumps(run, sort_keys=True) + "\n", encoding="utf-8")


def require_same_run(checkpoints: Path, run: Mapping[str, Any]) -> None:
    """Refuses to resume from the checkpoints of another run.

    Raises:
        TrainingError: the checkpoints have no identity, or they are of a run with other data or settings, which are
            named.
    """
    try:
        before = json.loads((checkpoints / IDENTITY_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = None
    if not isinstance(before, dict):
        problem = "do not say what run they are of"
    else:
        # through JSON, as the stored identity went: a tuple becomes a list
        now = json.loads(json.dumps(run))
        names = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
        problem = f"are of a run with other {', '.join(names)}" if names else ""
    if problem:
        raise TrainingError(
            f"cannot go on in {checkpoints.parent}: its checkpoints {problem}; "
            "give another `out`, or leave out `resume` and set `overwrite` to start anew"
        )
