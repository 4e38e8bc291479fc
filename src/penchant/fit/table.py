"""The clauses, vectors and known directions that an annotator is fitted on, and its readings of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from penchant.encoder.base import Encoder, Progress
from penchant.infer.calibration import NEW_CLAUSE, Doubt, fit_doubt, frequent_clauses
from penchant.infer.fitted import BATCH, EncoderAnnotator, unit
from penchant.infer.head import Clauses, flatten_clauses
from penchant.infer.heldout import HeldOut, figures
from penchant.infer.labelled import Labelled
from penchant.infer.pieces import Parts, parts
from penchant.posterior import kind_of


@dataclass(frozen=True)
class Table:
    """The clauses of N items with their vectors, and the items' true directions."""

    split: Sequence[Parts]
    """Clauses of each item."""
    kinds: Sequence[int]
    vectors: Mapping[str, NDArray[np.float32]]
    """Clause -> its unit vector."""
    mean_E: NDArray[np.float32]
    truth_ND: torch.Tensor
    """0 negative, 1 neutral, 2 positive."""
    people: Sequence[str]
    """The person of each item."""

    @classmethod
    def of(
        cls,
        labelled: Sequence[Labelled],
        encoder: Encoder,
        embedding: Progress | None,
        *,
        mean_E: NDArray[np.float32] | None = None,
        by_sentence: bool = False,
    ) -> Table:
        """The table of some items; without a mean, that of their clauses is subtracted."""
        split = [parts(label.item, by_sentence=by_sentence) for label in labelled]
        clauses = sorted({clause for part in split for clause in (*part.task, *part.own, *part.against)})
        vectors = encoder.layers(clauses, progress=embedding).final
        mean = vectors.mean(0) if mean_E is None else mean_E
        return cls(
            split=split,
            kinds=[kind_of(label.item) for label in labelled],
            vectors=dict(zip(clauses, unit(vectors - mean), strict=True)),
            mean_E=mean,
            truth_ND=torch.from_numpy(np.stack([label.direction.signs for label in labelled]).astype(np.int64) + 1),
            people=[label.person for label in labelled],
        )

    def embed(self, clauses: Sequence[str]) -> NDArray[np.float32]:
        """(clauses, E)."""
        return np.array([self.vectors[clause] for clause in clauses], dtype=np.float32).reshape(-1, len(self.mean_E))

    def clauses(self, rows: Sequence[int]) -> Clauses:
        """The clauses of some items as the head takes them."""
        return flatten_clauses([self.split[row] for row in rows], [self.kinds[row] for row in rows], self.embed)

    def known_clauses(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Vectors of the most frequent clauses of some items."""
        return self.embed(frequent_clauses([self.split[row] for row in rows]))


class Readings(NamedTuple):
    """What a head reads from some items, before doubt is applied."""

    logits_ND3: torch.Tensor
    novelty_ND: torch.Tensor
    truth_ND: torch.Tensor
    people: Sequence[str]

    @classmethod
    def concatenated(cls, parts: Sequence[Readings]) -> Readings:
        """All readings of several."""
        return cls(
            logits_ND3=torch.cat([part.logits_ND3 for part in parts]),
            novelty_ND=torch.cat([part.novelty_ND for part in parts]),
            truth_ND=torch.cat([part.truth_ND for part in parts]),
            people=[person for part in parts for person in part.people],
        )

    def doubt(self, growth: Doubt | None = None) -> Doubt:
        """Doubt of maximum likelihood; `growth` fixes the slopes."""
        return fit_doubt(self.logits_ND3, self.novelty_ND, self.truth_ND, slopes=growth)

    def where(self, mask: torch.Tensor) -> Readings:
        """The items where a mask is True."""
        people = [person for person, kept in zip(self.people, mask.tolist(), strict=True) if kept]
        return Readings(self.logits_ND3[mask], self.novelty_ND[mask], self.truth_ND[mask], people)


def read(annotator: EncoderAnnotator, table: Table, rows: Sequence[int]) -> Readings:
    """What an annotator's head reads from some items of a table."""
    poles = annotator.poles()
    with torch.no_grad():
        batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
        logits, novelty = zip(*(annotator.logits(table.clauses(batch), poles) for batch in batches), strict=True)
    return Readings(torch.cat(logits), torch.cat(novelty), table.truth_ND[rows], [table.people[row] for row in rows])


def cross_measured(readings: Readings, *, extra: Readings | None = None, growth: Doubt | None) -> HeldOut | None:
    """Figures of readings; each half of the people is read with the doubt fitted on the other half.

    Args:
        extra: more readings to fit doubt on.
        growth: fixes the slopes of doubt. None fits the slopes too, and measures only cells decided by a new clause.
    Returns:
        None for a single person.
    """
    half = set(sorted(set(readings.people))[::2])
    first = torch.tensor([person in half for person in readings.people])
    if first.all() or not first.any():
        return None
    probabilities = torch.empty_like(readings.logits_ND3)
    for mask in (first, ~first):
        fitted_on = [readings.where(~mask)] + ([extra] if extra is not None else [])
        doubt = Readings.concatenated(fitted_on).doubt(growth)
        probabilities[mask] = doubt.apply(readings.logits_ND3[mask], readings.novelty_ND[mask]).softmax(-1)
    signs = readings.truth_ND.numpy() - 1
    if growth is None:
        # cells decided by known clauses of the same items say nothing about new words: count them as neutral
        known = (readings.novelty_ND < NEW_CLAUSE).numpy()
        signs = np.where(known, 0, signs)
        probabilities[torch.from_numpy(known)] = torch.tensor([0.0, 1.0, 0.0])
    return figures(probabilities.numpy(), signs, readings.people)
