"""Columns, history and further evidence, the same for every command that reads data."""

import json
from pathlib import Path

import pytest

from penchant.cli.reading import READING, data_of
from penchant.runs.data import Data

HELP = [("train",), ("infer",), ("export",), ("audit",), ("rank",), ("eval", "accuracy"), ("eval", "report")]
HELP += [("crossval", "models"), ("crossval", "scorers"), ("show", "prompt"), ("show", "users"), ("fit", "annotator")]


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_every_command_that_reads_data_has_the_options(penchant, words: tuple[str, ...]) -> None:
    out = penchant(*words, "--help").out
    assert all(f"--{name}" in out for name in READING)


def test_a_plain_path_stays_one() -> None:
    assert data_of(Path("x"), {"columns": None, "history": None, "evidence": None}) == Path("x")
    options = {"history": "others", "columns": None, "evidence": None, "limit": 3}
    assert data_of(Path("x"), options) == Data(Path("x"), history="others")
    assert options == {"limit": 3}


def test_other_rows_and_another_file_become_evidence(penchant, tmp_path: Path) -> None:
    rows = [{"user": "u", "prompt": f"p{i}", "chosen": f"y{i}", "rejected": f"n{i}"} for i in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "said.csv").write_text("user_id,comment\nu,I like tea.\n")
    ran = penchant(
        *("show", "prompt", "--data", tmp_path / "rows.jsonl", "--persona", "all"),
        *("--history", "others", "--evidence", tmp_path / "said.csv"),
    )
    assert ran.code == 0, ran.err
    assert 'They replied "I like tea."' in ran.out
    assert 'When they asked "p1", they liked the answer "y1" and not "n1"' in ran.out
    assert '"y0"' not in ran.out
    wrong = penchant("show", "prompt", "--data", tmp_path / "rows.jsonl", "--history", "latest")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "--history latest: give others, earlier, or first:K" in wrong.err


@pytest.mark.parametrize(
    "words", [("eval", "accuracy"), ("audit",), ("crossval", "scorers", "--folds", "2")], ids=" ".join
)
def test_measurements_read_the_history_of_other_rows(
    penchant, small_base, tmp_path: Path, words: tuple[str, ...]
) -> None:
    rows = [
        {"user": f"u{i % 8}", "prompt": f"p{i}", "chosen": f"y{i}", "rejected": f"n{i}", "at": f"2026-01-{i + 1:02}"}
        for i in range(24)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    models = ("--base", small_base) if words[0] == "eval" else ()
    ran = penchant(*words, *models, "--data", tmp_path / "rows.jsonl", "--history", "earlier", "--json")
    assert ran.code == 0, ran.err
    assert "24 records with 24 items of history" in ran.err
