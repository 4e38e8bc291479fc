"""Scorers over embedded texts beside the models of a bench: the same records, and the same shown of every person.

They see a persona itself, as controls do. Knows nothing of how they were fitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from penchant.eval.bench import Bench
from penchant.eval.score import Scored
from penchant.persona import Comparison
from penchant.record import Record
from penchant.scorer.base import TableScorer
from penchant.scorer.encoder.texts import Texts


def beside(
    bench: Bench, records: Sequence[Record], personas: Sequence[str], scorers: Sequence[TableScorer], texts: Texts
) -> Iterator[Scored]:
    """Margins of each scorer for every persona setting, then `none` and `shuffled`, as `Bench.score` has them.

    A scorer of choices alone has no row where nobody's are shown.

    Args:
        texts: a table that has every text of the records and their personas.
    Raises:
        RecordError: fewer than two people.
    """
    told, blind = bench.shown(records, personas)
    for place, shown in enumerate((*told, *blind)):
        ceiling = bench.limits(shown)
        if place >= len(told) and ceiling is not None:
            ceiling = np.full(len(shown.records), 0.5)  # nothing true is shown: chance
        chose = any(isinstance(item, Comparison) for persona in shown.personas for item in persona.evidence)
        for one in scorers:
            if one.choices_only and not chose and place < len(told):
                continue
            margins = one.table_margins(texts, shown.records, shown.personas)
            yield Scored(one.name, shown.persona, shown.records, margins, ceiling)
