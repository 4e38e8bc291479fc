"""Paid answers are stored once, and only in a ledger file."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from penchant.errors import DataError
from penchant.model.ledger import Answer, Ledger


def test_an_answer_is_found_again_by_another_run(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.sqlite"
    with Ledger(path) as ledger:
        assert ledger.find("q") is None
        ledger.keep("q", Answer("yes", 7, 3))
    with Ledger(path) as again:
        assert again.find("q") == Answer("yes", 7, 3)
        assert len(again) == 1


def test_the_first_answer_to_a_question_stays(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as ledger:
        ledger.keep("q", Answer("first"))
        ledger.keep("q", Answer("second"))
        assert ledger.find("q") == Answer("first")
        assert len(ledger) == 1


def test_a_ledger_of_an_earlier_version_is_read_and_written(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as ledger:
        ledger.keep("old", Answer("yes", 7, 3))
    with sqlite3.connect(tmp_path / "l") as base:
        base.execute("ALTER TABLE answers DROP COLUMN finish")
    with Ledger(tmp_path / "l") as ledger:
        ledger.keep("new", Answer("no", 1, 2, "length"))
        assert ledger.find("old") == Answer("yes", 7, 3, "stop")
        assert ledger.find("new") == Answer("no", 1, 2, "length")


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    Ledger(tmp_path / "l").close()
    assert stat.S_IMODE((tmp_path / "l").stat().st_mode) == 0o600


def test_an_answer_survives_a_process_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from penchant.model.ledger import Answer, Ledger;"
        "Ledger(Path(sys.argv[1])).keep('q', Answer('kept')); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "l")], check=False).returncode == 9
    with Ledger(tmp_path / "l") as ledger:
        assert ledger.find("q") == Answer("kept")


def test_two_may_write_to_one_file(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as one, Ledger(tmp_path / "l") as two:
        for number in range(20):
            one.keep(f"one {number}", Answer("1"))
            two.keep(f"two {number}", Answer("2"))
        assert len(one) == len(two) == 40
        assert one.find("two 3") == Answer("2")


def test_other_files_are_refused_and_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as base:
        base.execute("CREATE TABLE theirs (x)")
    text = tmp_path / "notes.txt"
    text.write_text("not a database, and longer than the header of one would be" * 10)
    for path in (other, text, tmp_path):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(DataError, match="ledger"):
            Ledger(path)
        assert (path.read_bytes() if path.is_file() else b"") == before
