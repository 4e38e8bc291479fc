"""Turns the files of a benchmark into records, which `penchant eval` scores; `penchant task`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.errors import ConfigError
from penchant.reporter import QUIET, Reporter
from penchant.space import SPACE_FILE, load_space

if TYPE_CHECKING:
    from penchant.eval.tasks import Task
    from penchant.eval.tasks.base import Built

SPACE = "alignx90+demographics"
"""The space for published profiles: they include age and gender, which plain alignx90 leaves out."""


def benchmarks() -> dict[str, Task]:
    """Every benchmark by its name."""
    from penchant.eval.tasks import TASKS

    return TASKS


def build_task(
    name: str,
    *,
    data: Path | None = None,
    out: Path | None = None,
    download: str | None = None,
    seed: int = 0,
    overwrite: bool = False,
    reporter: Reporter = QUIET,
) -> dict[str, object]:
    """Writes the records of a benchmark and their space.

    Args:
        data: the published files, or the sources that the benchmark is built from.
        out: folder for the records and `space.toml`.
        download: a dataset of the Hub, `ORG/NAME@COMMIT`, that is first fetched into `data`.
        seed: of whatever is drawn in building.
        overwrite: replace the records in `out`.
    Returns:
        Counts of rows, records, reasons, prompts, users and subsets.
    Raises:
        ConfigError: an unknown benchmark, a missing folder, records in `out`, or an incomplete commit.
        DataError: the files cannot be read.
    """
    from penchant.eval.tasks.hub import download as fetch
    from penchant.shards import parquet
    from penchant.shards.atomic import write_text
    from penchant.shards.manifest import MANIFEST

    if name not in benchmarks():
        raise ConfigError(f"no benchmark '{name}'; known are {', '.join(benchmarks())}")
    if data is None or out is None:
        raise ConfigError(f"benchmark {name} needs `data` and `out`")
    task = benchmarks()[name]
    if (out / MANIFEST).exists() and not overwrite:
        raise ConfigError(f"{out} holds records already; give another `out`, or set `overwrite`")
    if download is not None:
        fetch(download, data)
    space = load_space(SPACE)
    built = task.load(data, space, seed)
    parquet.write(
        built.records,
        out,
        space=space,
        seed=seed,
        simulated=task.simulated,
        counts=built.counts,
        overwrite=overwrite,
    )
    write_text(out / SPACE_FILE, space.as_toml())
    _report(task, built, data, reporter)
    return _counts(task, built)


def _report(task: Task, built: Built, data: Path, reporter: Reporter) -> None:
    """Notes missing files, items left out, and the licence."""
    missing = [name for name in task.published if not (data / name).is_file()] if data.is_dir() else []
    if 0 < len(missing) < len(task.published):
        reporter.note(
            f"{data} lacks {', '.join(missing)}: the benchmark is of all {len(task.published)} files, these records not"
        )
    for reason, count in sorted(built.counts.lost_items.items()):
        reporter.note(f"{data}: {count:,} items left out ({reason})")
    reporter.note(f"licence of the data: {task.licence}")


def _counts(task: Task, built: Built) -> dict[str, object]:
    subsets = Counter((record.split, record.provenance.attribute) for record in built.records)
    return {
        "task": task.name,
        "simulated": task.simulated,
        "rows": built.counts.rows,
        "records": len(built.records),
        "dropped": dict(sorted(built.counts.dropped.items())),
        "prompts": len({record.prompt for record in built.records}),
        "users": len({record.user_id for record in built.records}),
        "attributes": {f"{split} {attribute}": count for (split, attribute), count in sorted(subsets.items())},
    }
