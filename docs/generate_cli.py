"""Prints docs/cli.md: the help text of every command, at 100 columns. `make docs` runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import typer
from typer.testing import CliRunner

from penchant.cli.app import app

WIDTH = 100


def paths(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of a command and of all commands below it."""
    yield words
    below: Mapping[str, Any] = getattr(command, "commands", {})
    for name, child in below.items():
        yield from paths(child, (*words, name))


def page() -> str:
    """The page as Markdown."""
    parts = ["# Command line\n\nWritten by `make docs` from the help texts.\n"]
    for words in paths(typer.main.get_command(app)):
        outcome = CliRunner().invoke(
            app, [*words, "--help"], prog_name="penchant", terminal_width=WIDTH, max_content_width=WIDTH
        )
        parts.append(f"\n## {' '.join(('penchant', *words))}\n\n```\n{outcome.output.rstrip()}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
