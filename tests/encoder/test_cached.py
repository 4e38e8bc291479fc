from pathlib import Path

import numpy as np
import pytest

from penchant import DataError
from penchant.encoder.base import Embedded, Progress, Tokens
from penchant.encoder.cached import CachedEncoder
from penchant.encoder.fake import FakeEncoder


class Counting:
    """A fake encoder that counts its calls."""

    def __init__(self, name: str = "counting") -> None:
        self.name, self.size, self.calls = name, 8, 0

    def embed(self, texts) -> np.ndarray:
        return FakeEncoder(8).embed(texts)

    def layers(self, texts, *, progress: Progress | None = None) -> Embedded:
        self.calls += 1
        return FakeEncoder(8).layers(texts, progress=progress)

    def tokens(self, texts, *, progress: Progress | None = None) -> Tokens:
        self.calls += 1
        return FakeEncoder(8).tokens(texts, progress=progress)


def test_texts_asked_for_before_are_read_back_bit_by_bit(tmp_path: Path) -> None:
    inner = Counting()
    first = CachedEncoder(inner, tmp_path / "new" / "cache").layers(["a rose", "a bolt"])
    again = CachedEncoder(inner, tmp_path / "new" / "cache").layers(["a rose", "a bolt"])
    assert inner.calls == 1
    np.testing.assert_array_equal(first.final, again.final)
    np.testing.assert_array_equal(first.first, again.first)


def test_tokens_are_read_back_too(tmp_path: Path) -> None:
    inner = Counting()
    first = CachedEncoder(inner, tmp_path).tokens(["a rose", "a bolt"])
    again = CachedEncoder(inner, tmp_path).tokens(["a rose", "a bolt"])
    assert inner.calls == 1
    steps: list[int] = []
    CachedEncoder(inner, tmp_path).tokens(["a rose", "a bolt"], progress=steps.append)
    assert steps == [2]
    for name in ("ids", "vectors", "starts"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


@pytest.mark.parametrize("texts", [["a bolt", "a rose"], ["a rose"], ["a rosea", " bolt"], ["a rose", "a bolt", ""]])
def test_other_texts_or_another_order_are_embedded_anew(tmp_path: Path, texts: list[str]) -> None:
    inner = Counting()
    CachedEncoder(inner, tmp_path).layers(["a rose", "a bolt"])
    embedded = CachedEncoder(inner, tmp_path).layers(texts)
    assert inner.calls == 2
    np.testing.assert_array_equal(embedded.final, FakeEncoder(8).embed(texts))


def test_another_encoder_does_not_read_these_vectors(tmp_path: Path) -> None:
    one, other = Counting("one"), Counting("other")
    CachedEncoder(one, tmp_path).layers(["a rose"])
    CachedEncoder(other, tmp_path).layers(["a rose"])
    assert other.calls == 1


def test_a_broken_file_is_named_and_never_half_read(tmp_path: Path) -> None:
    cached = CachedEncoder(Counting(), tmp_path)
    cached.layers(["a rose"])
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=path.name):
        cached.layers(["a rose"])


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    cached = CachedEncoder(Counting(), tmp_path)
    cached.layers(["a rose"])
    (path,) = tmp_path.iterdir()
    with path.open("wb") as file:
        np.savez(file, final=np.array([{}], dtype=object), first=np.zeros((1, 8)))
    with pytest.raises(DataError, match="not a file of embeddings"):
        cached.layers(["a rose"])


def test_the_texts_themselves_are_not_kept(tmp_path: Path) -> None:
    CachedEncoder(Counting(), tmp_path).layers(["my secret rose"])
    assert all(b"secret" not in path.read_bytes() and "secret" not in path.name for path in tmp_path.iterdir())
