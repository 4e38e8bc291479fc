"""Novel preferences: accuracy on dimensions for which nobody in the training data has a preference.

Each model is measured unchanged (zero-shot), and after a few training steps on pairs of a few other people (few-step).
The base gets the same steps and is measured too; the difference shows what alignment adds. The records themselves show
which dimensions are novel.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ConfigError, RecordError
from penchant.eval.bench import Bench, draw_condition
from penchant.eval.measured import Measured
from penchant.eval.questions.base import Adapt, Answer, Inputs, Question
from penchant.eval.score import Scored
from penchant.model.base import Model
from penchant.record import Record
from penchant.space import Direction, PreferenceSpace

EXAMPLES = (0, 8, 32, 96)
"""Numbers of pairs that models adapt to."""
_PEOPLE = 10
"""The people whose pairs are examples, about so many."""


@dataclass(frozen=True, slots=True)
class Novel:
    """Records about novel dimensions; tested people and people of examples are different."""

    dimensions: tuple[str, ...]
    """Dimensions that pairs are about and that nobody held in the training data."""
    tested: tuple[Record, ...]
    examples: tuple[Record, ...]
    """Pairs of other people: the first pair of each, then the second of each, and so on."""
    familiar: int
    """Records that are left out: they are about a dimension that is not novel."""
    shared: int
    """Records that are left out: their person would be tested, but the same pair is among the examples."""

    @classmethod
    def of(
        cls, records: Sequence[Record], trained_on: Sequence[Record], space: PreferenceSpace, *, seed: int = 0
    ) -> Novel:
        """What is novel in `records` for models that were trained on `trained_on`.

        Raises:
            RecordError: a record does not say what it is about; nothing is novel; there are too few people.
        """
        silent = next((record.record_id for record in records if record.direction is None), None)
        if silent is not None:
            raise RecordError(
                f"record '{silent}' does not say what it is about (it has no direction); novelty cannot be told"
            )
        trained = np.any([_dimensions_of(record, space) for record in trained_on], axis=0)
        about = np.array([_signs(record.direction, space) for record in records])
        new = about.any(axis=0) & ~trained
        if not new.any():
            raise RecordError(
                "every dimension that is asked about is held by somebody in the training data; hold some dimensions "
                "out, for instance with forum.held_out when simulating"
            )
        rows = zip(records, about, strict=True)
        usable = [record for record, signs in rows if signs.any() and not signs[~new].any()]
        people = _people_of_examples(usable, seed)
        examples = _in_turn([[record for record in usable if record.person_id == person] for person in people])
        pairs = {_pair(record) for record in examples}
        rest = [record for record in usable if record.person_id not in people]
        tested = tuple(record for record in rest if _pair(record) not in pairs)
        if len({record.person_id for record in tested}) < 2:
            raise RecordError(f"{len(usable)} records about novel dimensions leave fewer than two people to be tested")
        return cls(
            dimensions=tuple(d.id for d, is_new in zip(space.dimensions, new, strict=True) if is_new),
            tested=tested,
            examples=tuple(examples),
            familiar=len(records) - len(usable),
            shared=len(rest) - len(tested),
        )

    def counts(self) -> list[int]:
        """The numbers of examples that models adapt to, 0 first."""
        return [count for count in EXAMPLES if count <= len(self.examples)]


def after(
    bench: Bench, novel: Novel, count: int, *, adapted: Mapping[str, Model], unaligned: Mapping[str, Model]
) -> Iterator[Scored]:
    """Margins on the novel pairs, once models have adapted to `count` pairs of other people.

    Rules, limits and the reference learn nothing from examples, so they are measured with 0 examples alone.

    Args:
        bench: its policies are replaced by the models given.
        adapted: method -> the model that started from the aligned one.
        unaligned: method -> the model that started from the base; its rows are the variant `unaligned`.
    """
    condition = replace(draw_condition(novel.tested, "mixed", seed=bench.setting.seed), persona=f"after {count}")
    bench.policies = adapted
    yield from (scores for scores in bench.measure(condition) if not count or scores.method in adapted)
    if not unaligned:
        return
    bench.policies = unaligned
    for scores in bench.measure(condition):
        if scores.method in unaligned and not scores.variant:
            yield replace(scores, variant="unaligned", role="baseline")


def _people_of_examples(records: Sequence[Record], seed: int) -> list[str]:
    """Some people who use known wordings, each together with everybody who was asked one of the same pairs."""
    people_of: dict[frozenset[object], list[str]] = {}
    pairs_of: dict[str, list[frozenset[object]]] = {}
    for record in records:
        people_of.setdefault(_pair(record), []).append(record.person_id)
        pairs_of.setdefault(record.person_id, []).append(_pair(record))
    order = list(dict.fromkeys(r.person_id for r in records if r.provenance.phrasing != "unseen")) or list(pairs_of)
    random.Random(f"examples:{seed}").shuffle(order)
    chosen: list[str] = []
    for person in order:
        if len(chosen) < _PEOPLE:
            together = [person, *(mate for pair in pairs_of[person] for mate in people_of[pair])]
            chosen += [mate for mate in dict.fromkeys(together) if mate not in chosen]
    return chosen


def _in_turn(lists: Sequence[Sequence[Record]]) -> list[Record]:
    longest = max(map(len, lists), default=0)
    return [records[i] for i in range(longest) for records in lists if i < len(records)]


def _dimensions_of(record: Record, space: PreferenceSpace) -> NDArray[np.bool_]:
    """Dimensions that a record says anything about, in its pair or about its person, (dimensions,)."""
    evidence = [item.direction for item in record.persona.evidence]
    directions = [record.golden, record.profile, record.direction, *evidence]
    return np.asarray(np.any([_signs(direction, space) for direction in directions], axis=0))


def _signs(direction: Direction | None, space: PreferenceSpace) -> NDArray[np.bool_]:
    return np.zeros(len(space), dtype=bool) if direction is None else direction.signs != 0


def _pair(record: Record) -> frozenset[object]:
    return frozenset((record.prompt, record.chosen, record.rejected))


def find(inputs: Inputs) -> Novel:
    """What is novel in the records; notes the dimensions and the numbers of pairs.

    Raises:
        ConfigError: the training data is not named, nothing is novel, or too few people are left.
    """
    if inputs.fit_on is None:
        raise ConfigError("name the records that the models were trained on with `fit_data`")
    try:
        novel = Novel.of(inputs.records, inputs.fit_on, inputs.space, seed=inputs.seed)
    except RecordError as error:
        raise ConfigError(f"there is nothing novel to ask, compared with `fit_data`: {error}") from error
    inputs.reporter.note(
        f"novel: {', '.join(novel.dimensions)}; {len(novel.tested)} pairs are tested, {len(novel.examples)} pairs of "
        f"other people serve as examples; left out are {novel.familiar} pairs about known dimensions and "
        f"{novel.shared} that are examples"
    )
    return novel


def measure(inputs: Inputs) -> Answer:
    """Margins of everything that sees evidence, by the number of examples; adapted models are not kept.

    Raises:
        ConfigError: as `find`; or nothing trains models.
    """
    novel, bench = find(inputs), inputs.bench
    if inputs.adapt is None:
        raise ConfigError("models must adapt to examples; name the `recipe` of the training steps")
    policies, decoders = bench.policies, bench.decoders
    scored: list[Scored] = []
    for count in novel.counts():
        with ExitStack() as stack:
            adapted, unaligned = policies, dict[str, Model]()
            if count:
                adapted, unaligned = _adapted(inputs, inputs.adapt, novel.examples[:count], stack)
            bench.decoders = {} if count else decoders
            # the second time, the reference's likelihoods are known
            passes = bench.passes_per_condition() + len(unaligned)
            with inputs.passes(passes):
                scored.extend(after(bench, novel, count, adapted=adapted, unaligned=unaligned))
        bench.policies, bench.decoders = policies, decoders
    return Answer(measured=Measured(bench.setting, tuple(scored)))


def _adapted(
    inputs: Inputs, adapt: Adapt, examples: Sequence[Record], stack: ExitStack
) -> tuple[Mapping[str, Model], dict[str, Model]]:
    """The models after a few steps on the examples: from the aligned models, and from the base."""
    # evidence as it is believed in measuring, so that pba is shown the same directions
    believed = [replace(record, persona=inputs.bench.believed(record.persona)) for record in examples]
    aligned = stack.enter_context(adapt(inputs.sources, believed))
    unaligned = stack.enter_context(adapt(dict.fromkeys(inputs.sources, inputs.base), believed))
    return aligned, dict(unaligned)


NOVEL = Question(
    name="novel",
    asks="How accurate are models on dimensions absent from training?",
    title="What happens on new dimensions?",
    needs=("models", "fit_data"),
    takes=("decoders", "annotator", "neutral", "recipe"),
    measure=measure,
)
