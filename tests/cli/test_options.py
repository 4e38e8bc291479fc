"""Options that commands share, and the help of every command."""

from typing import get_args

import click
import pytest
import typer
from typer.models import OptionInfo

from penchant.cli import options
from penchant.cli.app import app

SHARED = {name: value for name, value in vars(options).items() if name.endswith("Option")}
LINES = 40


def commands(command: click.Command, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of every command that can be run."""
    if not hasattr(command, "commands"):
        return [words]
    return [found for name, part in command.commands.items() for found in commands(part, (*words, name))]


COMMANDS = commands(typer.main.get_command(app))


@pytest.mark.parametrize("name", sorted(SHARED))
def test_every_shared_option_has_a_help_of_a_few_words(name: str) -> None:
    (option,) = (part for part in get_args(SHARED[name]) if isinstance(part, OptionInfo))
    assert option.help is not None
    assert 0 < len(option.help) <= 75
    assert option.help.removesuffix("  [required]").endswith(".")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_fits_a_terminal(penchant, monkeypatch, words: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ran = penchant(*words, "--help")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"Usage: penchant {' '.join(words)}")


def test_commands_of_groups_are_found() -> None:
    assert {("train",), ("fit", "vpl"), ("eval", "accuracy"), ("crossval", "scorers")} <= set(COMMANDS)
