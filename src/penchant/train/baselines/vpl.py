"""Variational Preference Learning: a person is a latent z, inferred from their comparisons, that a reward is told of.

An encoder over the comparisons shown gives q(z | comparisons) = N(mu, diag(sigma^2)); of nobody it is the prior
N(0, I). A network gives r(e(x, y), z), and fitting lowers -log sigmoid(r(x, y+, z) - r(x, y-, z)) + beta KL(q || prior)
with z drawn as mu + sigma * noise. Scores take z = mu. It is known to ignore z where there is little data: `active`
counts the units that tell people apart.

Source: Poddar et al. 2024, arXiv:2408.10075; active units as of Burda et al. 2016, arXiv:1509.00519.
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

# Shapes: N pairs, C distinct comparisons, T texts, F numbers of a text, H hidden units, Z latent units.

_FORMAT = "penchant vpl 1"
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
        used, place = torch.unique(torch.from_numpy(pairs.shown.places), return_inverse=True)
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

    look: Look
    network: Network
    settings: VPLSettings
    records: int
    """How many records it was fitted on."""
    people: int
    active: int
    """Latent units whose posterior means differ between the people fitted on, by more than `ACTIVE`."""
    ended: Ended

    @property
    def name(self) -> str:
        """What tables call it."""
        return "vpl"

    @property
    def remark(self) -> str:
        """See `scorer.base.Fitted`."""
        return (
            f"vpl: best after {self.ended.steps} steps (held-out loss {self.ended.held_out:.3f}), "
            f"{self.active} of {self.settings.latent} latent units active"
        )

    def margins_within(
        self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]
    ) -> NDArray[np.float64]:
        """See `Scorer.margins`; in log-odds, over a table that has every text of the records and personas.

        Raises:
            ModelError: a table of vectors of another length.
        """
        seen, pairs = self.look.of(texts), Pairs.of(texts, records, personas)
        with torch.no_grad():
            mean, _ = self.network.q(seen, pairs)
            return np.asarray(self.network.margins(seen, pairs, mean).double().numpy())

    def save(self, folder: Path) -> None:
        """Writes the weights, then the card; the encoder is not copied."""
        card = {
            "format": _FORMAT,
            "settings": asdict(self.settings),
            "records": self.records,
            "people": self.people,
            "active": self.active,
            "ended": asdict(self.ended),
        }
        network = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        save(folder, card, {**self.look.arrays(), **network})

    @classmethod
    def load(cls, folder: Path) -> VPL:
        """A saved VPL.

        Raises:
            ModelError: no complete one there.
        """
        card, tensors = read(folder, _FORMAT)
        try:
            chosen = dict(card["settings"])
            settings = VPLSettings(**{**chosen, "descent": Descent(**chosen["descent"])})
            look = Look.from_arrays(tensors)
            network = Network(look.size, settings.latent, settings.hidden)
            weights = {n.removeprefix("network."): v for n, v in tensors.items() if n.startswith("network.")}
            network.load_state_dict(weights)
            counts = int(card["records"]), int(card["people"]), int(card["active"])
            return cls(look, network.eval(), settings, *counts, Ended(**card["ended"]))
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise misfit(folder, error) from error


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
    counts = len(records), len({record.user_id or record.record_id for record in records})
    records, personas = with_choices(records, personas)
    people = [record.user_id or record.record_id for record in records]
    fitted, held = apart(people, seed=seed)
    pairs = Pairs.of(texts, records, personas)
    look = Look.learn(texts, pairs.of_rows(fitted))
    seen, told = look.of(texts), pairs.of_rows(held)
    noise = torch.Generator().manual_seed(seed)
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(look.size, settings.latent, settings.hidden)

        def loss(rows: torch.Tensor) -> torch.Tensor:
            some = pairs.of_rows(rows)
            mean, log_variance = network.q(seen, some)
            z = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=noise)
            surprise = nn.functional.softplus(-network.margins(seen, some, z))
            return (surprise + settings.beta * divergence(mean, log_variance)).mean()

        def held_out() -> torch.Tensor:
            mean, _ = network.q(seen, told)
            return nn.functional.softplus(-network.margins(seen, told, mean)).mean()

        ended = descend(network, loss, held_out, fitted, settings.descent, seed=seed)
        with torch.no_grad():
            mean, _ = network.q(seen, pairs)
    return VPL(look, network.eval(), settings, *counts, _active(mean.double().numpy(), people), ended)


def _active(mean_NZ: NDArray[np.float64], people: Sequence[str]) -> int:
    """Units whose mean over a person's rows varies between people."""
    names, owner = np.unique(np.asarray(people, dtype=np.str_), return_inverse=True)
    of_person = np.zeros((len(names), mean_NZ.shape[1]))
    np.add.at(of_person, owner, mean_NZ)
    of_person /= np.bincount(owner)[:, None]
    return int((of_person.var(0) > ACTIVE).sum())
