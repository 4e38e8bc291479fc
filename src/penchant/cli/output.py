"""How commands print: results to stdout, everything else to stderr."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from tqdm import tqdm

from penchant.reporter import Advance

_LOG_INTERVAL_S = 30.0
"""Seconds between two updates of a progress bar that is written to a file, not to a terminal."""


class Console:
    """The `Reporter` of the command line: notes and bars on stderr."""

    def note(self, text: str) -> None:
        """A line of progress or advice."""
        sys.stderr.write(as_flags(text) + "\n")
        sys.stderr.flush()

    @contextmanager
    def bar(self, total: int, label: str, *, later: bool = False) -> Iterator[Advance]:
        """See `Reporter.bar`."""
        interval_s = 0.5 if sys.stderr.isatty() else _LOG_INTERVAL_S
        bars: list[tqdm[Any]] = []

        def start() -> tqdm[Any]:
            if not bars:
                bars.append(tqdm(total=total, desc=label, file=sys.stderr, mininterval=interval_s))
            return bars[0]

        if not later:
            start()

        def advance(steps: int = 1) -> None:
            progress = start()
            progress.update(steps)
            if progress.n >= total:
                progress.close()

        try:
            yield advance
        finally:
            for progress in bars:
                progress.close()


CONSOLE = Console()

_SETTING = re.compile(r"`([a-z][a-z0-9_]*)`")
_SPELT = {"overrides": "--set", "models": "MODELS"}


def as_flags(text: str) -> str:
    """A message of the library as the command line spells it: a setting in backticks becomes its option.

    >>> as_flags("give another `out`, or set `overwrite`")
    'give another --out, or set --overwrite'
    """
    return _SETTING.sub(lambda match: _SPELT.get(match[1], f"--{match[1].replace('_', '-')}"), text)


def result(text: str) -> None:
    """The answer of a command, to stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def as_json(value: Any) -> str:
    """One line of JSON; only ASCII where stdout takes no other characters."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not unicode)


def print_anything() -> None:
    """Lets stdout and stderr take every text: a character that the terminal does not have is printed as its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def tell(values: Mapping[str, object], *, json: bool) -> None:
    """Prints a summary: one JSON object, or a line for each value."""
    result(as_json(values) if json else "\n".join(f"{key}: {value}" for key, value in values.items()))


def options_given(context: typer.Context) -> dict[str, Any]:
    """The options and arguments that the user typed: parameter name -> value."""
    source = context.get_parameter_source
    return {name: value for name, value in context.params.items() if getattr(source(name), "name", "") == "COMMANDLINE"}


def command_line(context: typer.Context) -> str:
    """The command as it was typed, to be run again."""
    return written(str(context.command_path), options_given(context))


def written(verb: str, options: Mapping[str, Any]) -> str:
    """A command line: the verb, its arguments, then its options in alphabetical order.

    Args:
        options: by parameter name; a list is an argument that may repeat, True a flag.
    """
    words = verb.split()
    first = len(words)
    for name in sorted(options):
        value, flag = options[name], "--set" if name == "overrides" else f"--{name.replace('_', '-')}"
        if name == "overrides":
            words += [part for text in value for part in (flag, str(text))]
        elif isinstance(value, list | tuple):
            words[first:first] = [str(part) for part in value]
        elif value is True:
            words.append(flag)
        elif value is not None and value is not False:
            words += [flag, str(value)]
    return shlex.join(words)
