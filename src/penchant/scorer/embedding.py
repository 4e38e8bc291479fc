"""Combines a table scorer and its encoder into a `Scorer`, which scores any answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Encoder
from penchant.message import Conversation, conversation
from penchant.person import Person
from penchant.record import Record
from penchant.scorer.base import TableScorer
from penchant.scorer.encoder.texts import Texts, texts_of


@dataclass(frozen=True, slots=True)
class EmbeddingScorer:
    """Embeds the texts; the table scorer then computes the margin of every answer over one of the answers."""

    scorer: TableScorer
    encoder: Encoder
    """The encoder that the scorer was fitted on."""

    @property
    def name(self) -> str:
        """The name of the table scorer."""
        return self.scorer.name

    def score(self, person: Person, prompt: str | Conversation, answers: Sequence[str]) -> NDArray[np.float64]:
        """See `Scorer.score`; scores are relative to the answer that sorts first, whose score is 0."""
        # sorted: the last bits of a margin may depend on neighbouring rows
        distinct = sorted(set(answers))
        records = [
            Record(f"{i}", None, conversation(prompt), chosen=answer, rejected=distinct[0])
            for i, answer in enumerate(distinct)
        ]
        if not records:
            return np.zeros(0)
        personas = [person.persona] * len(records)
        texts = Texts.of(texts_of(records, personas), self.encoder)
        margins = dict(zip(distinct, self.scorer.table_margins(texts, records, personas), strict=True))
        return np.array([margins[answer] for answer in answers], dtype=np.float64)
