"""Which answer suits what is believed of a person: beliefs over dimensions against what the answers themselves say.

The margin of a pair is sum_d (2 P(positive)_d - 1) (R+_d - R-_d): how the person leans, from the evidence shown, times
what choosing the one answer over the other would say (`infer`). Both sides are read by the same annotator; no weight is
learned here. Nothing shown gives 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.infer.base import Annotator
from penchant.infer.read import read_items, reread
from penchant.person import Person
from penchant.persona import Comparison, Evidence, Persona, Rating
from penchant.posterior import EVEN, Prior, believe
from penchant.record import Record


@dataclass(frozen=True, slots=True)
class BeliefScorer:
    """An annotator and a prior, as a Scorer."""

    annotator: Annotator
    prior: Prior = EVEN

    @property
    def name(self) -> str:
        """What tables call it."""
        return "belief"

    def margins(self, records: Sequence[Record], personas: Sequence[Persona]) -> NDArray[np.float64]:
        """See `Scorer.margins`; between -2 and 2 a dimension that the pair is about."""
        read = read_items((item for persona in personas for item in persona.evidence), self.annotator)
        return self.weigh(self.leanings(personas, read), self.said(records))

    def score(self, person: Person, prompt: str, answers: Sequence[str]) -> NDArray[np.float64]:
        """See `Scorer.score`: how well each answer suits what is believed of the person; see `suits`."""
        return self.suits([prompt] * len(answers), [person.persona] * len(answers), answers)

    def leanings(self, personas: Sequence[Persona], read: Mapping[Evidence, Evidence]) -> NDArray[np.float64]:
        """2 P(positive) - 1 of each persona's person, (personas, dimensions); equal personas are believed once."""
        distinct = {persona: place for place, persona in enumerate(dict.fromkeys(personas))}
        space = self.annotator.space
        known = [believe(reread(persona, read), space, prior=self.prior).confidence() for persona in distinct]
        return 2 * np.array(known)[[distinct[persona] for persona in personas]] - 1

    def said(self, records: Sequence[Record]) -> NDArray[np.float64]:
        """What choosing the chosen answer says of each dimension, (records, dimensions), in [-1, 1]."""
        pairs = [Comparison(record.prompt, record.chosen, record.rejected) for record in records]
        readings = self.annotator.annotate(pairs).astype(np.float64)
        return readings[..., 2] - readings[..., 0]

    def suits(self, prompts: Sequence[str], personas: Sequence[Persona], answers: Sequence[str]) -> NDArray[np.float64]:
        """How well each answer suits what is believed of its person, (answers,): alone, unlike `margins`.

        Of nobody in particular, it is what the population leans to.
        """
        shown = [Rating(prompt, answer, liked=True) for prompt, answer in zip(prompts, answers, strict=True)]
        read = read_items((item for persona in personas for item in persona.evidence), self.annotator)
        distinct = list(dict.fromkeys(shown))
        readings = self.annotator.annotate(distinct).astype(np.float64)
        says = dict(zip(distinct, readings[..., 2] - readings[..., 0], strict=True))
        said = np.array([says[one] for one in shown]).reshape(len(shown), len(self.annotator.space))
        return np.asarray((self.leanings(personas, read) * said).sum(axis=1))

    def weigh(self, leanings: NDArray[np.float64], said: NDArray[np.float64]) -> NDArray[np.float64]:
        """Margins, (records,); what is as good as nothing is nothing, so that it counts as a tie."""
        margins = np.asarray((leanings * said).sum(axis=1))
        return np.where(np.abs(margins) < _NOTHING, 0.0, margins)


_NOTHING = 1e-3
"""Margins of doubtful readings on dimensions that the pair is not about."""
