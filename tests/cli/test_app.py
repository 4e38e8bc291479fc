import signal
import subprocess
import sys
from importlib.metadata import version

import pytest

from penchant.cli import app as module
from penchant.errors import ConfigError


@pytest.mark.parametrize("verb", ["simulate", "base", "train", "fit", "task", "eval", "crossval", "show", "demo"])
def test_every_verb_is_registered_and_explains_itself(penchant, verb: str) -> None:
    ran = penchant(verb, "--help")
    assert ran.code == 0
    assert f"Usage: penchant {verb}" in ran.out


def test_the_version_is_told_and_without_a_verb_there_is_help(penchant) -> None:
    assert penchant("--version").out == f"penchant {version('penchant')}\n"
    assert "Usage: penchant" in penchant().out


def test_an_error_is_one_sentence_on_stderr_and_exits_with_2(penchant) -> None:
    ran = penchant("show", "space", "nowhere")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("penchant: no space named 'nowhere'")
    assert ran.err.count("\n") == 1


def test_a_message_of_several_lines_is_folded_into_one(penchant, monkeypatch) -> None:
    def fail(**_: object) -> None:
        raise ConfigError("the library said:\n  this\n  and that")

    monkeypatch.setattr(module, "refuse_old_spelling", lambda _words: fail())
    assert penchant().err == "penchant: the library said: this and that\n"


def test_a_path_that_cannot_be_written_is_named(penchant, small_recipe, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    ran = penchant("simulate", "--recipe", small_recipe, "--out", tmp_path / "file" / "forum")
    assert ran.code == 2
    assert ran.err.splitlines()[-1].startswith(f"penchant: cannot use {tmp_path / 'file'}")


def test_an_interrupt_says_so_and_exits_with_130(penchant, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("penchant.cli.show.load_space", interrupted)
    ran = penchant("show", "space")
    assert ran.code == 130
    assert ran.err == "penchant: interrupted; files that were whole are kept, and none is half written\n"


def test_an_interrupt_says_how_to_go_on_where_one_can(penchant, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("penchant.runs.recipe.load_recipe", interrupted)
    ran = penchant("train", "--data", "rows.jsonl", "--method", "ica", "--recipe", "hub", "--out", "nowhere")
    assert ran.code == 130
    assert ran.err.endswith("--resume goes on after its last whole checkpoint or shard, if there is one\n")


def test_an_interrupt_of_the_last_moments_has_no_traceback() -> None:
    late = "import atexit, os, signal; atexit.register(os.kill, os.getpid(), signal.SIGINT); "
    ran = subprocess.run(
        [sys.executable, "-c", f"{late}from penchant.cli import main; main()", "show", "space"],
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (-signal.SIGINT, "")
    assert ran.stdout.startswith("alignx90: 90 dimensions")


def test_an_unknown_verb_exits_with_2(penchant) -> None:
    ran = penchant("simulat")
    assert ran.code == 2
    assert "simulat" in ran.err


def test_a_shell_sees_the_same_exit_codes() -> None:
    assert subprocess.run([sys.executable, "-m", "penchant", "--version"], check=False).returncode == 0
    program = "from penchant.cli import main; main()"
    wrong = subprocess.run([sys.executable, "-c", program, "show", "space", "nowhere"], capture_output=True, text=True)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Traceback" not in wrong.stderr
    right = subprocess.run([sys.executable, "-c", program, "show", "space"], capture_output=True, text=True)
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.startswith("alignx90: 90 dimensions")


def test_a_character_that_the_terminal_lacks_is_one_sentence(penchant, monkeypatch) -> None:
    def fail(*_arguments: object) -> None:
        "\U0001f600".encode("ascii")

    monkeypatch.setattr("penchant.cli.app.refuse_old_spelling", fail)
    ran = penchant("data", "rows.jsonl")
    assert (ran.code, "set PYTHONUTF8=1 and run the command again" in ran.err) == (2, True)
