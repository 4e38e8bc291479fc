"""`FittedBaseline`: the common part of the fitted baselines VPL and LoRe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic

import numpy as np
import torch
from numpy.typing import NDArray

from penchant.fit.pairs import Pairs, TextVectors
from penchant.fit.saved import save
from penchant.fit.training_pairs import FitSummary, Settings
from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.encoder.texts import Texts


@dataclass(frozen=True, slots=True)
class FittedBaseline(ABC, Generic[Settings]):
    """A learned reward over a text transform; see `scorer.base.Fitted`."""

    NAME: ClassVar[str]
    """The name in tables and cards."""

    summary: FitSummary[Settings]

    @abstractmethod
    def margins(self, vectors: TextVectors, pairs: Pairs) -> torch.Tensor:
        """Score of the chosen answer minus that of the rejected one, log-odds, (N,)."""

    @abstractmethod
    def tensors(self) -> Mapping[str, torch.Tensor]:
        """The weights to save, without those of the text transform."""

    @abstractmethod
    def detail(self) -> str:
        """The end of the remark: what this method has to say about the fit."""

    def counts(self) -> Mapping[str, int]:
        """Further entries of the card."""
        return {}

    @property
    def name(self) -> str:
        """The name in tables."""
        return self.NAME

    @property
    def people_digest(self) -> str:
        """See `TableScorer.people_digest`."""
        return self.summary.people_digest

    @property
    def choices_only(self) -> bool:
        """True: a baseline reads the comparisons of a persona and nothing else."""
        return True

    @property
    def remark(self) -> str:
        """See `Fitted.remark`."""
        return f"{self.NAME}: {self.summary.remark}, {self.detail()}"

    def table_margins(
        self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]
    ) -> NDArray[np.float64]:
        """See `TableScorer.table_margins`; in log-odds.

        Raises:
            ModelError: the table's encoder has vectors of another length.
        """
        vectors, pairs = self.summary.transform.apply(texts), Pairs.of(texts, records, personas)
        with torch.no_grad():
            return np.asarray(self.margins(vectors, pairs).double().numpy())

    def save(self, folder: Path, *, encoder: str) -> None:
        """See `Fitted.save`."""
        save(folder, self.NAME, self.summary, self.tensors(), encoder=encoder, counts=self.counts())
