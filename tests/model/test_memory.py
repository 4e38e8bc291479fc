from pathlib import Path

import pytest
import torch

from penchant.model.memory import peak


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is measured by its own allocator")
def test_memory_that_is_held_for_a_while_is_seen_and_what_is_not_taken_is_not(tmp_path: Path) -> None:
    with peak() as idle:
        pass
    with peak() as allocating:
        data = torch.ones(64 << 20, dtype=torch.uint8)
        data.add_(1)
    assert allocating.bytes is not None
    assert idle.bytes is not None
    assert allocating.bytes > 48 << 20
    assert idle.bytes < 8 << 20
    del data


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is measured by its own allocator")
def test_where_nothing_can_be_told_nothing_is(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("penchant.model.memory._STATM", tmp_path / "absent")
    with peak() as unmeasured:
        pass
    assert unmeasured.bytes is None


def test_an_error_ends_the_watch() -> None:
    with pytest.raises(ValueError, match="stop"), peak():
        raise ValueError("stop")
