"""What a run was started with, kept among its checkpoints, so that only the same run goes on from them; and how far."""

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
"""Settings that a run may go on with changed: how far it goes, and how it is computed and kept."""


def run_identity(grove: TrainingSet, settings: TrainSection, base: str) -> dict[str, Any]:
    """All that decides a run's steps, JSON-ready: the data by a digest of all that its people show and prefer.

    Args:
        base: digest of the base's weights.
    """
    data = hashlib.sha256()
    for records in grove.people:
        for record in records:
            data.update(_bytes(record))
    return {
        "method": grove.method.name,
        "base": base,
        "data": data.hexdigest()[:16],
        "space": grove.space.digest,
        "layout": grove.layout,
        "seed": grove.seed,
        **settings.model_dump(mode="json", exclude=_FREE),
    }


def _bytes(value: object) -> bytes:
    """A record or a part of it; five times as fast as writing it out, as every start of a run pays for all of them."""
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
    """The newest checkpoint that was written to its end; the trainer writes its state file last."""
    whole = [path.parent for path in checkpoints.glob("checkpoint-*/trainer_state.json")]
    return max(whole, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """After how many steps it was written."""
    return int(checkpoint.name.rpartition("-")[2])


def write_identity(checkpoints: Path, run: Mapping[str, Any]) -> None:
    """Keeps what a run is started with, in place of any other's."""
    checkpoints.mkdir(parents=True, exist_ok=True)
    with replacing(checkpoints / IDENTITY_FILE) as part:
        part.write_text(json.dumps(run, sort_keys=True) + "\n", encoding="utf-8")


def require_same_run(checkpoints: Path, run: Mapping[str, Any]) -> None:
    """Refuses to go on from the checkpoints of another run.

    Raises:
        TrainingError: they are of other data or settings, which are named, or it is not known of what.
    """
    try:
        before = json.loads((checkpoints / IDENTITY_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = None
    if not isinstance(before, dict):
        differs = "do not say what run they are of"
    else:
        # as JSON has it, so that a tuple is the list that it was read back as
        now = json.loads(json.dumps(run))
        names = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
        differs = f"are of a run with other {', '.join(names)}" if names else ""
    if differs:
        raise TrainingError(
            f"cannot go on in {checkpoints.parent}: its checkpoints {differs}; "
            "give another --out, or leave out --resume and add --overwrite to start anew"
        )
