"""`--suite control`: what turns when a person's directions are turned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.cli.aligned import progress
from penchant.cli.infer import load
from penchant.cli.suites.wording import by_phrasing, interval
from penchant.persona import Comment
from penchant.record import Record
from penchant.space import Direction, PreferenceSpace

if TYPE_CHECKING:
    from penchant.eval.benchmark import Bench
    from penchant.eval.control import Control, ReadTexts

CONTROLLED = {
    "flipped": "everything turned: decisions that turn",
    "both_right": "everything turned: right before and after",
    "followed": "one direction turned, pairs about it: follow",
    "texts_turned": "everything turned: written answers that take a side and turn",
    "unaffected": "one direction turned, other pairs: decisions that stay",
    "opposite_people": "pairs asked of two opposite people: decided differently",
}
"""What the figures of `--suite control` say."""


def measure(bench: Bench, records: Sequence[Record], annotator: Path | None) -> dict[str, list[Control]]:
    """What every policy does, by wording; with an annotator also what it writes."""
    from penchant.eval.control import control, passes

    read = None if annotator is None else _reader(annotator, bench.space)

    split = by_phrasing(records)
    with progress(bench, sum(passes(bench, some) for some in split.values())):
        return {phrasing: control(bench, some, read) for phrasing, some in split.items()}


def _reader(annotator: Path, space: PreferenceSpace) -> ReadTexts:
    """Reads answers that models write as if the person had written them."""
    from penchant.infer.read import read_items

    opened = load(annotator, space)

    def read(prompts: Sequence[str], texts: Sequence[str]) -> list[Direction | None]:
        items = [Comment(prompt, text) if text.strip() else None for prompt, text in zip(prompts, texts, strict=True)]
        found = read_items(list(dict.fromkeys(item for item in items if item is not None)), opened)
        return [None if item is None else found[item].direction for item in items]

    return read


def lines(found: Mapping[str, Sequence[Control]]) -> Iterator[str]:
    """The same for people."""
    for phrasing, part in found.items():
        yield f"wording {phrasing}; in %, with the 95 % interval over users"
        for one in part:
            yield f"  {one.method}, directions: {one.directions}; right before: {100 * one.accuracy:.1f}"
            yield from (f"    left out: {lost}" for lost in one.left_out())
            for name, meaning in CONTROLLED.items():
                share = getattr(one, name)
                if share is not None:
                    yield f"    {meaning:58} {100 * share.value:.1f} {interval(share.ci95, 100, 1)} of {share.n}"
