"""Where files are kept that can be made again."""

from pathlib import Path

from penchant.user_cache import user_cache


def test_the_cache_is_where_the_desktop_says_or_in_the_home_folder(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "penchant"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert user_cache() == Path.home() / ".cache" / "penchant"
