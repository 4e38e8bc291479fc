"""Sources as posts: files of a pattern, batches that hold each row once, buckets by size."""

import json
from pathlib import Path

import pytest

from penchant.build.recipe import SourceSection
from penchant.build.sources import batches, buckets_for, files_of, parsed, unknown_columns
from penchant.errors import DataError


def source(path: Path, **settings: object) -> SourceSection:
    columns = {"id": "id", "author": "author", "text": "text"}
    return SourceSection(kind="threads", path=str(path), columns=columns, **settings)


def test_the_files_of_a_pattern_come_in_order_and_none_is_refused(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.txt"):
        (tmp_path / name).write_text("")
    assert [file.name for file in files_of(source(tmp_path / "*.jsonl"))] == ["a.jsonl", "b.jsonl"]
    for missing in ("*.csv", "none.jsonl"):
        with pytest.raises(DataError, match="no such file; check the path of this source"):
            files_of(source(tmp_path / missing))


def test_each_row_is_in_one_batch_and_is_a_post_or_has_a_reason(tmp_path: Path) -> None:
    rows = "".join(f'{{"id": {number}, "author": "ann", "text": "tea"}}\n' for number in range(5))
    (tmp_path / "a.jsonl").write_text(rows)
    (tmp_path / "b.jsonl").write_text('{"id": 9}\n')
    made = list(batches(source(tmp_path / "*.jsonl"), 4))
    assert [len(batch) for batch in made] == [4, 2]
    found = [post for batch in made for post in parsed(batch, source(tmp_path / "*.jsonl"))]
    assert [post.id for post in found[:5]] == ["0", "1", "2", "3", "4"]
    line, reason = found[5]
    assert (line.origin, reason) == ("b.jsonl line 1", "no author")


def test_sources_of_two_forums_may_use_the_same_ids(tmp_path: Path) -> None:
    rows = ({"id": "1", "author": "ann", "text": "tea"}, {"id": "2", "author": "ben", "text": "no", "to": "1"})
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = {"id": "id", "author": "author", "text": "text", "parent": "to"}
    board = SourceSection(kind="threads", path=str(tmp_path / "a.jsonl"), columns=columns, forum="board")
    first, second = (post for batch in batches(board, 9) for post in parsed(batch, board))
    assert (first.id, first.thread, first.parent, first.author) == ("board/1", "board/1", None, "ann")
    assert (second.id, second.thread, second.parent) == ("board/2", "board/1", "board/1")


def test_columns_that_no_row_has_are_found_before_a_build(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "who": "ann"}\n{broken\n{"id": 2, "text": "tea"}\n')
    unknown, names = unknown_columns(source(tmp_path / "a.jsonl"))
    assert unknown == [("author", "author")]
    assert names == ["id", "who", "text"]
    (tmp_path / "a.jsonl").write_text("{broken\n")
    assert unknown_columns(source(tmp_path / "a.jsonl")) == ([], [])


def test_large_sources_have_more_buckets(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a.jsonl").write_text("x" * 1000)
    (tmp_path / "a.jsonl.gz").write_text("x" * 1000)
    assert buckets_for([source(tmp_path / "a.jsonl")]) == 16
    monkeypatch.setattr("penchant.build.sources._BUCKET", 10)
    assert buckets_for([source(tmp_path / "a.jsonl")]) == 100
    assert buckets_for([source(tmp_path / "a.jsonl.gz"), source(tmp_path / "a.jsonl")]) == 900
