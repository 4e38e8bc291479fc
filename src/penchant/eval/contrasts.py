"""Tests whether a method is better than its rivals, by differences in accuracy on the same pairs.

Each personal method is compared with all other methods and controls that get the same evidence. It is also compared
with itself without a persona and with another person's persona. All comparisons are fixed in advance and corrected
together (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.eval.score import Scored, Setting
from penchant.stats import difference, holm, sign_flip

BLIND = ("none", "shuffled")
"""Conditions that show no evidence of the person."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Accuracy of one method less that of another, on the same pairs."""

    dataset: str
    method: str
    persona: str
    """The evidence shown."""
    rival: str
    rival_persona: str
    """The same, or `none` or `shuffled` where a method is compared with itself."""
    phrasing: str
    difference: float
    """0.01 is a point."""
    ci95: tuple[float, float]
    """Paired bootstrap over users."""
    p: float
    """Two-sided sign-flip test over users."""
    p_holm: float
    """Corrected for the number of contrasts in the table."""
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
    """Every contrast within each measurement, in order; `p_holm` is corrected over all of them."""
    raw = [
        contrast
        for setting, scored in measured
        for method, rival in _pairs(scored)
        for contrast in _contrasts_of(method, rival, setting)
    ]
    corrected = holm([contrast.p for contrast in raw])
    return [replace(contrast, p_holm=p) for contrast, p in zip(raw, corrected, strict=True)]


def table(contrasts: Sequence[Contrast]) -> str:
    """Contrasts as aligned text for a terminal."""
    lines = ["points above, on the same pairs (95 % interval over users; p corrected by Holm over all lines)"]
    for contrast in contrasts:
        same = contrast.rival_persona == contrast.persona
        rival = contrast.rival if same else f"{contrast.rival}, {contrast.rival_persona}"
        low, high = (100 * end for end in contrast.ci95)
        lines.append(
            f"  {contrast.method:12} {contrast.persona:10} {contrast.phrasing:8} above {rival:20} "
            f"{100 * contrast.difference:+6.1f}  ({low:+.1f} to {high:+.1f})  p {probability(contrast.p_holm)}"
        )
    return "\n".join(lines)


def probability(p: float) -> str:
    """A probability for people: four digits, or that it is below them."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _pairs(scored: Sequence[Scored]) -> Iterator[tuple[Scored, Scored]]:
    """Each personal method with each of its rivals."""
    informed = [method for method in scored if method.persona not in BLIND and method.role != "reading"]
    blind = [method for method in scored if method.persona in BLIND and method.role != "reading"]
    for position, method in enumerate(informed):
        if method.role != "personal":
            continue
        for other, rival in enumerate(informed):
            # two personal methods are compared once
            again = rival.role == "personal" and other <= position
            if rival.persona == method.persona and rival.role != "limit" and not again:
                yield method, rival
        for rival in blind:
            if rival.label == method.label:
                yield method, rival


def _contrasts_of(method: Scored, rival: Scored, setting: Setting) -> Iterator[Contrast]:
    """One contrast per phrasing, over the pairs on which both margins are finite."""
    positions = {record.record_id: position for position, record in enumerate(rival.records)}
    phrasings = np.array([record.provenance.phrasing or "-" for record in method.records])
    shared = np.array([record.record_id in positions for record in method.records])
    matched = np.array([positions.get(record.record_id, 0) for record in method.records], dtype=np.int64)
    shared &= np.isfinite(method.margins) & np.isfinite(rival.margins[matched])
    for phrasing in sorted(set(phrasings[shared].tolist())):
        here = np.flatnonzero(shared & (phrasings == phrasing))
        ours: NDArray[np.float64] = method.margins[here]
        theirs: NDArray[np.float64] = rival.margins[matched[here]]
        users = [method.records[i].person_id for i in here]
        value, ci95 = difference(ours, theirs, users, seed=setting.seed)
        p = sign_flip(ours, theirs, users)
        yield Contrast(
            dataset=setting.dataset,
            method=method.label,
            persona=method.persona,
            rival=rival.label,
            rival_persona=rival.persona,
            phrasing=str(phrasing),
            difference=value,
            ci95=ci95,
            p=p,
            p_holm=p,
            n=len(users),
            users=len(set(users)),
        )
