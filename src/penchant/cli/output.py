"""How verbs speak: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from tqdm import tqdm

from penchant.shards.atomic import replacing

_LOG_INTERVAL_S = 30.0
"""Between two states of a bar where nobody watches, as in a log."""


def say(text: str) -> None:
    """A line of progress or advice, to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def result(text: str) -> None:
    """What was asked for, to stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def given(context: typer.Context) -> set[str]:
    """The options that stand on the command line, by the names of their parameters."""
    return {name for name in context.params if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"}


def again(context: typer.Context) -> str:
    """The command as it was given, to be run again."""
    words = ["penchant", str(context.info_name)]
    for name in sorted(given(context)):
        value, flag = context.params[name], f"--{name.replace('_', '-')}"
        words += [flag] if value is True else [flag, str(value)]
    return shlex.join(words)


def as_json(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=False)


@contextmanager
def bar(total: int, what: str, *, later: bool = False) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr; call it with the number of steps done since the last call.

    Args:
        later: it is not shown before its first step, as other work comes first.
    """
    interval_s = 0.5 if sys.stderr.isatty() else _LOG_INTERVAL_S
    shown: list[tqdm[Any]] = []

    def show() -> tqdm[Any]:
        if not shown:
            shown.append(tqdm(total=total, desc=what, file=sys.stderr, mininterval=interval_s))
        return shown[0]

    if not later:
        show()

    def advance(steps: int = 1) -> None:
        progress = show()
        progress.update(steps)
        if progress.n >= total:
            progress.close()

    try:
        yield advance
    finally:
        for progress in shown:
            progress.close()


def write_whole(path: Path, text: str) -> None:
    """Writes a file in one piece: it is there completely or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
