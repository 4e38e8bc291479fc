"""Variational Preference Learning: a person is a latent z, inferred from their comparisons, that a reward is told of.

An encoder over the comparisons shown gives q(z | comparisons) = N(mu, diag(sigma^2)); of nobody it is the prior
N(0, I). A network gives r(e(x, y), z), and fitting lowers -log sigmoid(r(x, y+, z) - r(x, y-, z)) + beta KL(q || prior)
with z drawn as mu + sigma * noise. Scores take z = mu. It is known to ignore z where there is little data: `active`
counts the units that tell people apart.

Source: Poddar et al. 2024, arXiv:2408.10075; active units as of Burda et al. 2016, arXiv:1509.00519.
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

# Shapes: N pairs, C distinct comparisons, T texts, F numbers of a text, H hidden units, Z latent units.

NAME = "vpl"
_NETWORK = "network."
"""Begins the names of its own weights."""
ACTIVE = 0.01
"""Variance of the posterior means over people beyond which a latent unit is active."""


@dataclass(frozen=True, slots=True)
class VPLSettings:
    """What is chosen before fitting."""

    latent: int = 16
    """Z."""
    hidden: int = 128
    """H, of the encoder and of the reward."""
    beta: float = 1e-3
    """Weight of the KL divergence beside one pair's likelihood."""
    descent: Descent = field(default_factory=Descent)


class Network(nn.Module):
    """The encoder over comparisons and the reward; e(x, y) are F numbers of the answer and F of the prompt."""

    def __init__(self, size: int, latent: int, hidden: int) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.Linear(4 * size, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.posterior = nn.Linear(hidden, 2 * latent)
        self.reward = nn.Sequential(
            nn.Linear(2 * size + latent, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )

    def q(self, seen: Seen, pairs: Pairs) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance of each pair's person, (N, Z) each; 0 and 0, the prior, without comparisons."""
        used, place = torch.unique(torch.from_numpy(pairs.shown.ids), return_inverse=True)
        prompt, chosen, rejected = pairs.shown_C3[used].unbind(1)
        both = torch.cat([seen.under(prompt, chosen), seen.under(prompt, rejected)], dim=1)
        count = pairs.counts()[:, None]
        read_NH = torch.zeros(len(pairs), self.posterior.in_features)
        read_NH = read_NH.index_add(0, pairs.owners(), self.read(both)[place]) / count.clamp(min=1)
        mean, log_variance = (self.posterior(read_NH) * (count > 0)).chunk(2, dim=1)
        return mean, log_variance

    def margins(self, seen: Seen, pairs: Pairs, z_NZ: torch.Tensor) -> torch.Tensor:
        """r(x, y+, z) - r(x, y-, z), (N,)."""
        prompt, chosen, rejected = pairs.asked_N3.unbind(1)
        # the same sum on either side, row by row, so that swapped answers negate the margin to the last bit
        plus, minus = (self.reward(torch.cat([seen.under(prompt, y), z_NZ], dim=1))[:, 0] for y in (chosen, rejected))
        return torch.sub(plus, minus)


def divergence(mean_NZ: torch.Tensor, log_variance_NZ: torch.Tensor) -> torch.Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, I)) of each row, nats, (N,)."""
    return (mean_NZ**2 + log_variance_NZ.exp() - 1 - log_variance_NZ).sum(1) / 2


@dataclass(frozen=True, slots=True)
class VPL:
    """Fitted networks over a fitted look; see `scorer.base.Fitted`."""

    fit: Fit[VPLSettings]
    network: Network
    active: int
    """Latent units whose posterior means differ between the people fitted on, by more than `ACTIVE`."""

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
        return f"{NAME}: {self.fit.remark}, {self.active} of {self.fit.settings.latent} latent units active"

    def table_margins(
        self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]
    ) -> NDArray[np.float64]:
        """See `Scorer.margins`; in log-odds, over a table that has every text of the records and personas.

        Raises:
            ModelError: a table of vectors of another length.
        """
        seen, pairs = self.fit.look.of(texts), Pairs.of(texts, records, personas)
        with torch.no_grad():
            mean, _ = self.network.q(seen, pairs)
            return np.asarray(self.network.margins(seen, pairs, mean).double().numpy())

    def save(self, folder: Path, *, encoder: str) -> None:
        """See `saved.save`."""
        network = {f"{_NETWORK}{name}": value for name, value in self.network.state_dict().items()}
        save(folder, NAME, self.fit, network, encoder=encoder, active=self.active)

    @classmethod
    def of_saved(cls, saved: Saved) -> VPL:
        """A saved VPL. Raises ModelError where card and weights do not fit each other."""
        with saved.fitting_together():
            fit, active = saved.fit(VPLSettings), int(saved.card["active"])
            network = Network(fit.look.size, fit.settings.latent, fit.settings.hidden)
            own = {n.removeprefix(_NETWORK): v for n, v in saved.tensors.items() if n.startswith(_NETWORK)}
            network.load_state_dict(own)
            return cls(fit, network.eval(), active)


def fit_vpl(
    records: Sequence[Record],
    personas: Sequence[Persona],
    texts: Texts,
    *,
    seed: int,
    settings: VPLSettings | None = None,
) -> VPL:
    """VPL on the preferences of some people, and on what their personas show them to have chosen.

    Args:
        personas: what is shown of each record's person.
        texts: a table that has every text of the records and personas.
    Raises:
        TrainingError: fewer than two people, no two different answers, or a loss that is not a number.
    """
    settings = settings or VPLSettings()
    given = Given.of(records, personas, texts, seed=seed)
    noise = torch.Generator().manual_seed(seed)
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(given.look.size, settings.latent, settings.hidden)

        def loss(rows: torch.Tensor) -> torch.Tensor:
            some = given.pairs.of_rows(rows)
            mean, log_variance = network.q(given.seen, some)
            z = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=noise)
            surprise = nn.functional.softplus(-network.margins(given.seen, some, z))
            return (surprise + settings.beta * divergence(mean, log_variance)).mean()

        def held_out() -> torch.Tensor:
            mean, _ = network.q(given.seen, given.told)
            return nn.functional.softplus(-network.margins(given.seen, given.told, mean)).mean()

        ended = descend(network, loss, held_out, given.fitted, settings.descent, seed=seed)
        with torch.no_grad():
            mean, _ = network.q(given.seen, given.pairs)
    return VPL(given.fit(settings, ended), network.eval(), _active(mean.double().numpy(), given.people))


def _active(mean_NZ: NDArray[np.float64], people: Sequence[str]) -> int:
    """Units whose mean over a person's rows varies between people."""
    names, owner = np.unique(np.asarray(people, dtype=np.str_), return_inverse=True)
    of_person = np.zeros((len(names), mean_NZ.shape[1]))
    np.add.at(of_person, owner, mean_NZ)
    of_person /= np.bincount(owner)[:, None]
    return int((of_person.var(0) > ACTIVE).sum())
