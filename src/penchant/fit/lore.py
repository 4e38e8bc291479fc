"""LoRe: everybody's reward is a mixture of a few, and a new person's mixture is fitted on their own comparisons.

r_u(x, y) = w_u . B e(x, y) with w_u on the simplex and B of K rows. The mixtures of training people are learned with B,
by the likelihood of their choices (Bradley-Terry); those of others with B frozen, by exponentiated gradient from the
uniform mixture, which is also that of people without comparisons. e(x, y) is the answer's: B is linear, so that
whatever is the prompt's is the same on either side of a pair.

Source: Bose et al. 2025, arXiv:2504.14439; exponentiated gradient as of Kivinen and Warmuth 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from penchant.fit.annotator import one_thread
from penchant.fit.descent import Descent, Fit, Given, descend
from penchant.fit.pairs import Pairs, Seen
from penchant.fit.saved import Saved, save
from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.encoder.texts import Texts

# Shapes: N pairs, C distinct comparisons, T texts, F numbers of a text, K basis rewards, U training people.

NAME = "lore"


@dataclass(frozen=True, slots=True)
class LoReSettings:
    """What is chosen before fitting."""

    rewards: int = 32
    """K."""
    adapt_steps: int = 20
    """Steps of exponentiated gradient that fit a new person's mixture."""
    adapt_rate: float = 0.1
    """Their size, on the summed log-likelihood of the person's comparisons."""
    descent: Descent = field(default_factory=lambda: Descent(decay=1.0))


class Mixtures(nn.Module):
    """The basis and, while it is fitted, the training people's mixtures."""

    def __init__(self, size: int, rewards: int, people: int) -> None:
        super().__init__()
        self.basis_KF = nn.Parameter(torch.randn(rewards, size) / size)
        self.logits_UK = nn.Parameter(torch.zeros(people, rewards))

    def forward(self, seen: Seen, pairs: Pairs, owner_N: torch.Tensor) -> torch.Tensor:
        """Margins of training people, (N,)."""
        return (self.logits_UK[owner_N].softmax(1) * gains(self.basis_KF, seen, pairs.asked_N3)).sum(1)


def gains(basis_KF: torch.Tensor, seen: Seen, asked_N3: torch.Tensor) -> torch.Tensor:
    """B (e(x, y+) - e(x, y-)), (N, K); negated to the last bit when the answers are swapped."""
    return (seen.answer_TF[asked_N3[:, 1]] - seen.answer_TF[asked_N3[:, 2]]) @ basis_KF.T


def adapted(gains_CK: torch.Tensor, pairs: Pairs, settings: LoReSettings) -> torch.Tensor:
    """The mixture of each pair's person by the comparisons shown beside it alone, (N, K).

    Args:
        gains_CK: of the distinct comparisons of `pairs`.
    """
    own, owner = gains_CK[torch.from_numpy(pairs.shown.ids)], pairs.owners()
    logits = torch.zeros(len(pairs), gains_CK.shape[1])
    for _ in range(settings.adapt_steps):
        doubt = torch.sigmoid(-(own * logits.softmax(1)[owner]).sum(1, keepdim=True))
        logits = logits.index_add(0, owner, own * doubt, alpha=settings.adapt_rate)
    return logits.softmax(1)


@dataclass(frozen=True, slots=True)
class LoRe:
    """A fitted basis over a fitted look; see `scorer.base.Fitted`."""

    fit: Fit[LoReSettings]
    basis_KF: torch.Tensor

    @property
    def name(self) -> str:
        """What tables call it."""
        return NAME

    @property
    def people_digest(self) -> str:
        """See `scorer.base.Within`."""
        return self.fit.people_digest

    @property
    def choices_only(self) -> bool:
        """See `scorer.base.Within`."""
        return True

    @property
    def remark(self) -> str:
        """See `scorer.base.Fitted`."""
        return f"{NAME}: {self.fit.remark}, {self.fit.settings.rewards} rewards"

    def table_margins(
        self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]
    ) -> NDArray[np.float64]:
        """See `Scorer.margins`; in log-odds, over a table that has every text of the records and personas.

        Raises:
            ModelError: a table of vectors of another length.
        """
        seen, pairs = self.fit.look.of(texts), Pairs.of(texts, records, personas)
        return np.asarray(_asked(self.basis_KF, seen, pairs, self.fit.settings).double().numpy())

    def save(self, folder: Path, *, encoder: str) -> None:
        """See `saved.save`; the training people's mixtures are not kept."""
        save(folder, NAME, self.fit, {"basis": self.basis_KF}, encoder=encoder)

    @classmethod
    def of_saved(cls, saved: Saved) -> LoRe:
        """A saved LoRe. Raises ModelError where card and weights do not fit each other."""
        with saved.fitting_together():
            fit, basis = saved.fit(LoReSettings), saved.tensors["basis"]
        if tuple(basis.shape) != (fit.settings.rewards, fit.look.size):
            raise saved.misfit(f"a basis of shape {tuple(basis.shape)}")
        return cls(fit, basis)


def _asked(basis_KF: torch.Tensor, seen: Seen, pairs: Pairs, settings: LoReSettings) -> torch.Tensor:
    """Margins of people who were not trained on, (N,)."""
    mixtures = adapted(gains(basis_KF, seen, pairs.shown_C3), pairs, settings)
    return (mixtures * gains(basis_KF, seen, pairs.asked_N3)).sum(1)


def fit_lore(
    records: Sequence[Record],
    personas: Sequence[Persona],
    texts: Texts,
    *,
    seed: int,
    settings: LoReSettings | None = None,
) -> LoRe:
    """LoRe on the preferences of some people, and on what their personas show them to have chosen.

    When to stop is told by held-out people, whose mixtures are adapted as a new person's are.

    Args:
        personas: what is shown of each record's person.
        texts: a table that has every text of the records and personas.
    Raises:
        TrainingError: fewer than two people, no two different answers, or a loss that is not a number.
    """
    settings = settings or LoReSettings()
    given = Given.of(records, personas, texts, seed=seed)
    names, owner = np.unique(np.asarray(given.people, dtype=np.str_), return_inverse=True)
    whose = torch.from_numpy(owner)
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mixtures = Mixtures(given.look.size, settings.rewards, len(names))

        def loss(rows: torch.Tensor) -> torch.Tensor:
            return nn.functional.softplus(-mixtures(given.seen, given.pairs.of_rows(rows), whose[rows])).mean()

        def held_out() -> torch.Tensor:
            return nn.functional.softplus(-_asked(mixtures.basis_KF, given.seen, given.told, settings)).mean()

        ended = descend(mixtures, loss, held_out, given.fitted, settings.descent, seed=seed)
    return LoRe(given.fit(settings, ended), mixtures.basis_KF.detach().clone())
