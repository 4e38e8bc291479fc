from pathlib import Path

import pytest

from penchant.errors import DataError
from penchant.runs.build import build
from penchant.runs.built import explain

from ..build.conftest import rows_of, write_forum


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("forum")
    build(
        config=write_forum(folder, [*rows_of(40), {"id": "x", "author": "ann", "text": "short"}]), out=folder / "data"
    )
    return folder / "data"


def test_a_row_that_was_left_out_has_its_step_and_reason(built: Path) -> None:
    told = explain(built, "posts.jsonl line 201")
    assert told["dropped"] == [{"step": "prose", "reason": "too short"}]
    assert told["records"] == told["evidence"] == []


def test_a_record_says_from_which_rows_it_is_made(built: Path) -> None:
    rows = (explain(built, f"posts.jsonl line {number}") for number in range(2, 60))
    record = next(record for told in rows for record in told["records"])
    again = explain(built, record["record"])
    assert again["records"] == [record]
    reply = record["record"].split(" > ")[0]
    assert record in explain(built, reply)["records"]
    assert record["rule"] == "own"
    assert {part.split(" line ")[0] for part in (record["prompt"], record["chosen"], record["rejected"])} == {
        "posts.jsonl"
    }
    evidence = next(iter(record["evidence"].values()))
    assert record["record"] in explain(built, evidence)["evidence"]


def test_an_unknown_row_and_an_unfinished_folder_are_refused(built: Path, tmp_path: Path) -> None:
    for row in ("other.jsonl line 9", "posts.jsonl row 9"):
        with pytest.raises(DataError, match=f"nothing is called '{row}'; give a line of JSON lines, from 1"):
            explain(built, row)
    with pytest.raises(DataError, match="holds no data set that was built to its end"):
        explain(tmp_path, "x")
