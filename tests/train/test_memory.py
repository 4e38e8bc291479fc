"""A lack of memory in training says what to change."""

import pytest

from penchant.errors import TrainingError
from penchant.train.memory import memory_advice


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_a_lack_of_memory_says_what_needs_less(error: Exception) -> None:
    with pytest.raises(TrainingError, match="not enough memory .*; lower pairs_per_user"), memory_advice():
        raise error
    with pytest.raises(RuntimeError, match="another"), memory_advice():
        raise RuntimeError("another")
