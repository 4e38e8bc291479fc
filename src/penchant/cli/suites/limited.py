"""`--suite limited`: the same pairs after the first few items of a person's history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.cli.aligned import progress
from penchant.record import Record

if TYPE_CHECKING:
    from penchant.eval.benchmark import Bench
    from penchant.eval.measured import Measured


def measure(bench: Bench, records: Sequence[Record]) -> Measured:
    """Margins of everything that is told the same, by the number of items shown."""
    from penchant.eval.limited import limited, passes
    from penchant.eval.measured import Measured

    with progress(bench, passes(bench, records)):
        return Measured(bench.setting, tuple(limited(bench, records)))
