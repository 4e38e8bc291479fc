"""What fitting has in common: descent on some people's pairs until those of a held-out tenth are told no better."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch

from penchant.errors import TrainingError
from penchant.fit.encoder import with_choices
from penchant.fit.pairs import Look, Pairs, Seen
from penchant.persona import Persona
from penchant.record import Record, people_digest
from penchant.scorer.encoder.texts import Texts

Settings = TypeVar("Settings")
"""What is chosen before fitting, of one baseline or another."""

HELD_OUT = 0.1
"""Share of the people whose pairs say when to stop; one person at least."""
BETTER = 1e-3
"""Nats by which a look at the held-out people must be better than the best one to count."""


@dataclass(frozen=True, slots=True)
class Descent:
    """How far and how fast."""

    steps: int = 3000
    """At most."""
    batch: int = 256
    """Pairs a step."""
    rate: float = 3e-3
    """Of AdamW."""
    decay: float = 1e-2
    """Of AdamW's weights."""
    check: int = 25
    """Steps between two looks at the held-out people."""
    patience: int = 500
    """Steps without a better look after which it ends."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Where a descent was best."""

    steps: int
    """The first look, where nothing that was learned later helped the held-out people."""
    held_out: float
    """Mean negative log-likelihood of the held-out people's pairs there, nats; 0.693 is chance."""


@dataclass(frozen=True, slots=True)
class Fit(Generic[Settings]):
    """What every fitted baseline has beside its own weights."""

    look: Look
    settings: Settings
    records: int
    """How many records it was fitted on."""
    people: int
    people_digest: str
    """On whom; see `record.people_digest`."""
    ended: Ended

    @property
    def remark(self) -> str:
        """How fitting went."""
        return f"best after {self.ended.steps} steps (held-out loss {self.ended.held_out:.3f})"


@dataclass(frozen=True, slots=True)
class Given:
    """Preferences of some people, looked at, a tenth of the people held out."""

    records: int
    """How many records were given; what personas show to have been chosen is fitted on besides."""
    people: tuple[str, ...]
    """Whose each pair is."""
    people_digest: str
    pairs: Pairs
    look: Look
    """Learned without the held-out people."""
    seen: Seen
    fitted: torch.Tensor
    """Rows to draw batches from."""
    told: Pairs
    """Those of the held-out people."""

    @classmethod
    def of(cls, records: Sequence[Record], personas: Sequence[Persona], texts: Texts, *, seed: int) -> Given:
        """From records, what is shown beside each, and a table that has every text of both.

        Raises:
            TrainingError: fewer than two people, no two different answers, or vectors that are not finite.
        """
        count, digest = len(records), people_digest(records)
        records, personas = with_choices(records, personas)
        people = tuple(record.person_id for record in records)
        fitted, held = apart(people, seed=seed)
        pairs = Pairs.of(texts, records, personas)
        look = Look.learn(texts, pairs.of_rows(fitted))
        return cls(count, people, digest, pairs, look, look.of(texts), fitted, pairs.of_rows(held))

    def fit(self, settings: Settings, ended: Ended) -> Fit[Settings]:
        """What is kept of it."""
        return Fit(self.look, settings, self.records, len(set(self.people)), self.people_digest, ended)


def apart(people: Sequence[str], *, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of the people to fit on, and of those held out, drawn by the seed whatever the order of rows.

    Args:
        people: whose each row is.
    Raises:
        TrainingError: fewer than two people.
    """
    names = np.unique(np.asarray(people, dtype=np.str_))
    if len(names) < 2:
        raise TrainingError(f"pairs of {len(names)} people to fit on; a learned baseline needs two, one to hold out")
    order = np.random.default_rng(seed).permutation(names)
    held = np.isin(np.asarray(people, dtype=np.str_), order[: math.ceil(HELD_OUT * len(names))])
    return torch.from_numpy(np.flatnonzero(~held)), torch.from_numpy(np.flatnonzero(held))


def descend(
    module: torch.nn.Module,
    loss: Callable[[torch.Tensor], torch.Tensor],
    held_out: Callable[[], torch.Tensor],
    rows: torch.Tensor,
    settings: Descent,
    *,
    seed: int,
) -> Ended:
    """Fits a module in place, and leaves it as it was when the held-out people were told best.

    Args:
        loss: of a batch of rows.
        held_out: negative log-likelihood of the held-out people's pairs, without a gradient.
        rows: what to draw batches from.
    Raises:
        TrainingError: a loss that is no number.
    """
    draws = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(module.parameters(), lr=settings.rate, weight_decay=settings.decay)
    best, kept = Ended(0, math.inf), _copy(module)
    for step in range(1, settings.steps + 1):
        value = loss(rows[torch.randperm(len(rows), generator=draws)[: settings.batch]])
        if not torch.isfinite(value):
            raise TrainingError(f"the loss is not a number at step {step}; lower the rate, or check the vectors")
        optimizer.zero_grad()
        torch.autograd.backward(value)
        optimizer.step()
        if step % settings.check == 0 or step == settings.steps:
            found = _looked(held_out)
            if found < best.held_out - BETTER:
                best, kept = Ended(step, found), _copy(module)
            elif step - best.steps >= settings.patience:
                break
    module.load_state_dict(kept)
    return best


def _looked(held_out: Callable[[], torch.Tensor]) -> float:
    with torch.no_grad():
        return float(held_out())


def _copy(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
