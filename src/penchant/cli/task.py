"""`penchant task`: converts a published benchmark into records for `penchant eval`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli import options as shared
from penchant.cli.output import CONSOLE, as_json, result
from penchant.errors import ConfigError
from penchant.runs.task import benchmarks, build_task

_KEYS = ("name", "what", "source", "licence", "metric")


def command(
    name: Annotated[str | None, typer.Argument(help="A benchmark; without a name, all are listed.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder or file of the published benchmark, or its source data.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for records and space.toml.")] = None,
    download: Annotated[
        str | None, typer.Option(help="Hugging Face dataset to download into --data: ORG/NAME@COMMIT.")
    ] = None,
    seed: shared.SeedOption = 0,
    overwrite: shared.OverwriteOption = False,
    json: shared.JsonOption = False,
) -> None:
    """Convert a published benchmark into records.

    Report dropped rows. Without a name, list the benchmarks.
    """
    if name is not None:
        counts = build_task(
            name, data=data, out=out, download=download, seed=seed, overwrite=overwrite, reporter=CONSOLE
        )
        ask = ["--data", str(out), "--split", "test", "--personas", benchmarks()[name].personas]
        counts["next"] = f"penchant eval accuracy MODEL {shlex.join(ask)}"
        result(as_json(counts) if json else "\n".join(_lines(counts)))
        return
    if data or out or download:
        raise ConfigError(f"name the benchmark that --data, --out and --download are of: {', '.join(benchmarks())}")
    listed = [{key: str(getattr(task, key)) for key in _KEYS} for task in benchmarks().values()]
    files = [list(task.published) for task in benchmarks().values()]
    if json:
        tasks = [{**values, "published": names} for values, names in zip(listed, files, strict=True)]
        result(as_json({"tasks": tasks}))
        return
    for values, names in zip(listed, files, strict=True):
        result("\n".join([values["name"], *(f"  {key}: {values[key]}" for key in _KEYS[1:])]))
        result(f"  files: {', '.join(names)}")
    CONSOLE.note("two of them are also built from other sources: docs/guide/benchmarks.md")


def _lines(counts: dict[str, object]) -> list[str]:
    lines = []
    for key, value in counts.items():
        if isinstance(value, dict):
            lines.append(f"{key}:" if value else f"{key}: none")
            lines += [f"  {name}: {count:,}" for name, count in value.items()]
        else:
            lines.append(f"{key}: {value}")
    return lines
