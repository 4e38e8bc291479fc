"""Scores records with learned scorers, on the same records and evidence as the models of `eval.bench`.

The scorers read a table of texts that are embedded already. They get the personas unchanged: the bench's annotator
(`Bench.believed`) does not apply to them. An encoder scorer that was fitted with an annotator infers directions with
that annotator. All other learned scorers use no directions. This module does not know how a scorer was fitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from penchant.eval.bench import Bench, Condition, scored
from penchant.eval.rows import Role
from penchant.eval.score import Margins, Scored
from penchant.persona import Comparison
from penchant.record import Record
from penchant.scorer.base import TableScorer
from penchant.scorer.encoder.texts import Texts

PERSONAL = ("encoder",)
"""Learned scorers whose rows are compared with every rival; all others are baselines from the literature."""


def scores_of(
    bench: Bench, records: Sequence[Record], personas: Sequence[str], *, scorers: Sequence[TableScorer], texts: Texts
) -> Iterator[Scored]:
    """Margins of each scorer under every kind of evidence, then under `none` and `shuffled`, as `Bench.score` has them.

    A scorer that reads choices alone has no row for evidence without choices.

    Args:
        personas: the kinds of evidence.
        texts: a table with every text of the records and their personas.
    Raises:
        RecordError: fewer than two people.
    """
    informed, blind = bench.conditions(records, personas)
    for condition in informed:
        ceiling = bench.limits(condition)
        for scorer in scorers:
            if _has_choices(condition) or not scorer.choices_only:
                yield _scored(scorer, condition, texts, ceiling)
    for condition in blind:
        # no true evidence is shown, so that the limit is chance
        ceiling = None if bench.rule is None else np.full(len(condition.records), 0.5)
        for scorer in scorers:
            yield _scored(scorer, condition, texts, ceiling)


def _has_choices(condition: Condition) -> bool:
    return any(isinstance(item, Comparison) for persona in condition.personas for item in persona.evidence)


def _scored(scorer: TableScorer, condition: Condition, texts: Texts, ceiling: Margins | None) -> Scored:
    margins = scorer.table_margins(texts, condition.records, condition.personas)
    role: Role = "personal" if scorer.name in PERSONAL else "baseline"
    return scored(scorer.name, condition, margins, ceiling, role=role)
