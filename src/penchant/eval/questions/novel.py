"""Novel preferences: pairs about dimensions that nobody held whom the models were aligned to.

They are asked as the models are (zero-shot), and after a few steps on the pairs of a few other people (few-step). The
same few steps from the base that was never aligned stand beside them, so that it can be seen what alignment brings.
What is novel is counted from the records themselves, never taken on trust.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.eval.bench import Bench
from penchant.eval.score import Scored
from penchant.model.base import Model
from penchant.record import Record
from penchant.space import Direction, PreferenceSpace

EXAMPLES = (0, 8, 32, 96)
"""Pairs that models adapt to."""
_PEOPLE = 10
"""Whose pairs these are."""
UNALIGNED = "_unaligned"
"""Behind a method's name: adapted from the base, which was never aligned."""


@dataclass(frozen=True, slots=True)
class Novel:
    """Records about novel dimensions, people apart."""

    dimensions: tuple[str, ...]
    """Asked about, and held by nobody whom the models were aligned to."""
    tested: tuple[Record, ...]
    examples: tuple[Record, ...]
    """Pairs of other people: the first of each, then the second of each, and so on."""
    known: int
    """Records left out as they are about a dimension that is not novel."""
    shared: int
    """Records of people to be tested left out as their very pair is among the examples."""

    @classmethod
    def of(
        cls, records: Sequence[Record], aligned_on: Sequence[Record], space: PreferenceSpace, *, seed: int = 0
    ) -> Novel:
        """Finds what is novel in `records` to models that were aligned on `aligned_on`.

        Raises:
            RecordError: it is not said what a record is about; nothing novel; too few people.
        """
        unsaid = next((record.record_id for record in records if record.direction is None), None)
        if unsaid is not None:
            raise RecordError(f"record '{unsaid}' does not say what it is about (no direction); novelty cannot be told")
        held = np.any([_held(record, space) for record in aligned_on], axis=0)
        about = np.array([_signs(record.direction, space) for record in records])
        new = about.any(axis=0) & ~held
        if not new.any():
            raise RecordError(
                "every dimension that is asked about is held by somebody whom the models were aligned to; hold some "
                "out, for instance by penchant simulate --set forum.held_out=[…]"
            )
        told = [record for record, dims in zip(records, about, strict=True) if dims.any() and not dims[~new].any()]
        people = _examples_of(told, seed)
        examples = _in_turn([[record for record in told if record.person_id == person] for person in people])
        pairs = {_pair(record) for record in examples}
        rest = [record for record in told if record.person_id not in people]
        tested = tuple(record for record in rest if _pair(record) not in pairs)
        if len({record.person_id for record in tested}) < 2:
            raise RecordError(f"{len(told)} records about novel dimensions leave fewer than two people to be tested")
        names = tuple(dimension.id for dimension, is_new in zip(space.dimensions, new, strict=True) if is_new)
        return cls(names, tested, tuple(examples), len(records) - len(told), len(rest) - len(tested))

    def counts(self) -> list[int]:
        """How many examples models are asked after, none first."""
        return [count for count in EXAMPLES if count <= len(self.examples)]


def after(
    bench: Bench, found: Novel, count: int, adapted: Mapping[str, Model], unaligned: Mapping[str, Model]
) -> Iterator[Scored]:
    """Everything that is told the same of each person, once models have adapted to `count` pairs of others.

    Rules and limits learn nothing from examples: they stand before them alone.

    Args:
        bench: whose policies are set to the models given.
        adapted: by method, from the aligned models.
        unaligned: by method, from the base.
    """
    shown = replace(show(found.tested, "mixed", seed=bench.setting.seed), persona=f"after {count}")
    bench.policies = adapted
    # what knows nothing of examples stays as it is before them
    told = tuple(f"{name}_" for name in adapted)
    yield from (one for one in bench.measure(shown) if not count or f"{one.method}_".startswith(told))
    bench.policies = unaligned
    for one in bench.measure(shown):
        if one.method in unaligned:
            yield replace(one, method=one.method + UNALIGNED)


def _examples_of(records: Sequence[Record], seed: int) -> list[str]:
    """Some people who speak in known wordings; who was asked the very same pair goes with them."""
    asked: dict[frozenset[str], list[str]] = {}
    mine: dict[str, list[frozenset[str]]] = {}
    for record in records:
        asked.setdefault(_pair(record), []).append(record.person_id)
        mine.setdefault(record.person_id, []).append(_pair(record))
    order = list(dict.fromkeys(r.person_id for r in records if r.provenance.phrasing != "unseen")) or list(mine)
    random.Random(f"examples:{seed}").shuffle(order)
    chosen: list[str] = []
    for who in order:
        if len(chosen) < _PEOPLE:
            together = [who, *(mate for pair in mine[who] for mate in asked[pair])]
            chosen += [mate for mate in dict.fromkeys(together) if mate not in chosen]
    return chosen


def _in_turn(lists: Sequence[Sequence[Record]]) -> list[Record]:
    longest = max(map(len, lists), default=0)
    return [some[place] for place in range(longest) for some in lists if place < len(some)]


def _held(record: Record, space: PreferenceSpace) -> NDArray[np.bool_]:
    """Dimensions that a record says anything of, in its pair or of its person."""
    said = [record.golden, record.profile, record.direction, *(item.direction for item in record.persona.evidence)]
    return np.asarray(np.any([_signs(direction, space) for direction in said], axis=0))


def _signs(direction: Direction | None, space: PreferenceSpace) -> NDArray[np.bool_]:
    return np.zeros(len(space), dtype=bool) if direction is None else direction.signs != 0


def _pair(record: Record) -> frozenset[str]:
    return frozenset((record.prompt, record.chosen, record.rejected))
