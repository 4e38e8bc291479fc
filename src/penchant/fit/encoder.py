"""Fits the encoder scorer: computes whitening and axes in closed form, then fits a logistic regression.

Whitening scales the embeddings; axes are directions of the embeddings on which one person's choices agree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Encoder, Progress
from penchant.message import conversation
from penchant.persona import Comparison, Evidence, Persona
from penchant.record import Record, people_digest
from penchant.scorer.belief import BeliefScorer
from penchant.scorer.encoder.features import FEATURES, GROUPS, learn_lens
from penchant.scorer.encoder.scorer import PARTS, EncoderScorer, Parts, answers_of, belief_features
from penchant.scorer.encoder.texts import Contexts, Texts, texts_of
from penchant.scorer.encoder.weights import fit_weights


def fit_encoder(
    records: Sequence[Record],
    personas: Sequence[Persona],
    encoder: Encoder,
    *,
    parts: Parts = "both",
    believer: BeliefScorer | None = None,
    progress: Progress | None = None,
) -> EncoderScorer:
    """Embeds the texts and fits one encoder scorer; see `fit_parts`."""
    texts = Texts.of(texts_of(records, personas), encoder, progress=progress)
    return fit_parts(records, personas, encoder, texts, parts=(parts,), believer=believer)[parts]


def fit_parts(
    records: Sequence[Record],
    personas: Sequence[Persona],
    encoder: Encoder,
    texts: Texts,
    *,
    parts: Sequence[Parts] = tuple(PARTS),
    believer: BeliefScorer | None = None,
) -> dict[Parts, EncoderScorer]:
    """Encoder scorers that weigh different parts of the features, over one lens.

    Records of one `user_id` belong to one person; a record without one is a person of its own. The comparisons in the
    personas are fitted on as well, see `with_comparisons`.

    Args:
        personas: the evidence shown with each record.
        texts: holds every text of the records and the personas.
        believer: reads directions, which become one more feature.
    Raises:
        TrainingError: fewer than three people, no pair of different answers, or vectors that are not finite.
    """
    originals = records
    records, personas = with_comparisons(records, personas)
    people = [record.person_id for record in records]
    contexts = Contexts.of([record.task for record in records], personas, texts)
    chosen, rejected = (texts.find(answers) for answers in answers_of(records))
    beliefs = belief_features(records, personas, believer)
    lens, contrast_NF = learn_lens(texts, contexts, chosen=chosen, rejected=rejected, people=people, beliefs=beliefs)
    return {
        part: EncoderScorer(
            encoder=encoder,
            lens=lens,
            weights=_fit(contrast_NF, part),
            parts=part,
            records=len(originals),
            people=len({record.person_id for record in originals}),
            people_digest=people_digest(originals),
            believer=believer,
        )
        for part in parts
    }


def with_comparisons(
    records: Sequence[Record], personas: Sequence[Persona]
) -> tuple[Sequence[Record], Sequence[Persona]]:
    """The records, then one more record for each comparison in the personas, once per person.

    The persona of such a record is the rest of the persona that holds the comparison.
    """
    pairs = {(r.person_id, r.task, r.chosen, r.rejected) for r in records}
    further: list[Record] = []
    evidence: list[Persona] = []
    for record, persona in zip(records, personas, strict=True):
        person = record.person_id
        for index, item in enumerate(persona.evidence):
            if not isinstance(item, Comparison):
                continue
            key = person, item.prompt, item.chosen, item.rejected
            if key not in pairs and item.prompt.strip():  # without a prompt there is no question to learn from
                pairs.add(key)
                # all copies of the comparison are removed: one that stays would give the answer away
                rest = Persona(tuple(other for other in persona.items if not _same(other.evidence, item)))
                further.append(
                    Record(
                        record_id=f"{record.record_id}, choice {index}",
                        user_id=person,
                        prompt=conversation(item.prompt),
                        chosen=item.chosen,
                        rejected=item.rejected,
                        persona=rest,
                    )
                )
                evidence.append(rest)
    return [*records, *further], [*personas, *evidence]


def _same(item: Evidence, comparison: Comparison) -> bool:
    pair = (comparison.prompt, comparison.chosen, comparison.rejected)
    return isinstance(item, Comparison) and (item.prompt, item.chosen, item.rejected) == pair


def _fit(contrast_NF: NDArray[np.float64], part: Parts) -> NDArray[np.float64]:
    kept = np.array([FEATURES.index(name) for name in PARTS[part]])
    weights = np.zeros(len(FEATURES))
    weights[kept] = fit_weights(contrast_NF[:, kept], [GROUPS[column] for column in kept])
    return weights
