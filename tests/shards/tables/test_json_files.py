import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import DataError
from penchant.shards.tables import arrow_files, json_files, open_table
from penchant.shards.tables.arrow_files import parquet_columns, parquet_length, parquet_rows
from penchant.shards.tables.json_files import json_lines, json_list
from penchant.shards.tables.text import require_file

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=3), max_size=6), st.integers(1, 9), st.booleans())
def test_a_json_list_read_in_pieces_is_what_json_loads_gives(rows, chunk: int, indented: bool) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(json_files, "_CHUNK_CHARS", chunk)
        path = Path(folder) / "rows.json"
        path.write_text(json.dumps(rows, indent=80 if indented else None), encoding="utf-8")
        found = list(json_list(path))
    assert [row.content for row in found] == rows
    assert [row.location for row in found] == [f"row {i}" for i in range(len(rows))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}, {"b": ]', "row 1 is not valid JSON"),
        ('[{"a": 1}, {"b": "cut', "row 1 is not valid JSON"),
        ('[{"a": 1}', "before row 1 comes the end of the file"),
        ('[{"a": 1} {"b": 2}]', "before row 1 comes '{'"),
        ('[{"a": 1},]', "row 1 is not valid JSON"),
        ('[{"a": 1}, 3]', "row 1 is of type int; a row must be a JSON object"),
        ('{"a": 1}', "not a JSON list"),
        ("", "not a JSON list"),
        ("[", "row 0 is not valid JSON"),
        ('[{"a": 1}] x', "text follows after the list of 1 rows"),
    ],
)
def test_a_broken_json_list_names_the_file_and_the_row(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    with pytest.raises(DataError, match=f"rows.json: .*{message}"):
        list(json_list(path))


def test_a_broken_row_of_a_long_list_is_not_searched_to_the_end_of_the_file(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(json_files, "_CHUNK_CHARS", 10)
    monkeypatch.setattr(json_files, "_LONGEST_ROW_CHARS", 100)
    path = tmp_path / "rows.json"
    path.write_text('[{"a": oops}, ' + '{"b": 1}, ' * 1000)
    rows = json_list(path)
    with pytest.raises(DataError, match="row 0"):
        next(rows)


def test_json_lines_are_numbered_as_an_editor_does_and_blank_ones_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": "x\xe2\x80\xa8y"}\r\n\n  \n{"b": 2}')
    assert [(row.location, row.number, row.content) for row in json_lines(path)] == [
        ("line 1", 1, {"a": "x\u2028y"}),
        ("line 4", 4, {"b": 2}),
    ]


@pytest.mark.parametrize("line", ["{", "[1]", "1", '{"a": 1} {"b": 2}', "1" * 5000])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n' + line + "\n")
    with pytest.raises(DataError, match=r"rows\.jsonl: line 2 "):
        list(json_lines(path))


@pytest.mark.parametrize("read", [json_lines, json_list])
def test_a_file_that_is_not_utf8_says_so(tmp_path: Path, read) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b'[{"a": "\xc3\xa9"},\n{"a": "\xff"}]' if read is json_list else b'{"a": 1}\n{"a": "\xff"}\n')
    with pytest.raises(DataError, match="rows: line 2 is not UTF-8"):
        list(read(path))


def test_parquet_rows_are_streamed_in_order_over_batches_and_projected(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(arrow_files, "_BATCH_ROWS", 3)
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": range(10), "b": ["x"] * 10}), path, row_group_size=4)
    rows = list(parquet_rows(path, ["a", "c"]))
    assert [row.content for row in rows] == [{"a": i} for i in range(10)]
    assert [row.location for row in rows][-1] == "row 9"
    assert (parquet_columns(path), parquet_length(path)) == (["a", "b"], 10)


@pytest.mark.parametrize("content", [b"", b"PAR1 no", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_a_broken_parquet_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"rows\.parquet: not a readable Parquet file"):
        list(parquet_rows(path, ["a"]))


def test_a_parquet_file_damaged_in_the_middle_is_named_while_reading(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": [f"text {i}" for i in range(5000)]}), path, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[200:4000] = b"\xff" * 3800
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"rows\.parquet"):
        list(parquet_rows(path, ["a"]))


@pytest.mark.parametrize("read", [json_lines, json_list, parquet_columns, parquet_length, require_file])
def test_a_missing_file_is_named(tmp_path: Path, read) -> None:
    with pytest.raises(DataError, match="none: no such file"):
        list(read(tmp_path / "none"))


ROWS = [{"prompt": "é", "n": 1}, {"prompt": "two\nlines", "n": 2}]


def contents(path: Path) -> list[dict[str, object]]:
    return [dict(row.content) for row in open_table(path).rows()]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_json_is_read_whatever_its_ending_and_wrapping(tmp_path: Path) -> None:
    forms = {
        "list.jsonl": json.dumps(ROWS),
        "lines.json": lines(ROWS),
        "one.json": json.dumps(ROWS[0]),
        "data.json": json.dumps({"version": 1, "data": ROWS}, indent=1),
        "columns.json": json.dumps({"prompt": ["é", "two\nlines"], "n": [1, 2]}),
        "pandas.json": json.dumps({"prompt": {"0": "é", "1": "two\nlines"}, "n": {"0": 1, "1": 2}}),
        "viewer.json": json.dumps({"rows": [{"row_idx": i, "row": row} for i, row in enumerate(ROWS)]}),
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert contents(tmp_path / name) == (ROWS[:1] if name == "one.json" else ROWS), name


def test_json_that_is_nested_too_deeply_is_one_sentence(tmp_path: Path) -> None:
    for name, text in {
        "rows.jsonl": '{"a": ' + "[" * 200_000 + "]" * 200_000 + "}\n",
        "rows.json": "[" * 200_000,
    }.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(DataError, match="nested too deeply|is not valid JSON"):
            contents(tmp_path / name)


def test_a_key_twice_in_one_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "prompt": "b"}\n')
    with pytest.raises(DataError, match="line 1 has the key 'prompt' twice; keep one"):
        contents(tmp_path / "rows.jsonl")
