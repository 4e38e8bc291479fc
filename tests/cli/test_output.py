import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from penchant.cli.output import CONSOLE, as_flags, as_json, command_line, result, tell, written


def test_results_go_to_stdout_and_words_to_stderr(capsys) -> None:
    result("a result")
    CONSOLE.note("a word")
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("a result\n", "a word\n")


def test_json_is_one_line_and_keeps_letters_as_they_are() -> None:
    assert as_json({"text": "ä\nb"}) == '{"text": "ä\\nb"}'


def test_a_bar_writes_to_stderr_only_and_counts_steps(capsys) -> None:
    with CONSOLE.bar(5, "counting") as advance:
        advance(2)
        advance(3)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "counting" in seen.err
    assert "5/5" in seen.err


def test_a_bar_for_later_is_not_shown_before_its_first_step(capsys) -> None:
    with CONSOLE.bar(2, "first") as first, CONSOLE.bar(3, "then", later=True) as then:
        first(2)
        assert "then" not in capsys.readouterr().err
        then(3)
    assert "then: 100%" in capsys.readouterr().err
    with CONSOLE.bar(3, "never", later=True):
        pass
    assert capsys.readouterr().err == ""


def test_a_command_is_told_as_it_can_be_given_again() -> None:
    told: list[str] = []
    app = typer.Typer()

    @app.command("measure")
    def measure(
        context: typer.Context,
        data: Annotated[Path, typer.Option()],
        strict: Annotated[bool, typer.Option("--strict")] = False,
        limit: int = 3,
        other: str = "x",
    ) -> None:
        told.append(command_line(context))

    @app.command("second")
    def second() -> None:
        """Two commands, so that each has a name."""

    result = CliRunner().invoke(
        app, ["measure", "--data", "a b.json", "--strict", "--limit", "3"], prog_name="penchant"
    )
    assert result.exit_code == 0, result.output
    assert told == ["penchant measure --data 'a b.json' --limit 3 --strict"]


def test_arguments_are_written_behind_the_whole_verb_and_options_in_order() -> None:
    options = {"split": None, "models": ["ica", "a b"], "limit": 8, "json": False, "data": "d", "neutral": True}
    assert written("penchant eval limited", options) == "penchant eval limited ica 'a b' --data d --limit 8 --neutral"
    assert written("penchant demo", {"overrides": ["seed=1", "ica.beta=2"]}) == (
        "penchant demo --set seed=1 --set ica.beta=2"
    )


def test_settings_in_backticks_become_options() -> None:
    assert (
        as_flags("give another `out`, or set `max_prompt_tokens`") == "give another --out, or set --max-prompt-tokens"
    )
    assert as_flags("`overrides` of `models`; `penchant fit` stays") == "--set of MODELS; `penchant fit` stays"


def test_a_summary_is_a_line_a_value_or_one_object(capsys) -> None:
    tell({"rows": 3, "out": "x"}, json=False)
    tell({"rows": 3}, json=True)
    assert capsys.readouterr().out == 'rows: 3\nout: x\n{"rows": 3}\n'


@pytest.mark.parametrize("command", [("data",), ("data", "--json"), ("show", "prompt"), ("show", "prompt", "--json")])
def test_a_terminal_without_unicode_prints_codes_in_place_of_emoji(tmp_path: Path, command: tuple[str, ...]) -> None:
    row = {"prompt": "caf\u00e9 \U0001f600?", "chosen": "\U0001f44d", "rejected": "no", "user_id": "u"}
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    data = ["--data", str(file)] if command[0] == "show" else [str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "penchant", *command, *data],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    printed = done.stdout.decode("ascii")
    assert "\\U0001f600" in printed or "\U0001f600" in json.dumps(json.loads(printed), ensure_ascii=False)
