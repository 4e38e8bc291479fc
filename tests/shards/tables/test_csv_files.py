"""Tables of separated values."""

import csv
import json
from pathlib import Path

import pytest

from penchant.errors import DataError
from penchant.shards.tables import open_table

ROWS = [{"prompt": "é", "n": 1}, {"prompt": "two\nlines", "n": 2}]


def contents(path: Path) -> list[dict[str, object]]:
    return [dict(row.content) for row in open_table(path).rows()]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.mark.parametrize(("ending", "separator"), [(".csv", ","), (".csv", ";"), (".csv", "|"), (".tsv", "\t")])
def test_separated_values_are_texts_and_empty_cells_are_missing(tmp_path: Path, ending: str, separator: str) -> None:
    path = tmp_path / f"rows{ending}"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerows([["prompt", "chosen"], ['say "hi"\nnow', ""], ["x", "y" * 10_000_000]])
    assert contents(path) == [{"prompt": 'say "hi"\nnow', "chosen": None}, {"prompt": "x", "chosen": "y" * 10_000_000}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,a\n1,2,3\n", "names the column 'a' twice"),
        ("", "has no header"),
        ('a,b\n1,"2\n', "a quotation mark may not be closed"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"rows\.csv: .*{message}"):
        contents(path)


def test_a_row_with_too_many_cells_is_marked_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n1,2,3\n4,5\n")
    rows = list(open_table(path).rows())
    assert [row.broken for row in rows] == ["", "the row has another number of cells than the header", ""]


def test_the_questions_and_ids_of_qualtrics_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    ids = ['{"ImportId":"QID1"}', '{"ImportId":"QID2"}']
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["Q1", "Q2"], ["Which is better?", "Why?"], ids, ["A", "short"], ["B", ""]])
    assert contents(path) == [{"Q1": "A", "Q2": "short"}, {"Q1": "B", "Q2": None}]
