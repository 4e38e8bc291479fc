"""Prints docs/cli.md: the help text of every command, at 100 columns. `make docs` runs it."""

from __future__ import annotations

from collections.abc import Iterator

import click
import typer

WIDTH = 100


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all commands below it, with the words that call each."""
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            if below is not None:
                yield from commands(below, f"{path} {name}")


def page() -> str:
    """The page as Markdown."""
    from penchant.cli.app import app

    parts = ["# Command line\n\nWritten by `make docs` from the help texts.\n"]
    for path, command in commands(typer.main.get_command(app), "penchant"):
        context = click.Context(command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH)
        parts.append(f"\n## {path}\n\n```\n{command.get_help(context).rstrip()}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
