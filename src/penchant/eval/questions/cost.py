"""What a method costs: tokens it is told, time to score a pair and to the first token of an answer, and memory.

Timings are of this machine and of nothing else; they are taken once, after a few pairs to warm up, one method after the
other on the same people. Comparisons that hold are those of benchmarks/ (interleaved, repeated).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from penchant.encoder.base import Encoder
from penchant.eval.bench import Bench, Condition
from penchant.method import METHODS
from penchant.model.cached import uncached
from penchant.record import Record
from penchant.scorer.base import TableScorer
from penchant.scorer.encoder.texts import Texts, texts_of

ANSWERS = 8
"""Answers that are begun; none goes on, as some would end sooner than others."""
_WARM = 8


class Peaked(Protocol):
    """What a memory meter gives."""

    @property
    def bytes(self) -> int | None:
        """At most, above what was held before; None where it cannot be told."""
        ...


Meter = Callable[[], AbstractContextManager[Peaked]]
"""Measures the memory of a block."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one method, on one kind of evidence."""

    method: str
    prompt_tokens: float | None
    """Mean over the records; None of a scorer over embedded texts, which is told no prompt."""
    ms_per_pair: float
    """Both answers scored; people's histories are shared by all of their pairs."""
    ms_to_first_token: float | None
    """Of an answer: the prompt is read and a token drawn; None of a scorer, which writes none."""
    peak_mb: float | None
    """Above what was held before, in scoring; 2^20 bytes."""
    pairs: int

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)


def passes(bench: Bench) -> int:
    """How many passes over the records `costs` will make, for progress; a warm-up is one."""
    return 2 * (len(bench.policies) + 1)


def costs(bench: Bench, records: Sequence[Record], meter: Meter) -> Iterator[Cost]:
    """The plain history in the reference's prompt, then every policy, on mixed evidence."""
    shown = draw_condition(records, "mixed", seed=bench.setting.seed)
    few = Condition(shown.persona, shown.records[:_WARM], shown.personas[:_WARM])
    for name in ("few_shot", *bench.policies):
        model, method = uncached(bench.model(name)), METHODS[name]
        prompts = [rendered.messages for rendered in bench.prompts(name, shown)]
        bench.likelihoods(model, method, few)
        with meter() as found:
            started = perf_counter()
            bench.likelihoods(model, method, shown)
            scored = perf_counter() - started
        started = perf_counter()
        model.generate(prompts[:ANSWERS], max_tokens=1, seed=bench.setting.seed)
        written = perf_counter() - started
        yield Cost(
            method=name,
            prompt_tokens=float(np.mean([model.count(prompt) for prompt in prompts])),
            ms_per_pair=1000 * scored / len(shown.records),
            ms_to_first_token=1000 * written / min(ANSWERS, len(prompts)),
            peak_mb=None if found.bytes is None else found.bytes / 2**20,
            pairs=len(shown.records),
        )


def costs_beside(
    bench: Bench, records: Sequence[Record], scorers: Sequence[TableScorer], encoder: Encoder, meter: Meter
) -> Iterator[Cost]:
    """The same of scorers over embedded texts, where all that pairs and evidence say is embedded first.

    Every scorer is charged with the embedding, which is timed once, as each would need it alone.

    Args:
        encoder: one that remembers nothing of these texts.
    """
    shown = draw_condition(records, "mixed", seed=bench.setting.seed)
    few = Texts.of(texts_of(shown.records[:_WARM], shown.personas[:_WARM]), encoder)
    with meter() as read:
        started = perf_counter()
        texts = Texts.of(texts_of(shown.records, shown.personas), encoder)
        embedded = perf_counter() - started
    for one in scorers:
        one.table_margins(few, shown.records[:_WARM], shown.personas[:_WARM])
        with meter() as found:
            started = perf_counter()
            one.table_margins(replace(texts, met={}), shown.records, shown.personas)
            scored = perf_counter() - started
        peaks = [held.bytes for held in (read, found) if held.bytes is not None]
        yield Cost(
            method=one.name,
            prompt_tokens=None,
            ms_per_pair=1000 * (embedded + scored) / len(shown.records),
            ms_to_first_token=None,
            peak_mb=max(peaks) / 2**20 if peaks else None,
            pairs=len(shown.records),
        )
