"""LoRe: everybody's reward is a mixture of a few, and a new person's mixture is fitted on their own comparisons.

r_u(x, y) = w_u . B e(x, y) with w_u on the simplex and B of K rows. The mixtures of training people are learned with B,
by the likelihood of their choices (Bradley-Terry); those of others with B frozen, by exponentiated gradient from the
uniform mixture, which is also that of people without comparisons. e(x, y) is the answer's: B is linear, so that
whatever is the prompt's is the same on either side of a pair.

Source: Bose et al. 2025, arXiv:2504.14439; exponentiated gradient as of Kivinen and Warmuth 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from penchant.infer.fitting import one_thread
from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.cases import Texts
from penchant.scorer.encoder import with_choices
from penchant.train.baselines.fitting import Descent, Ended, apart, descend
from penchant.train.baselines.pairs import Look, Pairs, Seen
from penchant.train.baselines.saved import misfit, read, save

# Shapes: N pairs, C distinct comparisons, T texts, F numbers of a text, K basis rewards, U training people.

_FORMAT = "penchant lore 1"


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
    own, owner = gains_CK[torch.from_numpy(pairs.shown.places)], pairs.owners()
    logits = torch.zeros(len(pairs), gains_CK.shape[1])
    for _ in range(settings.adapt_steps):
        doubt = torch.sigmoid(-(own * logits.softmax(1)[owner]).sum(1, keepdim=True))
        logits = logits.index_add(0, owner, own * doubt, alpha=settings.adapt_rate)
    return logits.softmax(1)


@dataclass(frozen=True, slots=True)
class LoRe:
    """A fitted basis over a fitted look; see `scorer.base.Fitted`."""

    look: Look
    basis_KF: torch.Tensor
    settings: LoReSettings
    records: int
    """How many records it was fitted on."""
    people: int
    ended: Ended

    @property
    def name(self) -> str:
        """What tables call it."""
        return "lore"

    @property
    def remark(self) -> str:
        """See `scorer.base.Fitted`."""
        return (
            f"lore: best after {self.ended.steps} steps (held-out loss {self.ended.held_out:.3f}), "
            f"{self.settings.rewards} rewards"
        )

    def margins_within(
        self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]
    ) -> NDArray[np.float64]:
        """See `Scorer.margins`; in log-odds, over a table that has every text of the records and personas.

        Raises:
            ModelError: a table of vectors of another length.
        """
        margins = _asked(self.basis_KF, self.look.of(texts), Pairs.of(texts, records, personas), self.settings)
        return np.asarray(margins.double().numpy())

    def save(self, folder: Path) -> None:
        """Writes the weights, then the card; neither the encoder nor the training people's mixtures are kept."""
        card = {
            "format": _FORMAT,
            "settings": asdict(self.settings),
            "records": self.records,
            "people": self.people,
            "ended": asdict(self.ended),
        }
        save(folder, card, {**self.look.arrays(), "basis": self.basis_KF})

    @classmethod
    def load(cls, folder: Path) -> LoRe:
        """A saved LoRe.

        Raises:
            ModelError: no complete one there.
        """
        card, tensors = read(folder, _FORMAT)
        try:
            chosen = dict(card["settings"])
            settings = LoReSettings(**{**chosen, "descent": Descent(**chosen["descent"])})
            look, basis = Look.from_arrays(tensors), tensors["basis"]
            counts, ended = (int(card["records"]), int(card["people"])), Ended(**card["ended"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise misfit(folder, error) from error
        if tuple(basis.shape) != (settings.rewards, look.size):
            raise misfit(folder, ValueError(f"a basis of shape {tuple(basis.shape)}"))
        return cls(look, basis, settings, *counts, ended)


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
    counts = len(records), len({record.user_id or record.record_id for record in records})
    records, personas = with_choices(records, personas)
    people = np.asarray([record.user_id or record.record_id for record in records], dtype=np.str_)
    fitted, held = apart(people.tolist(), seed=seed)
    names, owner = np.unique(people, return_inverse=True)
    whose, pairs = torch.from_numpy(owner), Pairs.of(texts, records, personas)
    look = Look.learn(texts, pairs.of_rows(fitted))
    seen, told = look.of(texts), pairs.of_rows(held)
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mixtures = Mixtures(look.size, settings.rewards, len(names))

        def loss(rows: torch.Tensor) -> torch.Tensor:
            return nn.functional.softplus(-mixtures(seen, pairs.of_rows(rows), whose[rows])).mean()

        def held_out() -> torch.Tensor:
            return nn.functional.softplus(-_asked(mixtures.basis_KF, seen, told, settings)).mean()

        ended = descend(mixtures, loss, held_out, fitted, settings.descent, seed=seed)
    return LoRe(look, mixtures.basis_KF.detach().clone(), settings, *counts, ended)
