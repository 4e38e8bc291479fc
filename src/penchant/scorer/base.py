"""The interface of a scorer, which scores answers by how likely a person is to prefer each.

`Scorer` scores texts. `TableScorer` scores many records at once, over texts that are embedded already. A `Fitter` makes
a `Fitted` table scorer from records.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.message import Conversation
from penchant.person import Person
from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.encoder.texts import Texts


class Scorer(Protocol):
    """Scores answers for one person."""

    @property
    def name(self) -> str:
        """The name in tables."""
        ...

    def score(self, person: Person, prompt: str | Conversation, answers: Sequence[str]) -> NDArray[np.float64]:
        """One score per answer, (answers,); the highest is the answer that the person would prefer.

        A plain text is a prompt of one user turn. Only differences between the answers of one call have a meaning. A
        score does not depend on the order of the answers.
        """
        ...


class TableScorer(Protocol):
    """Scores many pairs at once, over a table of embedded texts."""

    @property
    def name(self) -> str:
        """The name in tables."""
        ...

    @property
    def people_digest(self) -> str:
        """The digest of the people it was fitted on; see `record.people_digest`."""
        ...

    @property
    def choices_only(self) -> bool:
        """Whether it reads the comparisons of a persona and nothing else."""
        ...

    def table_margins(
        self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]
    ) -> NDArray[np.float64]:
        """Score of the chosen answer minus that of the rejected one, (records,).

        Swapping the answers negates a margin exactly.

        Args:
            texts: holds every text of the records and the personas.
            personas: the evidence shown with each record; an empty persona asks for the impersonal score.
        """
        ...


class Fitted(TableScorer, Protocol):
    """A learned baseline after fitting."""

    @property
    def remark(self) -> str:
        """One line on how the fit went."""
        ...

    def save(self, folder: Path, *, encoder: str) -> None:
        """Writes weights and card.

        Args:
            encoder: the name of the encoder whose vectors it was fitted on.
        """
        ...


class Fitter(Protocol):
    """Fits a learned baseline."""

    @property
    def name(self) -> str:
        """The name in tables."""
        ...

    def fit(self, records: Sequence[Record], personas: Sequence[Persona], texts: Texts, seed: int) -> Fitted:
        """A scorer fitted on the preferences of the records.

        Args:
            personas: the evidence shown with each record.
            texts: holds every text of the records and the personas.
        Raises:
            TrainingError: there is too little to fit on.
        """
        ...
