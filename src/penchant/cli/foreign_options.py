"""Answers to an option that another command has: one sentence that names the command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from penchant.errors import ConfigError

_MOST = 2
"""Commands that a message names."""


def refuse_foreign_options(root: Any, words: Sequence[str]) -> None:
    """Checks the options of a command line.

    Args:
        root: the command `penchant`, as `typer.main.get_command` gives it.
        words: what stands behind `penchant`.
    Raises:
        ConfigError: an option that this command lacks and another command has.
    """
    path, command, rest = "penchant", root, list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        path, command = f"{path} {rest[0]}", command.commands[rest.pop(0)]
    if getattr(command, "commands", None):
        return  # no command is named, or an unknown one
    own = _options(command)
    for option in (word.split("=")[0] for word in rest if word.startswith("--") and word != "--"):
        owners = [name for name, other in _commands(root, "penchant") if option in _options(other)]
        if option not in own and owners:
            named = " and ".join(owners[:_MOST])
            verb = "has" if len(owners) == 1 else "have"
            raise ConfigError(f"No such option: {option} of {path}; {named} {verb} it")


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command below one, with its words."""
    below = getattr(command, "commands", None)
    if not below:
        yield path, command
    for name, child in (below or {}).items():
        yield from _commands(child, f"{path} {name}")


def _options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts} | {"--help"}
