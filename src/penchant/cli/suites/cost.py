"""`--suite cost`: tokens, time and memory of every method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from penchant.cli.aligned import progress
from penchant.record import Record

if TYPE_CHECKING:
    from penchant.eval.benchmark import Bench
    from penchant.eval.cost import Cost
    from penchant.scorer.base import TableScorer


def measure(bench: Bench, records: Sequence[Record], scorers: Sequence[TableScorer] = ()) -> list[Cost]:
    """Every method, on mixed evidence; learned scorers beside them."""
    from penchant.eval.cost import costs, costs_beside, passes
    from penchant.model.memory import peak

    with progress(bench, passes(bench)):
        found = list(costs(bench, records, peak))
    if scorers:
        from penchant.encoder.sentence import load_encoder

        found.extend(costs_beside(bench, records, scorers, load_encoder(), peak))
    return found


def lines(found: Sequence[Cost]) -> Iterator[str]:
    """The same for people."""
    yield "taken once, on this machine; benchmarks/ has comparisons that hold"
    yield f"  {'method':12} {'prompt tokens':>14} {'ms a pair':>10} {'ms to 1st token':>16} {'peak MB':>8}"
    for one in found:
        tokens, first, memory = known(one.prompt_tokens), known(one.ms_to_first_token), known(one.peak_mb, ".0f")
        yield f"  {one.method:12} {tokens:>14} {one.ms_per_pair:10.2f} {first:>16} {memory:>8}"


def known(value: float | None, form: str = ".1f") -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else format(value, form)
