from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from penchant.cli.output import again, as_json, bar, result, say, write_whole


def test_results_go_to_stdout_and_words_to_stderr(capsys) -> None:
    result("a result")
    say("a word")
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("a result\n", "a word\n")


def test_json_is_one_line_and_keeps_letters_as_they_are() -> None:
    assert as_json({"text": "ä\nb"}) == '{"text": "ä\\nb"}'


def test_a_bar_writes_to_stderr_only_and_counts_steps(capsys) -> None:
    with bar(5, "counting") as advance:
        advance(2)
        advance(3)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "counting" in seen.err
    assert "5/5" in seen.err


def test_a_file_is_written_whole_or_not_at_all(tmp_path) -> None:
    target = tmp_path / "new" / "page.html"
    write_whole(target, "first")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "second \ud800")
    assert target.read_text(encoding="utf-8") == "first"
    write_whole(target, "third")
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]


def test_a_bar_for_later_is_not_shown_before_its_first_step(capsys) -> None:
    with bar(2, "first") as first, bar(3, "then", later=True) as then:
        first(2)
        assert "then" not in capsys.readouterr().err
        then(3)
    assert "then: 100%" in capsys.readouterr().err
    with bar(3, "never", later=True):
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
        told.append(again(context))

    @app.command("second")
    def second() -> None:
        """Two commands, so that each has a name."""

    result = CliRunner().invoke(app, ["measure", "--data", "a b.json", "--strict", "--limit", "3"])
    assert result.exit_code == 0, result.output
    assert told == ["penchant measure --data 'a b.json' --limit 3 --strict"]
