"""LoRe: a person's reward is a mixture of a few basis rewards; a new person's mixture is fitted on their comparisons.

r_u(x, y) = w_u . B e(x, y), where w_u is on the simplex and B has K rows. Training fits B and the mixtures of the
training people, by the likelihood of their choices (Bradley-Terry). For other people B is frozen and the mixture is
fitted by exponentiated gradient. The mixture starts uniform, and stays uniform for people without comparisons. e(x, y)
contains the answer alone: B is linear, so everything that depends on the prompt cancels within a pair.

Source: Bose et al. 2025, arXiv:2504.14439; exponentiated gradient as in Kivinen and Warmuth 1997.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from penchant.fit.baseline import FittedBaseline
from penchant.fit.descent import DescentSettings, descend, one_thread
from penchant.fit.pairs import Pairs, TextVectors
from penchant.fit.saved import SavedBaseline
from penchant.fit.training_pairs import TrainingPairs
from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.encoder.texts import Texts

# Shapes: N pairs, C distinct comparisons, T texts, F numbers of a text, K basis rewards, U training people.


@dataclass(frozen=True, slots=True)
class LoReSettings:
    """Settings of a fit."""

    rewards: int = 32
    """Number of basis rewards, K."""
    adapt_steps: int = 20
    """Steps of exponentiated gradient that fit a new person's mixture."""
    adapt_rate: float = 0.1
    """Size of these steps, on the summed log-likelihood of the person's comparisons."""
    descent: DescentSettings = field(default_factory=lambda: DescentSettings(decay=1.0))


class Mixtures(nn.Module):
    """The basis and the training people's mixtures; the mixtures are not kept after the fit."""

    def __init__(self, size: int, rewards: int, people: int) -> None:
        super().__init__()
        self.basis_KF = nn.Parameter(torch.randn(rewards, size) / size)
        self.logits_UK = nn.Parameter(torch.zeros(people, rewards))

    def forward(self, vectors: TextVectors, pairs: Pairs, owner_N: torch.Tensor) -> torch.Tensor:
        """Margins of training people, (N,)."""
        return (self.logits_UK[owner_N].softmax(1) * gains(self.basis_KF, vectors, pairs.pair_N3)).sum(1)


def gains(basis_KF: torch.Tensor, vectors: TextVectors, pair_N3: torch.Tensor) -> torch.Tensor:
    """B (e(x, y+) - e(x, y-)), (N, K); exactly negated when the answers are swapped."""
    return (vectors.answer_TF[pair_N3[:, 1]] - vectors.answer_TF[pair_N3[:, 2]]) @ basis_KF.T


def adapted(gains_CK: torch.Tensor, pairs: Pairs, settings: LoReSettings) -> torch.Tensor:
    """The mixture of each pair's person, fitted on the comparisons in the pair's persona alone, (N, K).

    Args:
        gains_CK: gains of the distinct comparisons of `pairs`.
    """
    evidence_gains, owner = gains_CK[torch.from_numpy(pairs.evidence.ids)], pairs.owners()
    logits = torch.zeros(len(pairs), gains_CK.shape[1])
    for _ in range(settings.adapt_steps):
        doubt = torch.sigmoid(-(evidence_gains * logits.softmax(1)[owner]).sum(1, keepdim=True))
        logits = logits.index_add(0, owner, evidence_gains * doubt, alpha=settings.adapt_rate)
    return logits.softmax(1)


def adapted_margins(basis_KF: torch.Tensor, vectors: TextVectors, pairs: Pairs, settings: LoReSettings) -> torch.Tensor:
    """Margins of people who were not trained on, (N,)."""
    mixtures = adapted(gains(basis_KF, vectors, pairs.comparison_C3), pairs, settings)
    return (mixtures * gains(basis_KF, vectors, pairs.pair_N3)).sum(1)


@dataclass(frozen=True, slots=True)
class LoRe(FittedBaseline[LoReSettings]):
    """A fitted basis over a text transform."""

    NAME: ClassVar[str] = "lore"

    basis_KF: torch.Tensor

    def margins(self, vectors: TextVectors, pairs: Pairs) -> torch.Tensor:
        """See `FittedBaseline.margins`."""
        return adapted_margins(self.basis_KF, vectors, pairs, self.summary.settings)

    def tensors(self) -> Mapping[str, torch.Tensor]:
        """The basis."""
        return {"basis": self.basis_KF}

    def detail(self) -> str:
        """The number of basis rewards."""
        return f"{self.summary.settings.rewards} rewards"

    @classmethod
    def of_saved(cls, saved: SavedBaseline) -> LoRe:
        """A saved LoRe. Raises ModelError if card and weights do not fit each other."""
        with saved.consistent():
            summary, basis = saved.summary(LoReSettings), saved.tensors["basis"]
        if tuple(basis.shape) != (summary.settings.rewards, summary.transform.size):
            raise saved.mismatch(f"a basis of shape {tuple(basis.shape)}")
        return cls(summary, basis)


def fit_lore(
    records: Sequence[Record],
    personas: Sequence[Persona],
    texts: Texts,
    *,
    seed: int,
    settings: LoReSettings | None = None,
) -> LoRe:
    """LoRe fitted on the preferences of the records and on the comparisons in their personas.

    Held-out people decide when to stop; their mixtures are adapted as a new person's are.

    Args:
        personas: the evidence shown with each record.
        texts: holds every text of the records and the personas.
    Raises:
        TrainingError: fewer than two people, no two different answers, or a loss that is not a number.
    """
    settings = settings or LoReSettings()
    data = TrainingPairs.of(records, personas, texts, seed=seed)
    names, owner = np.unique(np.asarray(data.people, dtype=np.str_), return_inverse=True)
    owner_N = torch.from_numpy(owner)
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mixtures = Mixtures(data.transform.size, settings.rewards, len(names))

        def loss(rows: torch.Tensor) -> torch.Tensor:
            return nn.functional.softplus(-mixtures(data.vectors, data.pairs.of_rows(rows), owner_N[rows])).mean()

        def held_out() -> torch.Tensor:
            margins = adapted_margins(mixtures.basis_KF, data.vectors, data.held_out, settings)
            return nn.functional.softplus(-margins).mean()

        ended = descend(mixtures, loss, held_out, rows=data.fitted, settings=settings.descent, seed=seed)
    return LoRe(data.summary(settings, ended), mixtures.basis_KF.detach().clone())
