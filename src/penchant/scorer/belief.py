"""Scores answers by the belief about a person: do the answers express the preferences that the person leans to?

The margin of a pair is sum_d (2 P(positive)_d - 1) (R+_d - R-_d). The first factor is the person's leaning on dimension
d, inferred from the evidence. The second is what choosing this answer over the other one would express: P(positive)
minus P(negative). One annotator (`infer`) gives both factors; no weight is learned here. Without evidence every margin
is 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.infer.annotate import read_items, reread
from penchant.infer.base import Annotator
from penchant.message import Conversation, conversation
from penchant.person import Person, meet
from penchant.persona import Comparison, Evidence, Persona, Rating
from penchant.record import Record


@dataclass(frozen=True, slots=True)
class BeliefScorer:
    """An annotator, as a Scorer."""

    annotator: Annotator

    @property
    def name(self) -> str:
        """The name in tables."""
        return "belief"

    def margins(self, records: Sequence[Record], personas: Sequence[Persona]) -> NDArray[np.float64]:
        """Score of the chosen answer minus that of the rejected one, (records,).

        Both answers are read together, as one choice; a dimension that the pair is about adds between -2 and 2.
        """
        items = read_items((item for persona in personas for item in persona.evidence), self.annotator)
        return self.weigh(self.leanings(personas, items), self.choice_readings(records))

    def score(self, person: Person, prompt: str | Conversation, answers: Sequence[str]) -> NDArray[np.float64]:
        """See `Scorer.score`: how well each answer suits the belief about the person, their profile and corrections.

        Raises:
            SpaceMismatch: the profile is over another space than the annotator's.
            SpaceError: a correction names a dimension that the annotator's space does not have.
        """
        task = conversation(prompt)[-1].content
        space = self.annotator.space
        persona = reread(person.persona, read_items(person.persona.evidence, self.annotator))
        own = meet(persona, space, corrections=person.corrections, profile=person.profile)
        return np.asarray((own.leanings(space) * self.answer_readings([task] * len(answers), answers)).sum(axis=1))

    def leanings(self, personas: Sequence[Persona], items: Mapping[Evidence, Evidence]) -> NDArray[np.float64]:
        """`Person.leanings` of each persona's person, (personas, dimensions); equal personas share one computation.

        Args:
            items: every evidence item of the personas -> the same item with the direction that the annotator read.
        """
        rows = {persona: row for row, persona in enumerate(dict.fromkeys(personas))}
        space = self.annotator.space
        leanings = [meet(reread(persona, items), space).leanings(space) for persona in rows]
        return np.array(leanings)[[rows[persona] for persona in personas]]

    def choice_readings(self, records: Sequence[Record]) -> NDArray[np.float64]:
        """What the choice of each record expresses on each dimension, (records, dimensions), in [-1, 1]."""
        pairs = [Comparison(record.task, record.chosen, record.rejected) for record in records]
        readings = self.annotator.annotate(pairs).astype(np.float64)
        return readings[..., 2] - readings[..., 0]

    def suits(self, prompts: Sequence[str], personas: Sequence[Persona], answers: Sequence[str]) -> NDArray[np.float64]:
        """How well each answer suits the belief about its person, (answers,).

        Unlike in `margins`, each answer is read alone. For an empty persona every score is 0.
        """
        items = read_items((item for persona in personas for item in persona.evidence), self.annotator)
        return np.asarray((self.leanings(personas, items) * self.answer_readings(prompts, answers)).sum(axis=1))

    def answer_readings(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        """What each answer expresses by itself, (answers, dimensions), in [-1, 1]."""
        ratings = [Rating(prompt, answer, liked=True) for prompt, answer in zip(prompts, answers, strict=True)]
        distinct = list(dict.fromkeys(ratings))
        annotated = self.annotator.annotate(distinct).astype(np.float64)
        reading_of = dict(zip(distinct, annotated[..., 2] - annotated[..., 0], strict=True))
        return np.array([reading_of[rating] for rating in ratings]).reshape(len(ratings), len(self.annotator.space))

    def weigh(self, leanings: NDArray[np.float64], readings: NDArray[np.float64]) -> NDArray[np.float64]:
        """Margins, (records,), from arrays of (records, dimensions); a negligible margin becomes 0, which is a tie."""
        margins = np.asarray((leanings * readings).sum(axis=1))
        return np.where(np.abs(margins) < _NEGLIGIBLE, 0.0, margins)


_NEGLIGIBLE = 1e-3
"""Uncertain readings of dimensions that a pair is not about add up to margins of this size."""
