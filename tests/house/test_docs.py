"""Every command that the docs show exists, with every option that they give it."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from penchant.cli.app import app

BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)

INLINE = re.compile(r"`penchant ([a-z][^`\n]*)`")


def shown_commands(text: str) -> list[list[str]]:
    """The words behind `penchant` of each command in code blocks and inline code; continued lines are joined."""
    lines = [line for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    bodies = [line.strip().split("  #")[0].partition("penchant ") for line in lines]
    calls = [words for before, found, words in bodies if found and is_call(before)]
    return [shlex.split(words, comments=True) for words in (*calls, *INLINE.findall(BLOCK.sub("", text)))]


def is_call(before: str) -> bool:
    """Whether what stands before `penchant` on a line leaves it a command: nothing, a prompt or a launcher."""
    return before.strip() in ("", "$") or before.startswith(("torchrun", ".venv/bin/"))


def unknown_words(words: list[str]) -> list[str]:
    """The words of a command line that are no command, no option of it, or are missing."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while getattr(command, "commands", None):
        if not rest or rest[0].startswith("-"):
            return [] if "--version" in rest or "--help" in rest or not rest else [f"no command in {words}"]
        name = rest.pop(0)
        if name.startswith("<") or name.isupper():  # a placeholder
            return []
        if name not in command.commands:
            return [f"no command {name} in {words}"]
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    used = [word.split("=")[0] for word in rest if word.startswith("--")]
    return [f"no option {option} in {words}" for option in used if option not in options]


def test_every_command_on_every_page_exists_with_its_options(root: Path) -> None:
    pages = [root / "README.md", *(path for path in (root / "docs").rglob("*.md") if path.name != "cli.md")]
    commands = [(path.name, words) for path in pages for words in shown_commands(path.read_text(encoding="utf-8"))]
    assert len(commands) > 30
    broken = [f"{name}: {what}" for name, words in commands for what in unknown_words(words)]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    "line",
    ["penchant annotate --data x", "penchant eval --suite limited", "penchant eval limited --suite x"],
)
def test_the_command_rule_refuses(line: str) -> None:
    (words,) = shown_commands(f"```\n{line}\n```")
    assert unknown_words(words) != []
    assert shown_commands(f"Type `{line}`.") == [words]


def test_the_command_rule_reads_blocks_comments_and_continued_lines() -> None:
    page = "penchant not this\n```sh\npenchant eval accuracy m \\\n  --data d   # why\nmake demo\n```\n"
    assert shown_commands(page) == [["eval", "accuracy", "m", "--data", "d"]]
    assert unknown_words(shown_commands(page)[0]) == []
