"""Benchmarks: each turns data into records for `penchant eval`.

TASKS lists the benchmarks. docs/adding/benchmark.md shows how to add one.
"""

from penchant.eval.tasks import alignx_test, p_soups, prism, uf_p4
from penchant.eval.tasks.base import Built, Task

TASKS: dict[str, Task] = {
    "alignx_test": alignx_test.TASK,
    "p_soups": p_soups.TASK,
    "prism": prism.TASK,
    "uf_p4": uf_p4.TASK,
}
"""Every benchmark by its name in tables and commands."""

__all__ = ["TASKS", "Built", "Task"]
