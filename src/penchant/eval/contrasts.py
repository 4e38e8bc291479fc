"""Whether a method is better than what stands beside it: differences on the same pairs, corrected for their number.

Each method that is told of the person is set against everything that stands in the same setting, and against itself
without a persona and with somebody else's. Nothing is picked after the fact: "better than every rival" is to be read
off all rows together, which the correction of Holm (1979) allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.eval.rows import PERSONAL, is_limit, is_variant
from penchant.eval.score import Scored, Setting
from penchant.stats import difference, holm, sign_flip

BLIND = ("none", "shuffled")
"""Settings in which nothing true is shown of the person."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Accuracy of one method less that of another, on the same pairs."""

    dataset: str
    method: str
    persona: str
    """What is shown of the person."""
    rival: str
    rival_persona: str
    """The same, or `none` or `shuffled` where a method is set against itself."""
    phrasing: str
    difference: float
    """0.01 is a point."""
    ci95: tuple[float, float]
    """Paired bootstrap over users."""
    p: float
    """Two-sided, by flipping the signs of whole users' differences."""
    p_holm: float
    """The same, corrected for the number of contrasts in the table."""
    n: int
    """Pairs on which both margins are finite."""
    users: int

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict, rounded to six digits; probabilities to six that count."""
        values = asdict(self)
        values["difference"] = round(self.difference, 6)
        for name in ("p", "p_holm"):
            values[name] = float(f"{values[name]:.6g}")
        values["ci95"] = [round(bound, 6) for bound in self.ci95]
        return values


def contrasts(measured: Iterable[tuple[Setting, Sequence[Scored]]]) -> list[Contrast]:
    """Every contrast within each measurement, in order; `p_holm` is over all of them."""
    found = [one for setting, scored in measured for pair in _pairs(scored) for one in _contrasted(*pair, setting)]
    corrected = holm([one.p for one in found])
    return [replace(one, p_holm=p) for one, p in zip(found, corrected, strict=True)]


def table(found: Sequence[Contrast]) -> str:
    """Contrasts as aligned text for a terminal."""
    lines = ["points above, on the same pairs (95 % interval over users; p corrected by Holm over all lines)"]
    for one in found:
        rival = one.rival if one.rival_persona == one.persona else f"{one.rival}, {one.rival_persona}"
        low, high = (100 * end for end in one.ci95)
        lines.append(
            f"  {one.method:12} {one.persona:10} {one.phrasing:8} above {rival:20} "
            f"{100 * one.difference:+6.1f}  ({low:+.1f} to {high:+.1f})  p {probability(one.p_holm)}"
        )
    return "\n".join(lines)


def probability(p: float) -> str:
    """For people: four digits, and below that only that it is below."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _pairs(scored: Sequence[Scored]) -> Iterator[tuple[Scored, Scored]]:
    """Each method told of the person, and each rival of it."""
    told = [one for one in scored if one.persona not in BLIND and not is_variant(one.method)]
    blind = [one for one in scored if one.persona in BLIND]
    for place, mine in enumerate(told):
        if mine.method not in PERSONAL:
            continue
        for other, rival in enumerate(told):
            # two methods that are both told of the person are set against each other once
            again = rival.method in PERSONAL and other <= place
            if rival.persona == mine.persona and not is_limit(rival.method) and not again:
                yield mine, rival
        for rival in blind:
            if rival.method == mine.method:
                yield mine, rival


def _contrasted(mine: Scored, rival: Scored, setting: Setting) -> Iterator[Contrast]:
    places = {record.record_id: place for place, record in enumerate(rival.records)}
    phrasings = np.array([record.provenance.phrasing or "-" for record in mine.records])
    shared = np.array([record.record_id in places for record in mine.records])
    matched = np.array([places.get(record.record_id, 0) for record in mine.records], dtype=np.int64)
    shared &= np.isfinite(mine.margins) & np.isfinite(rival.margins[matched])
    for phrasing in sorted(set(phrasings[shared].tolist())):
        here = np.flatnonzero(shared & (phrasings == phrasing))
        records = [mine.records[i] for i in here]
        theirs: NDArray[np.float64] = rival.margins[matched[here]]
        users = [record.person_id for record in records]
        value, ci95 = difference(mine.margins[here], theirs, users, seed=setting.seed)
        yield Contrast(
            dataset=setting.dataset,
            method=mine.method,
            persona=mine.persona,
            rival=rival.method,
            rival_persona=rival.persona,
            phrasing=str(phrasing),
            difference=value,
            ci95=ci95,
            p=(p := sign_flip(mine.margins[here], theirs, users)),
            p_holm=p,
            n=len(records),
            users=len(set(users)),
        )
