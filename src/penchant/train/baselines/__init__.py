"""Learned baselines from the literature, as scorers over the encoder scorer's own data and vectors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.base import Fitted
from penchant.scorer.cases import Texts
from penchant.train.baselines.lore import LoRe, fit_lore
from penchant.train.baselines.saved import Saved, read
from penchant.train.baselines.vpl import VPL, fit_vpl


@dataclass(frozen=True, slots=True)
class _Learned:
    """A way to fit, as a `scorer.base.Baseline`, and to read back what was fitted."""

    name: str
    how: Callable[..., Fitted]
    restored: Callable[[Saved], Fitted]

    def fit(self, records: Sequence[Record], personas: Sequence[Persona], texts: Texts, seed: int) -> Fitted:
        """See `Baseline.fit`."""
        return self.how(records, personas, texts, seed=seed)


BASELINES: Mapping[str, _Learned] = {
    one.name: one for one in (_Learned("vpl", fit_vpl, VPL.of_saved), _Learned("lore", fit_lore, LoRe.of_saved))
}
"""By the name that tables have for them."""


def load_baseline(folder: Path, *, encoder: str) -> Fitted:
    """Whichever baseline was saved in a folder.

    Args:
        encoder: whose vectors it is to be asked over.
    Raises:
        ModelError: no complete one there, or fitted over another encoder.
    """
    saved = read(folder, encoder=encoder)
    if saved.name not in BASELINES:
        raise saved.misfit(f"no baseline is called '{saved.name}'")
    return BASELINES[saved.name].restored(saved)
