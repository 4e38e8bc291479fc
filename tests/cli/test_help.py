"""The help of every command fits on a screen, and every option of every command has a help text."""

from collections.abc import Iterator

import click
import pytest
import typer
from typer.main import get_command

from penchant.cli.app import app

COLUMNS, LINES = 80, 40


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Each command below one, with the words that call it, the command itself first."""
    yield context.command_path, command, context
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, child.context_class(child, info_name=name, parent=context, **WIDTH))


WIDTH = {"terminal_width": COLUMNS, "max_content_width": COLUMNS}


def every(application: typer.Typer) -> list[tuple[str, click.Command, click.Context]]:
    """Each command of an application, with its groups."""
    top = get_command(application)
    return list(commands(top, top.context_class(top, info_name="penchant", **WIDTH)))


def long_help(path: str, command: click.Command, context: click.Context) -> list[str]:
    """What is wrong with the size of one help page."""
    lines = command.get_help(context).splitlines()
    wrong = [f"{path} --help has {len(lines)} lines, never over {LINES}"] if len(lines) > LINES else []
    return wrong + [f"{path} --help is wider than {COLUMNS}: {line}" for line in lines if len(line) > COLUMNS]


def without_help(path: str, command: click.Command) -> list[str]:
    """Commands and parameters that do not say what they are for."""
    texts = {"the command": command.help or ""} | {
        "/".join(parameter.opts): getattr(parameter, "help", "") or "" for parameter in command.params
    }
    return [f"{path}: {name} has no help text" for name, text in texts.items() if not text.strip()]


def test_every_command_has_its_help() -> None:
    paths = [path for path, _, _ in every(app)]
    assert len(paths) == len(set(paths))
    assert {"penchant", "penchant eval", "penchant eval accuracy", "penchant fit vpl", "penchant show"} <= set(paths)


def test_the_help_of_every_command_fits_on_a_screen() -> None:
    wrong = [line for path, command, context in every(app) for line in long_help(path, command, context)]
    assert not wrong, "\n".join(wrong)


def test_every_option_of_every_command_has_a_help_text() -> None:
    wrong = [line for path, command, _ in every(app) for line in without_help(path, command)]
    assert not wrong, "\n".join(wrong)


def test_the_pages_are_those_that_a_terminal_of_that_width_shows(penchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    for path, command, context in every(app):
        if path in ("penchant", "penchant eval", "penchant eval accuracy"):
            printed = penchant(*path.split()[1:], "--help").out
            assert len(printed.splitlines()) == len(command.get_help(context).splitlines())


def test_the_rules_refuse() -> None:
    application = typer.Typer(rich_markup_mode=None)

    @application.command("silent")
    def silent(limit: int = 3) -> None: ...

    options = [click.Option([f"--option-{i}"], help="One of many.") for i in range(40)]
    long = click.Command("long", params=list(options), help="Takes much.")
    assert without_help("penchant silent", get_command(application)) == [
        "penchant silent: the command has no help text",
        "penchant silent: --limit has no help text",
    ]
    assert long_help("penchant long", long, click.Context(long, info_name="long", **WIDTH)) != []
