"""Variational Preference Learning: a reward with a latent vector z per person, inferred from the person's comparisons.

An encoder over a person's comparisons gives q(z | comparisons) = N(mu, diag(sigma^2)); without comparisons q is the
prior N(0, I). A network gives r(e(x, y), z). Fitting minimises -log sigmoid(r(x, y+, z) - r(x, y-, z)) + beta KL(q ||
prior), with z drawn as mu + sigma * noise; scoring takes z = mu. On small data, VPL is known to ignore z: `active`
counts the latent units that differ between people.

Source: Poddar et al. 2024, arXiv:2408.10075; active units as in Burda et al. 2016, arXiv:1509.00519.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from penchant.fit.baseline import FittedBaseline
from penchant.fit.descent import DescentSettings, descend, one_thread
from penchant.fit.pairs import Pairs, TextVectors
from penchant.fit.saved import SavedBaseline
from penchant.fit.training_pairs import TrainingPairs
from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.encoder.texts import Texts

# Shapes: N pairs, C distinct comparisons, T texts, F numbers of a text, H hidden units, Z latent units.

_NETWORK = "network."
"""Prefix of the network's weights on disk."""
ACTIVE = 0.01
"""A latent unit is active if its posterior mean has a larger variance over people than this."""


@dataclass(frozen=True, slots=True)
class VPLSettings:
    """Settings of a fit."""

    latent: int = 16
    """Number of latent units, Z."""
    hidden: int = 128
    """Number of hidden units of the encoder and of the reward, H."""
    beta: float = 1e-3
    """Weight of the KL divergence relative to the likelihood of one pair."""
    descent: DescentSettings = field(default_factory=DescentSettings)


class Network(nn.Module):
    """The encoder over comparisons, and the reward. e(x, y) has F numbers of the answer and F of the prompt."""

    def __init__(self, size: int, latent: int, hidden: int) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.Linear(4 * size, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.posterior = nn.Linear(hidden, 2 * latent)
        self.reward = nn.Sequential(
            nn.Linear(2 * size + latent, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )

    def q(self, vectors: TextVectors, pairs: Pairs) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance of z of each pair's person, (N, Z) each; without comparisons both are 0, the prior."""
        used, row = torch.unique(torch.from_numpy(pairs.evidence.ids), return_inverse=True)
        prompt, chosen, rejected = pairs.comparison_C3[used].unbind(1)
        both = torch.cat([vectors.joint(prompt, chosen), vectors.joint(prompt, rejected)], dim=1)
        count = pairs.counts()[:, None]
        read_NH = torch.zeros(len(pairs), self.posterior.in_features)
        read_NH = read_NH.index_add(0, pairs.owners(), self.read(both)[row]) / count.clamp(min=1)
        mean, log_variance = (self.posterior(read_NH) * (count > 0)).chunk(2, dim=1)
        return mean, log_variance

    def margins(self, vectors: TextVectors, pairs: Pairs, z_NZ: torch.Tensor) -> torch.Tensor:
        """r(x, y+, z) - r(x, y-, z), (N,)."""
        prompt, chosen, rejected = pairs.pair_N3.unbind(1)
        # both sides go through the same sum row by row, so that swapped answers negate the margin exactly
        plus, minus = (
            self.reward(torch.cat([vectors.joint(prompt, answer), z_NZ], dim=1))[:, 0] for answer in (chosen, rejected)
        )
        return torch.sub(plus, minus)


def divergence(mean_NZ: torch.Tensor, log_variance_NZ: torch.Tensor) -> torch.Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, I)) of each row, nats, (N,)."""
    return (mean_NZ**2 + log_variance_NZ.exp() - 1 - log_variance_NZ).sum(1) / 2


@dataclass(frozen=True, slots=True)
class VPL(FittedBaseline[VPLSettings]):
    """Fitted networks over a text transform."""

    NAME: ClassVar[str] = "vpl"

    network: Network
    active: int
    """Latent units whose posterior mean varies by more than `ACTIVE` over the people fitted on."""

    def margins(self, vectors: TextVectors, pairs: Pairs) -> torch.Tensor:
        """See `FittedBaseline.margins`."""
        mean, _ = self.network.q(vectors, pairs)
        return self.network.margins(vectors, pairs, mean)

    def tensors(self) -> Mapping[str, torch.Tensor]:
        """The weights of the networks."""
        return {f"{_NETWORK}{name}": value for name, value in self.network.state_dict().items()}

    def counts(self) -> Mapping[str, int]:
        """The number of active units."""
        return {"active": self.active}

    def detail(self) -> str:
        """The number of active units, of all."""
        return f"{self.active} of {self.summary.settings.latent} latent units active"

    @classmethod
    def of_saved(cls, saved: SavedBaseline) -> VPL:
        """A saved VPL. Raises ModelError if card and weights do not fit each other."""
        with saved.consistent():
            summary, active = saved.summary(VPLSettings), int(saved.card["active"])
            network = Network(summary.transform.size, summary.settings.latent, summary.settings.hidden)
            tensors = saved.tensors.items()
            network.load_state_dict({k.removeprefix(_NETWORK): v for k, v in tensors if k.startswith(_NETWORK)})
            return cls(summary, network.eval(), active)


def fit_vpl(
    records: Sequence[Record],
    personas: Sequence[Persona],
    texts: Texts,
    *,
    seed: int,
    settings: VPLSettings | None = None,
) -> VPL:
    """VPL fitted on the preferences of the records and on the comparisons in their personas.

    Args:
        personas: the evidence shown with each record.
        texts: holds every text of the records and the personas.
    Raises:
        TrainingError: fewer than two people, no two different answers, or a loss that is not a number.
    """
    settings = settings or VPLSettings()
    data = TrainingPairs.of(records, personas, texts, seed=seed)
    noise = torch.Generator().manual_seed(seed)
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(data.transform.size, settings.latent, settings.hidden)

        def loss(rows: torch.Tensor) -> torch.Tensor:
            batch = data.pairs.of_rows(rows)
            mean, log_variance = network.q(data.vectors, batch)
            z = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=noise)
            surprise = nn.functional.softplus(-network.margins(data.vectors, batch, z))
            return (surprise + settings.beta * divergence(mean, log_variance)).mean()

        def held_out() -> torch.Tensor:
            mean, _ = network.q(data.vectors, data.held_out)
            return nn.functional.softplus(-network.margins(data.vectors, data.held_out, mean)).mean()

        ended = descend(network, loss, held_out, rows=data.fitted, settings=settings.descent, seed=seed)
        with torch.no_grad():
            mean, _ = network.q(data.vectors, data.pairs)
    return VPL(data.summary(settings, ended), network.eval(), _active(mean.double().numpy(), data.people))


def _active(mean_NZ: NDArray[np.float64], people: Sequence[str]) -> int:
    """Latent units whose mean over a person's rows varies between people."""
    names, owner = np.unique(np.asarray(people, dtype=np.str_), return_inverse=True)
    person_means = np.zeros((len(names), mean_NZ.shape[1]))
    np.add.at(person_means, owner, mean_NZ)
    person_means /= np.bincount(owner)[:, None]
    return int((person_means.var(0) > ACTIVE).sum())
