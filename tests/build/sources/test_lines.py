import gzip
from pathlib import Path

import pytest
import zstandard

from penchant.build.sources import lines
from penchant.build.sources.lines import json_lines, table_lines

LINES = [b'{"a": 1}', b"", b"{broken", b'{"a": "\xff"}', b"[1]", b'{"a": "\x00"}', b"[" * 100_000, b'{"a": 2}']
REASONS = ["", "not JSON", "not UTF-8", "not a JSON object", "a NUL character", "nested too deeply", ""]


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
def test_broken_lines_have_a_reason_and_stop_nothing(tmp_path: Path, packing: str) -> None:
    content = b"\n".join(LINES)
    packed = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}[packing](content)
    file = tmp_path / f"posts.jsonl{packing}"
    file.write_bytes(packed)
    found = list(json_lines(file))
    assert [line.content()[1] for line in found] == REASONS
    assert [line.content()[0] for line in (found[0], found[-1])] == [{"a": 1}, {"a": 2}]
    assert found[1].origin == f"posts.jsonl{packing} line 3"


def test_a_line_without_end_is_one_drop(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(lines, "LONGEST", 1000)
    file = tmp_path / "posts.jsonl"
    file.write_bytes(b'{"a": "' + b"x" * 5000 + b'"}\n{"a": 2}\n' + b"y" * 3000)
    assert [line.content()[1] for line in json_lines(file)] == [
        "a line of more than 1,000 bytes",
        "",
        "a line of more than 1,000 bytes",
    ]


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_packed_file_that_ends_early_keeps_the_rows_before(tmp_path: Path, packing: str) -> None:
    content = b"".join(b'{"a": %d}\n' % number for number in range(50_000))
    pack = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}[packing]
    file = tmp_path / f"posts.jsonl{packing}"
    file.write_bytes(pack(content)[:-2000])
    found = [line.content() for line in json_lines(file)]
    assert found[-1] == ({}, "the packed file ends early or is damaged")
    assert found[0] == ({"a": 0}, "")
    assert len(found) > 100


def test_dumps_with_a_long_window_are_read(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=28, enable_ldm=True)
    file = tmp_path / "RC_2013-01.zst"
    with file.open("wb") as raw, zstandard.ZstdCompressor(compression_params=parameters).stream_writer(raw) as packed:
        packed.write(b'{"a": 1}\n{"a": 2}\n')
    assert [line.content()[0] for line in json_lines(file)] == [{"a": 1}, {"a": 2}]


def test_a_table_has_rows_too(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("id,text\n1,tea\n2,cake\n")
    assert [line.content() for line in table_lines(file)] == [
        ({"id": "1", "text": "tea"}, ""),
        ({"id": "2", "text": "cake"}, ""),
    ]
