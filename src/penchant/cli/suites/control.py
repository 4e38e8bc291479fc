"""`--suite control`: what turns when a person's directions are turned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from penchant.cli.aligned import progress
from penchant.cli.suites.wording import by_phrasing, interval
from penchant.record import Record

if TYPE_CHECKING:
    from penchant.eval.benchmark import Bench
    from penchant.eval.control import Control

CONTROLLED = {
    "flipped": "everything turned: decisions that turn",
    "both_right": "everything turned: right before and after",
    "followed": "one direction turned, pairs about it: follow",
    "unaffected": "one direction turned, other pairs: decisions that stay",
    "opposite_people": "pairs asked of two opposite people: decided differently",
}
"""What the figures of `--suite control` say."""


def measure(bench: Bench, records: Sequence[Record]) -> dict[str, list[Control]]:
    """What every policy does, by wording."""
    from penchant.eval.control import control, passes

    split = by_phrasing(records)
    with progress(bench, sum(passes(bench, some) for some in split.values())):
        return {phrasing: control(bench, some) for phrasing, some in split.items()}


def lines(found: Mapping[str, Sequence[Control]]) -> Iterator[str]:
    """The same for people."""
    for phrasing, part in found.items():
        yield f"wording {phrasing}; in %, with the 95 % interval over users"
        for one in part:
            yield f"  {one.method}, directions: {one.directions}; right before: {100 * one.accuracy:.1f}"
            for name, meaning in CONTROLLED.items():
                share = getattr(one, name)
                if share is not None:
                    yield f"    {meaning:58} {100 * share.value:.1f} {interval(share.ci95, 100, 1)} of {share.n}"
