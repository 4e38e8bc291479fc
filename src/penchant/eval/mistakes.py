"""Finds a method's worst mistakes: the lowest margin of each of the people with the lowest accuracy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from penchant.eval.bench import Condition
from penchant.eval.report import Mistake
from penchant.eval.score import Scored
from penchant.message import as_text
from penchant.persona import Comment, Comparison, Demographics, Evidence, Rating, Statement
from penchant.render import Rendered
from penchant.stats import correctness

Prompts = Callable[[str, Condition], Sequence[Rendered]]
"""(method, condition) -> the prompts that the method's model reads, one per record; see `Bench.prompts`."""


def mistakes(scored: Scored, condition: Condition, prompts: Prompts, *, people: int = 3) -> Iterator[Mistake]:
    """The worst pair of each of the worst people, the worst person first.

    People without a wrong decision have no mistake. Margins that are not finite are left out.

    Args:
        condition: the condition of the margins, record by record.
        people: how many people at most.
    """
    finite = np.flatnonzero(np.isfinite(scored.margins))
    users, owner = np.unique(np.array([scored.records[i].person_id for i in finite]), return_inverse=True)
    right = np.bincount(owner, weights=correctness(scored.margins[finite])) / np.bincount(owner)
    # when pairs are sorted by margin, a person's lowest one is the first with that person's number
    by_margin = np.argsort(scored.margins[finite], kind="stable")
    lowest = finite[by_margin[np.unique(owner[by_margin], return_index=True)[1]]]
    wrong = [i for i in np.argsort(right, kind="stable") if scored.margins[lowest[i]] < 0]
    for user, position in ((str(users[i]), int(lowest[i])) for i in wrong[:people]):
        record = scored.records[position]
        single = condition.at([position])
        (prompt,) = prompts(scored.method, single)
        yield Mistake(
            method=scored.method,
            user=user,
            prompt=as_text(record.prompt),
            chosen=record.chosen,
            rejected=record.rejected,
            evidence=tuple(_line(item) for item in single.personas[0].evidence),
            read="\n\n".join(message.content for message in prompt.messages),
            margin=-float(scored.margins[position]),
        )


def worst(scored: Sequence[Scored], condition: Condition, methods: Sequence[str], prompts: Prompts) -> list[Mistake]:
    """The mistakes of some methods under one condition, by their published metric."""
    return [
        mistake
        for scores in scored
        if scores.label in methods and scores.persona == condition.persona
        for mistake in mistakes(scores, condition, prompts)
    ]


def _line(item: Evidence) -> str:
    match item:
        case Comment():
            return f"wrote under “{item.prompt}”: {item.text}"
        case Comparison():
            return f"chose for “{item.prompt}”: {item.chosen} — rather than: {item.rejected}"
        case Rating():
            return f"{'liked' if item.liked else 'disliked'} for “{item.prompt}”: {item.answer}"
        case Demographics():
            return f"described as: {item.text}"
        case Statement():
            return f"says: {item.text}"
