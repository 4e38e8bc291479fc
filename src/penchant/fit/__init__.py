"""Fits everything except language models: the encoder scorer, the published baselines, the annotator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from penchant.fit.lore import LoRe, fit_lore
from penchant.fit.saved import SavedBaseline, read
from penchant.fit.vpl import VPL, fit_vpl
from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.base import Fitted
from penchant.scorer.encoder.texts import Texts


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline from the literature: a `scorer.base.Fitter` that can also load what it saved."""

    name: str
    fit_function: Callable[..., Fitted]
    restore: Callable[[SavedBaseline], Fitted]

    def fit(self, records: Sequence[Record], personas: Sequence[Persona], texts: Texts, seed: int) -> Fitted:
        """See `Fitter.fit`."""
        return self.fit_function(records, personas, texts, seed=seed)


BASELINES: Mapping[str, Baseline] = {
    "vpl": Baseline("vpl", fit_vpl, VPL.of_saved),
    "lore": Baseline("lore", fit_lore, LoRe.of_saved),
}
"""Baselines by their names in tables."""


def load_baseline(folder: Path, *, encoder: str) -> Fitted:
    """The baseline that was saved in a folder.

    Args:
        encoder: the name of the encoder whose vectors it will score.
    Raises:
        ModelError: the folder holds no complete baseline, or one that was fitted on another encoder.
    """
    saved = read(folder, encoder=encoder)
    if saved.name not in BASELINES:
        raise saved.mismatch(f"no baseline is called '{saved.name}'")
    return BASELINES[saved.name].restore(saved)
