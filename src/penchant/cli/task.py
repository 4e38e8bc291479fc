"""`penchant task`: a benchmark's data becomes records that `penchant eval` scores."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.output import as_json, result, say, write_whole
from penchant.errors import ConfigError
from penchant.space import SPACE_FILE, load_space

if TYPE_CHECKING:
    from penchant.eval.tasks import Task
    from penchant.eval.tasks.base import Built

SPACE = "alignx90+demographics"
"""Published profiles name ages and genders too."""


def command(
    name: Annotated[str | None, typer.Argument(help="The benchmark; without it all are listed.")] = None,
    data: Annotated[Path | None, typer.Option(help="Its published files, or the sources it is built from.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the records and space.toml.")] = None,
    download: Annotated[
        str | None, typer.Option(help="First fetch this dataset of the Hub into --data: ORG/NAME@COMMIT.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn in building.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace records in --out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The list, or the counts, as one JSON line.")] = False,
) -> None:
    """Turns a benchmark's files into records, cleaned and counted, or lists the benchmarks there are."""
    from penchant.eval.tasks import TASKS
    from penchant.eval.tasks.hub import download as fetch
    from penchant.shards.manifest import MANIFEST

    if name is None:
        if data or out or download:
            raise ConfigError(f"name the benchmark that --data, --out and --download are of: {', '.join(TASKS)}")
        _list(list(TASKS.values()), json=json)
        return
    if name not in TASKS:
        raise ConfigError(f"no benchmark '{name}'; known are {', '.join(TASKS)}")
    if data is None or out is None:
        raise ConfigError(f"penchant task {name} needs --data and --out")
    if (out / MANIFEST).exists() and not overwrite:
        raise ConfigError(f"{out} holds records already; give another --out, or add --overwrite")
    if download is not None:
        fetch(download, data)
    counts = run(TASKS[name], data, out, seed=seed, overwrite=overwrite)
    result(as_json(counts) if json else "\n".join(_lines(counts)))


def run(task: Task, data: Path, out: Path, *, seed: int, overwrite: bool = False) -> dict[str, object]:
    """Writes the records of a benchmark and its space; returns counts and the command to run next."""
    from penchant.shards import parquet

    space = load_space(SPACE)
    built = task.load(data, space, seed)
    records, counts = built.records, built.counts
    parquet.write(records, out, space=space, seed=seed, simulated=task.simulated, counts=counts, overwrite=overwrite)
    write_whole(out / SPACE_FILE, space.as_toml())
    missing = [name for name in task.published if not (data / name).is_file()] if data.is_dir() else []
    if 0 < len(missing) < len(task.published):
        say(
            f"{data} lacks {', '.join(missing)}: the benchmark is of all {len(task.published)} files, these records not"
        )
    for reason, count in sorted(counts.lost_items.items()):
        say(f"{data}: {count:,} items left out ({reason})")
    say(f"licence of the data: {task.licence}")
    return _counts(task, built, out)


def _counts(task: Task, built: Built, out: Path) -> dict[str, object]:
    places = Counter((record.split, record.provenance.attribute) for record in built.records)
    ask = ["penchant", "eval", "--data", str(out), "--split", "test", "--personas", task.personas]
    return {
        "task": task.name,
        "simulated": task.simulated,
        "rows": built.counts.rows,
        "records": len(built.records),
        "dropped": dict(sorted(built.counts.dropped.items())),
        "prompts": len({record.prompt for record in built.records}),
        "users": len({record.user_id for record in built.records}),
        "attributes": {f"{split} {attribute}": count for (split, attribute), count in sorted(places.items())},
        "next": f"{shlex.join(ask)} --reference BASE --ica MODEL",
    }


def _lines(counts: Mapping[str, object]) -> Iterator[str]:
    for key, value in counts.items():
        if isinstance(value, dict):
            yield f"{key}:" if value else f"{key}: none"
            yield from (f"  {name}: {count:,}" for name, count in value.items())
        else:
            yield f"{key}: {value}"


def _list(tasks: list[Task], *, json: bool) -> None:
    keys = ("name", "what", "source", "licence", "metric")
    listed = [{key: str(getattr(task, key)) for key in keys} for task in tasks]
    if json:
        result(
            as_json({"tasks": [{**one, "published": list(t.published)} for one, t in zip(listed, tasks, strict=True)]})
        )
        return
    for one, task in zip(listed, tasks, strict=True):
        files = f"  files: {', '.join(task.published)}"
        result("\n".join([one["name"], *(f"  {key}: {one[key]}" for key in keys[1:]), files]))
    say("what else two of them are built from: docs/adding/benchmark.md")
