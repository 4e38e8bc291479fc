"""A lack of memory in training, as a sentence that says which settings need less."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from penchant.errors import TrainingError


@contextmanager
def memory_advice() -> Iterator[None]:
    """Turns a lack of memory into a sentence that says which settings need less."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        raise TrainingError(
            "there is not enough memory for a training step; lower pairs_per_user, max_prompt_tokens or "
            "max_tree_tokens, set gradient_accumulation_steps to users_per_step (one person at a time), or train an "
            "adapter (`lora`)"
        ) from error
