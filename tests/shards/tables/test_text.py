"""Texts as people save them: marks, encodings, packing."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest

from penchant.errors import DataError
from penchant.shards.tables import open_table

ROWS = [{"prompt": "é", "n": 1}, {"prompt": "two\nlines", "n": 2}]


def contents(path: Path) -> list[dict[str, object]]:
    return [dict(row.content) for row in open_table(path).rows()]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_marks_tell_the_encoding(tmp_path: Path, encoding: str, newline: str) -> None:
    path = tmp_path / "rows.jsonl"
    text = lines(ROWS).replace("\n", newline)
    path.write_bytes(("\ufeff" + text if encoding == "utf-16-le" else text).encode(encoding))
    assert contents(path) == ROWS


def test_utf16_without_its_mark_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines([{"prompt": "plain"}]).encode("utf-16-le"))
    with pytest.raises(DataError, match=r"line 1 holds NUL characters; .* save it as UTF-8"):
        contents(path)


@pytest.mark.parametrize("ending", [".gz", ".zst", ".zstd"])
def test_packed_texts_are_unpacked_by_their_endings(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows.jsonl{ending}"
    content = lines(ROWS * 5000).encode()
    if ending == ".gz":
        path.write_bytes(gzip.compress(content))
    else:
        with pa.CompressedOutputStream(str(path), "zstd") as file:
            file.write(content)
    assert contents(path) == ROWS * 5000
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="not a whole packed file|not readable|is not valid JSON"):
        contents(path)
    path.write_bytes(b"no packing at all")
    with pytest.raises(DataError, match="not a whole packed file|not readable"):
        contents(path)
