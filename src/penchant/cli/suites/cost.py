"""`--suite cost`: tokens, time and memory of every method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from penchant.cli.aligned import progress
from penchant.record import Record

if TYPE_CHECKING:
    from penchant.eval.benchmark import Bench
    from penchant.eval.cost import Cost


def measure(bench: Bench, records: Sequence[Record]) -> list[Cost]:
    """Every method, on mixed evidence."""
    from penchant.eval.cost import costs, passes
    from penchant.model.memory import peak

    with progress(bench, passes(bench)):
        return list(costs(bench, records, peak))


def lines(found: Sequence[Cost]) -> Iterator[str]:
    """The same for people."""
    yield "taken once, on this machine; benchmarks/ has comparisons that hold"
    yield f"  {'method':12} {'prompt tokens':>14} {'ms a pair':>10} {'ms to 1st token':>16} {'peak MB':>8}"
    for one in found:
        memory = "–" if one.peak_mb is None else f"{one.peak_mb:.0f}"
        yield (
            f"  {one.method:12} {one.prompt_tokens:14.1f} {one.ms_per_pair:10.2f} {one.ms_to_first_token:16.1f} "
            f"{memory:>8}"
        )
