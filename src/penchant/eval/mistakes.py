"""The worst cases of a method: pairs of the people for whom it does worst, on which it is furthest off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from penchant.eval.bench import Condition
from penchant.eval.report import Mistake
from penchant.eval.score import Scored
from penchant.persona import Comment, Comparison, Demographics, Evidence, Rating, Statement
from penchant.render import Rendered
from penchant.stats import correctness

Read = Callable[[str, Condition], Sequence[Rendered]]
"""(method, records and what is shown of their people) -> what the method's model reads, a prompt a record."""


def mistakes(scored: Scored, shown: Condition, read: Read, *, people: int = 3) -> Iterator[Mistake]:
    """One pair each of so many people, the worst first; none of people who are never got wrong.

    Margins that are no finite numbers are left out.

    Args:
        shown: what the margins were computed from, record by record.
    """
    finite = np.flatnonzero(np.isfinite(scored.margins))
    users, owner = np.unique(np.array([scored.records[i].person_id for i in finite]), return_inverse=True)
    right = np.bincount(owner, weights=correctness(scored.margins[finite])) / np.bincount(owner)
    # each person's pair that is furthest off: the first of theirs when pairs are sorted by margin
    by_margin = np.argsort(scored.margins[finite], kind="stable")
    furthest = finite[by_margin[np.unique(owner[by_margin], return_index=True)[1]]]
    wrong = [i for i in np.argsort(right, kind="stable") if scored.margins[furthest[i]] < 0]
    for user, place in ((str(users[i]), int(furthest[i])) for i in wrong[:people]):
        record, persona = scored.records[place], shown.personas[place]
        (prompt,) = read(scored.method, Condition(shown.persona, (record,), (persona,)))
        yield Mistake(
            method=scored.method,
            user=user,
            prompt=record.prompt,
            chosen=record.chosen,
            rejected=record.rejected,
            shown=tuple(_line(item) for item in persona.evidence),
            read="\n\n".join(message["content"] for message in prompt.messages),
            margin=-float(scored.margins[place]),
        )


def worst(scored: Sequence[Scored], shown: Condition, methods: Sequence[str], read: Read) -> list[Mistake]:
    """The mistakes of some methods under what was shown."""
    found = [one for one in scored if one.method in methods and one.persona == shown.persona]
    return [mistake for one in found for mistake in mistakes(one, shown, read)]


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
