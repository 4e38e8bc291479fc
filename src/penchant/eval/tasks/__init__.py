"""Benchmarks: data -> records that `penchant eval` scores. Registered in TASKS; see docs/adding/benchmark.md."""

from penchant.eval.tasks import alignx_test, p_soups, prism, uf_p4
from penchant.eval.tasks.base import Built, Task

TASKS: dict[str, Task] = {
    "alignx_test": alignx_test.TASK,
    "p_soups": p_soups.TASK,
    "prism": prism.TASK,
    "uf_p4": uf_p4.TASK,
}
"""Every benchmark by the name that tables and the command line use."""

__all__ = ["TASKS", "Built", "Task"]
