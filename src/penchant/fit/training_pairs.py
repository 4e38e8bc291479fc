"""Inputs of a baseline's fit, and what is saved besides the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from penchant.fit.descent import StoppingPoint, split_people
from penchant.fit.encoder import with_comparisons
from penchant.fit.pairs import Pairs, TextTransform, TextVectors
from penchant.persona import Persona
from penchant.record import Record, people_digest
from penchant.scorer.encoder.texts import Texts

Settings = TypeVar("Settings")
"""The settings class of one baseline."""


@dataclass(frozen=True, slots=True)
class FitSummary(Generic[Settings]):
    """What is kept of a fit besides the baseline's own weights."""

    transform: TextTransform
    settings: Settings
    records: int
    """Number of records it was fitted on."""
    people: int
    """Number of people it was fitted on."""
    people_digest: str
    """Digest of these people; see `record.people_digest`."""
    ended: StoppingPoint

    @property
    def remark(self) -> str:
        """One line on how the fit went."""
        return f"best after {self.ended.steps} steps (held-out loss {self.ended.held_out:.3f})"


@dataclass(frozen=True, slots=True)
class TrainingPairs:
    """The preferences of some people as pairs of embedded texts, a tenth of the people held out."""

    records: int
    """Number of records. There are more pairs: the comparisons in the personas are fitted on as well."""
    people: tuple[str, ...]
    """The person of each pair."""
    people_digest: str
    pairs: Pairs
    transform: TextTransform
    """Learned without the held-out people."""
    vectors: TextVectors
    """All texts under the transform."""
    fitted: torch.Tensor
    """Rows of the pairs of people who are not held out."""
    held_out: Pairs
    """Pairs of the held-out people."""

    @classmethod
    def of(cls, records: Sequence[Record], personas: Sequence[Persona], texts: Texts, *, seed: int) -> TrainingPairs:
        """From records and the evidence shown with each.

        Args:
            texts: holds every text of the records and the personas.
        Raises:
            TrainingError: fewer than two people, no two different answers, or vectors that are not finite.
        """
        count, digest = len(records), people_digest(records)
        records, personas = with_comparisons(records, personas)
        people = tuple(record.person_id for record in records)
        fitted, held_out = split_people(people, seed=seed)
        pairs = Pairs.of(texts, records, personas)
        transform = TextTransform.learn(texts, pairs.of_rows(fitted))
        return cls(
            records=count,
            people=people,
            people_digest=digest,
            pairs=pairs,
            transform=transform,
            vectors=transform.apply(texts),
            fitted=fitted,
            held_out=pairs.of_rows(held_out),
        )

    def summary(self, settings: Settings, ended: StoppingPoint) -> FitSummary[Settings]:
        """The summary of a fit on these pairs."""
        return FitSummary(
            transform=self.transform,
            settings=settings,
            records=self.records,
            people=len(set(self.people)),
            people_digest=self.people_digest,
            ended=ended,
        )
