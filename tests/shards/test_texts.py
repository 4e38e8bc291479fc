from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penchant.errors import DataError
from penchant.shards.texts import Texts, read_texts


def written(path: Path, **columns: list[object]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_documents_of_one_split_are_read_in_order_without_empty_ones(tmp_path: Path) -> None:
    file = written(
        tmp_path / "t.parquet", text=["a", " ", "b", None, "c"], split=["train", "train", "valid", "train", "train"]
    )
    assert read_texts(file, split="train").texts == ["a", "c"]
    assert read_texts(file).texts == ["a", "b", "c"]


def test_a_file_without_splits_is_read_whole(tmp_path: Path) -> None:
    assert read_texts(written(tmp_path / "t.parquet", text=["a", "b"]), split="train") == Texts(["a", "b"])


def test_a_file_that_holds_no_documents_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file of documents"):
        read_texts(tmp_path / "none.parquet")
    (tmp_path / "t.txt").write_text("plain")
    with pytest.raises(DataError, match="is not a Parquet file"):
        read_texts(tmp_path / "t.txt")
    with pytest.raises(DataError, match="has no column 'text'; it has body"):
        read_texts(written(tmp_path / "o.parquet", body=["a"]))
    with pytest.raises(DataError, match="no document of split dev"):
        read_texts(written(tmp_path / "s.parquet", text=["a"], split=["train"]), split="dev")


def test_sources_are_credited_with_their_licence_and_count(tmp_path: Path) -> None:
    file = written(
        tmp_path / "t.parquet",
        text=["a", "b", "c", "d", ""],
        source=["books/one", "web", "books/two", "books/one", "web"],
        licence=["MIT", "PDDL", "MIT", "CC-BY-4.0", "PDDL"],
    )
    assert read_texts(file).credits == ("books (MIT): 2", "web (PDDL): 1", "books (CC-BY-4.0): 1")
