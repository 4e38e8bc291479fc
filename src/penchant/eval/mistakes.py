"""The worst cases of a method: pairs of the people for whom it does worst, on which it is furthest off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from penchant.eval.benchmark import Shown
from penchant.eval.report import Mistake
from penchant.eval.score import Scored
from penchant.persona import Comment, Comparison, Demographics, Evidence, Rating, Statement
from penchant.stats import correctness


def mistakes(scored: Scored, shown: Shown, *, people: int = 3) -> Iterator[Mistake]:
    """One pair each of so many people, the worst first; none of people who are never got wrong.

    Margins that are no finite numbers are left out.

    Args:
        shown: what the margins were computed from, record by record.
    """
    finite = np.flatnonzero(np.isfinite(scored.margins))
    users = np.array([record.person_id for record in scored.records])[finite]
    right = correctness(scored.margins[finite])
    worst = sorted(dict.fromkeys(users.tolist()), key=lambda user: float(right[users == user].mean()))
    for user in worst[:people]:
        places = finite[users == user]
        place = int(places[scored.margins[places].argmin()])
        if scored.margins[place] >= 0:
            return
        record, persona = scored.records[place], shown.personas[place]
        yield Mistake(
            method=scored.method,
            user=user,
            prompt=record.prompt,
            chosen=record.chosen,
            rejected=record.rejected,
            shown=tuple(_line(item) for item in persona.evidence),
            margin=-float(scored.margins[place]),
        )


def worst(scored: Sequence[Scored], shown: Shown, methods: Sequence[str]) -> list[Mistake]:
    """The mistakes of some methods under what was shown."""
    found = [one for one in scored if one.method in methods and one.persona == shown.persona]
    return [mistake for one in found for mistake in mistakes(one, shown)]


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
