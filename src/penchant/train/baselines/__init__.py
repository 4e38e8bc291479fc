"""Learned baselines from the literature, as scorers over the encoder scorer's own data and vectors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.base import Baseline, Fitted
from penchant.scorer.cases import Texts
from penchant.train.baselines.lore import fit_lore
from penchant.train.baselines.vpl import fit_vpl


@dataclass(frozen=True, slots=True)
class _Learned:
    """A way to fit, as a Baseline."""

    name: str
    how: Callable[..., Fitted]

    def fit(self, records: Sequence[Record], personas: Sequence[Persona], texts: Texts, seed: int) -> Fitted:
        """See `Baseline.fit`."""
        return self.how(records, personas, texts, seed=seed)


BASELINES: Mapping[str, Baseline] = {"vpl": _Learned("vpl", fit_vpl), "lore": _Learned("lore", fit_lore)}
"""By the name that tables have for them."""
