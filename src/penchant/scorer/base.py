"""The seam of a scorer: (record, the persona shown) -> margin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.cases import Texts


class Scorer(Protocol):
    """Anything that can say by how much a person prefers one answer to another."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def margins(self, records: Sequence[Record], personas: Sequence[Persona]) -> NDArray[np.float64]:
        """Score of the chosen answer less that of the rejected one, (records,); swapping the answers negates it.

        Args:
            personas: what is shown of each record's person; an empty persona asks for the impersonal score.
        """
        ...


class Within(Protocol):
    """A scorer over a table of texts that are embedded already."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def people_digest(self) -> str:
        """On whom it was fitted; see `record.people_digest`."""
        ...

    @property
    def choices_alone(self) -> bool:
        """Whether it reads nothing of a person but what they chose."""
        ...

    def margins_within(
        self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]
    ) -> NDArray[np.float64]:
        """See `Scorer.margins`; the table has every text of the records and personas."""
        ...


class Fitted(Within, Protocol):
    """The same, of a baseline that was fitted."""

    @property
    def remark(self) -> str:
        """How fitting went, in a line."""
        ...

    def save(self, folder: Path, *, encoder: str) -> None:
        """Writes it; `encoder` is the name of the one whose vectors it was fitted over."""
        ...


class Baseline(Protocol):
    """A way to fit a scorer that stands in tables as a rival."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def fit(self, records: Sequence[Record], personas: Sequence[Persona], texts: Texts, seed: int) -> Fitted:
        """A scorer of the preferences in some records.

        Args:
            personas: what is shown of each record's person.
            texts: a table that has every text of the records and personas.
        Raises:
            TrainingError: what was given cannot be fitted on.
        """
        ...
