"""What a method costs: prompt tokens, time per scored pair, time to the first token of an answer, and memory.

Timings hold for this machine only. Each method is timed once, one method after another, on the same people; a few pairs
are scored first to warm up. Use benchmarks/ for reliable comparisons: there, the timings are interleaved and repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from penchant.eval.bench import Bench, draw_condition
from penchant.eval.questions.base import Answer, Inputs, Question, Section
from penchant.method import METHODS
from penchant.model.base import Sampling
from penchant.model.cached import uncached
from penchant.record import Record

if TYPE_CHECKING:
    from penchant.encoder.base import Encoder
    from penchant.scorer.base import TableScorer

ANSWERS = 8
"""Answers whose first token is written. No more tokens are, as some answers would end sooner than others."""
_WARM = 8
"""Pairs that are scored to warm up."""


class Peaked(Protocol):
    """The result of a memory meter."""

    @property
    def bytes(self) -> int | None:
        """The peak above the memory in use before; None where it cannot be measured."""
        ...


Meter = Callable[[], AbstractContextManager[Peaked]]
"""Measures the memory of a block."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one method on mixed evidence."""

    method: str
    prompt_tokens: float | None
    """Mean over the records; None for a scorer over embedded texts, which reads no prompt."""
    ms_per_pair: float
    """Time to score both answers; pairs of a person share that person's history."""
    ms_to_first_token: float | None
    """Time to read the prompt of an answer and draw one token; None for a scorer, which writes no answer."""
    peak_mb: float | None
    """Memory used in scoring above what was in use before, in 2^20 bytes."""
    pairs: int

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)


def passes(bench: Bench) -> int:
    """The number of passes over the records that `model_costs` makes, for progress; a warm-up counts as one."""
    return 2 * (len(bench.policies) + 1)


def model_costs(bench: Bench, records: Sequence[Record], meter: Meter) -> Iterator[Cost]:
    """The cost of few_shot with the reference, then of every policy, on mixed evidence."""
    condition = draw_condition(records, "mixed", seed=bench.setting.seed)
    pairs, warm = len(condition.records), condition.at(range(min(_WARM, len(condition.records))))
    for name in ("few_shot", *bench.policies):
        model, method = uncached(bench.model(name)), METHODS[name]
        prompts = [rendered.messages for rendered in bench.prompts(name, condition)]
        bench.likelihoods(model, method, warm)
        with meter() as memory:
            started = perf_counter()
            bench.likelihoods(model, method, condition)
            scoring_s = perf_counter() - started
        first_token = Sampling(max_tokens=1, seed=bench.setting.seed)
        model.write(prompts[:1], first_token)
        started = perf_counter()
        for prompt in prompts[:ANSWERS]:  # one by one, as a person waits for one
            model.write([prompt], first_token)
        writing_s = perf_counter() - started
        yield Cost(
            method=name,
            prompt_tokens=float(np.mean([model.count(prompt) for prompt in prompts])),
            ms_per_pair=1000 * scoring_s / pairs,
            ms_to_first_token=1000 * writing_s / min(ANSWERS, len(prompts)),
            peak_mb=None if memory.bytes is None else memory.bytes / 2**20,
            pairs=pairs,
        )


def scorer_costs(
    bench: Bench, records: Sequence[Record], *, scorers: Sequence[TableScorer], encoder: Encoder, meter: Meter
) -> Iterator[Cost]:
    """The cost of scorers over embedded texts, on mixed evidence.

    All texts are embedded once, and every scorer is charged with that time, as each alone would need it.

    Args:
        encoder: must not remember vectors of these texts.
    """
    from penchant.scorer.encoder.texts import Texts, texts_of

    condition = draw_condition(records, "mixed", seed=bench.setting.seed)
    pairs, warm = len(condition.records), condition.at(range(min(_WARM, len(condition.records))))
    warm_texts = Texts.of(texts_of(warm.records, warm.personas), encoder)
    with meter() as embedding:
        started = perf_counter()
        texts = Texts.of(texts_of(condition.records, condition.personas), encoder)
        embedding_s = perf_counter() - started
    for scorer in scorers:
        scorer.table_margins(warm_texts, warm.records, warm.personas)
        with meter() as scoring:
            started = perf_counter()
            scorer.table_margins(replace(texts, late_cache={}), condition.records, condition.personas)
            scoring_s = perf_counter() - started
        peaks = [memory.bytes for memory in (embedding, scoring) if memory.bytes is not None]
        yield Cost(
            method=scorer.name,
            prompt_tokens=None,
            ms_per_pair=1000 * (embedding_s + scoring_s) / pairs,
            ms_to_first_token=None,
            peak_mb=max(peaks) / 2**20 if peaks else None,
            pairs=pairs,
        )


def measure(inputs: Inputs) -> Answer:
    """The cost of every method, then of the learned scorers.

    Memory is measured well only where this is the first large work of the process; see `model.memory.peak`.
    """
    from penchant.model.memory import peak

    with inputs.passes(passes(inputs.bench)):
        costs = list(model_costs(inputs.bench, inputs.records, peak))
    if inputs.scorers:
        from penchant.encoder.sentence import load_encoder

        encoder = load_encoder()
        costs += scorer_costs(inputs.bench, inputs.records, scorers=inputs.scorers, encoder=encoder, meter=peak)
    return Answer(
        findings={"methods": {cost.method: cost.as_json() for cost in costs}},
        lines=tuple(lines(costs)),
        section=section(costs),
    )


def lines(costs: Sequence[Cost]) -> Iterator[str]:
    """The answer as text for a terminal."""
    yield "taken once, on this machine; benchmarks/ has comparisons that can be relied on"
    yield f"  {'method':12} {'prompt tokens':>14} {'ms a pair':>10} {'ms to 1st token':>16} {'peak MB':>8}"
    for cost in costs:
        tokens, first = _number(cost.prompt_tokens), _number(cost.ms_to_first_token)
        memory = _number(cost.peak_mb, digits=0)
        yield f"  {cost.method:12} {tokens:>14} {cost.ms_per_pair:10.2f} {first:>16} {memory:>8}"


def section(costs: Sequence[Cost]) -> Section:
    """The answer as a table of the page. Memory is left out: other questions of the page have used it before."""
    return Section(
        lead="How many tokens a method's prompt has on mixed evidence, how long it takes to score a pair (a person's "
        "history is read once for all of their pairs), and how long until the first token of an answer is written. "
        "Learned scorers, if there are any, read no prompt and write nothing; their time includes embedding every "
        "text once. All timings are taken once, on this machine: a fair comparison repeats them. The command measures "
        "memory as well, which needs a process of its own.",
        head=("method", "prompt tokens", "ms a pair", "ms to first token", "pairs"),
        body=tuple(
            (
                cost.method,
                _number(cost.prompt_tokens),
                f"{cost.ms_per_pair:.2f}",
                _number(cost.ms_to_first_token),
                str(cost.pairs),
            )
            for cost in costs
        ),
    )


def _number(value: float | None, *, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


COST = Question(
    name="cost",
    asks="What do methods cost in tokens, time and memory?",
    title="What does it cost?",
    needs=("models",),
    takes=("scorers", "annotator", "neutral"),
    measure=measure,
    report_pairs=400,
)
