"""The folder of an unfinished build: the files of its tasks, with their counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from penchant.build.counts import Counts, StepCounts
from penchant.build.recipe import BuildRecipe
from penchant.shards.atomic import replacing, write_text

DROPPED = pa.schema([("origin", pa.string()), ("step", pa.string()), ("reason", pa.string())])
STAGES = ("read", "sift", "label", "link", "compose", "mirror", "take")


@dataclass(frozen=True, slots=True)
class BuildFolder:
    """The folder of an unfinished build."""

    folder: Path
    recipe: BuildRecipe

    @property
    def buckets(self) -> int:
        """Number of buckets; `runs.build` sets it where the recipe does not."""
        return self.recipe.buckets or 1

    def file(self, stage: str, number: int, ending: str) -> Path:
        """A file of a task."""
        return self.folder / stage / f"{number:06d}.{ending}"

    def files(self, stage: str, ending: str) -> list[Path]:
        """The files of all tasks of a stage, in order."""
        return sorted((self.folder / stage).glob(f"*.{ending}"))

    def counts(self, stage: str, number: int) -> Counts | None:
        """The counts of a task that is done; None: it is not."""
        path = self.file(stage, number, "json")
        if not path.is_file():
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
        return {step: StepCounts.of_dict(values) for step, values in content.items()}

    def done(self, stage: str, number: int, counts: Counts, dropped: Sequence[tuple[str, str, str]] = ()) -> None:
        """Marks a task as done; everything that it writes must be on disk."""
        columns = list(zip(*dropped, strict=True)) or [(), (), ()]
        table = pa.table([pa.array(column, type=pa.string()) for column in columns], schema=DROPPED)
        with (
            replacing(self.file(stage, number, "dropped")) as temporary,
            pa.ipc.new_file(str(temporary), DROPPED, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer,
        ):
            writer.write_table(table)
        content = {step: one.as_dict() for step, one in counts.items()}
        write_text(self.file(stage, number, "json"), json.dumps(content))

    def dropped(self) -> Iterable[pa.Table]:
        """Everything that was dropped, a table a task: origin, step, reason."""
        for stage in STAGES:
            for path in self.files(stage, "dropped"):
                with pa.OSFile(str(path)) as file:
                    yield pa.ipc.open_file(file).read_all()


def save_array(path: Path, values: NDArray[Any]) -> None:
    """Writes an array of numpy."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, values)
