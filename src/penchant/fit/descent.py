"""Gradient descent with early stopping: it stops when the loss on held-out people's pairs no longer improves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from penchant.errors import TrainingError

HELD_OUT = 0.1
"""Share of the people whose pairs decide when to stop; at least one person."""
MIN_GAIN = 1e-3
"""Smallest improvement of the held-out loss, nats, that counts as better."""


@dataclass(frozen=True, slots=True)
class DescentSettings:
    """Settings of one descent."""

    steps: int = 3000
    """Most steps."""
    batch: int = 256
    """Pairs per step."""
    rate: float = 3e-3
    """Learning rate of AdamW."""
    decay: float = 1e-2
    """Weight decay of AdamW."""
    check: int = 25
    """Steps between two evaluations on the held-out people."""
    patience: int = 500
    """Steps without improvement after which the descent stops."""


@dataclass(frozen=True, slots=True)
class StoppingPoint:
    """The step whose weights were kept."""

    steps: int
    """Steps taken; 0 if no later evaluation was better than the start."""
    held_out: float
    """Mean negative log-likelihood of the held-out people's pairs, nats; 0.693 is chance. Infinite at 0 steps, where
    nothing was evaluated."""


def split_people(people: Sequence[str], *, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of the people to fit on, and rows of the held-out people.

    The draw depends on the names and the seed, not on the order of rows.

    Args:
        people: the person of each row.
    Raises:
        TrainingError: fewer than two people.
    """
    names = np.unique(np.asarray(people, dtype=np.str_))
    if len(names) < 2:
        raise TrainingError(f"pairs of {len(names)} people to fit on; a learned baseline needs two, one to hold out")
    order = np.random.default_rng(seed).permutation(names)
    held_out = np.isin(np.asarray(people, dtype=np.str_), order[: math.ceil(HELD_OUT * len(names))])
    return torch.from_numpy(np.flatnonzero(~held_out)), torch.from_numpy(np.flatnonzero(held_out))


def descend(
    module: torch.nn.Module,
    loss: Callable[[torch.Tensor], torch.Tensor],
    held_out: Callable[[], torch.Tensor],
    rows: torch.Tensor,
    settings: DescentSettings,
    *,
    seed: int,
) -> StoppingPoint:
    """Fits a module in place; it ends with the weights of the lowest held-out loss.

    Args:
        loss: the loss of a batch of rows.
        held_out: negative log-likelihood of the held-out people's pairs; called without gradients.
        rows: the rows to draw batches from.
    Raises:
        TrainingError: a loss is not a number.
    """
    draws = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(module.parameters(), lr=settings.rate, weight_decay=settings.decay)
    best, best_weights = StoppingPoint(0, math.inf), _copy(module)
    for step in range(1, settings.steps + 1):
        value = loss(rows[torch.randperm(len(rows), generator=draws)[: settings.batch]])
        if not torch.isfinite(value):
            raise TrainingError(f"the loss is not a number at step {step}; lower the rate, or check the vectors")
        optimizer.zero_grad()
        torch.autograd.backward(value)
        optimizer.step()
        if step % settings.check == 0 or step == settings.steps:
            with torch.no_grad():
                held_out_loss = float(held_out())
            if held_out_loss < best.held_out - MIN_GAIN:
                best, best_weights = StoppingPoint(step, held_out_loss), _copy(module)
            elif step - best.steps >= settings.patience:
                break
    module.load_state_dict(best_weights)
    return best


@contextmanager
def one_thread() -> Iterator[None]:
    """Runs torch on one thread.

    Steps this small gain nothing from threads, and lose minutes where another process needs the cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _copy(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
