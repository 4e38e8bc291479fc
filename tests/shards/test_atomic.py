from pathlib import Path

import pytest

from penchant.shards.atomic import flush_to_disk, replacing, write_text


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    with replacing(tmp_path / "x" / "y.txt") as temporary:
        temporary.write_text("z")
    assert (tmp_path / "x" / "y.txt").read_text() == "z"


def test_flushing_a_missing_file_is_no_silent_success(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        flush_to_disk(tmp_path / "none")


def test_a_file_is_written_whole_or_not_at_all(tmp_path) -> None:
    target = tmp_path / "new" / "page.html"
    write_text(target, "first")
    with pytest.raises(UnicodeEncodeError):
        write_text(target, "second \ud800")
    assert target.read_text(encoding="utf-8") == "first"
    write_text(target, "third")
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]
