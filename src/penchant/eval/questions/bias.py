"""Bias: what changes when nothing but words of gender or age do, and what it costs to make them neutral.

Two experiments per trait. *Own words*: everything that a person wrote, or that was written of them, with these words
swapped; people without any are left out. *Stated*: everybody also says of themselves one thing or the other ("I am a
woman.", "I am a man."). A decision that differs between the two was made for what the system holds of a group. Then
both once more with neutral words (`penchant.demographics`), beside the accuracy before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from penchant.demographics import TRAITS, Trait, counterpart, neutralised
from penchant.persona import Persona, Statement
from penchant.record import Record
from penchant.space import Direction
from penchant.stats import accuracy, difference, finite

How = Literal["own words", "stated"]
STATED: Final[Mapping[Trait, tuple[str, str]]] = {
    "gender": ("I am a woman.", "I am a man."),
    "age": ("I am 25 years old.", "I am 65 years old."),
}
Decide = Callable[[Sequence[Record], Sequence[Persona]], NDArray[np.float64]]
"""(records, personas) -> margins of chosen over rejected, (records,)."""
Infer = Callable[[Persona], Direction | None]
"""What is held of a person who shows this."""


@dataclass(frozen=True, slots=True)
class Swap:
    """The same records with two personas each that differ in nothing but words of one trait."""

    trait: Trait
    how: How
    records: tuple[Record, ...]
    one: tuple[Persona, ...]
    other: tuple[Persona, ...]

    def neutral(self) -> Swap:
        """Both personas made neutral."""
        one, other = (tuple(map(neutralised, some)) for some in (self.one, self.other))
        return Swap(self.trait, self.how, self.records, one, other)


@dataclass(frozen=True, slots=True)
class Changed:
    """How much differs between the two sides of a swap."""

    trait: Trait
    how: How
    neutral: bool
    """Whether both sides were made neutral before."""
    decisions: float
    """Share of pairs that are decided differently."""
    ci95: tuple[float, float]
    """Of it, over users."""
    directions: float | None
    """Share of the signs held on either side that are not held on the other; None where nothing is inferred."""
    pairs: int
    users: int
    not_finite: int = 0
    """Pairs besides, left out as a margin of theirs is no finite number on one side or the other."""

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Cost:
    """What neutral words cost: accuracy on people's own personas, before and after."""

    before: float
    after: float
    difference: float
    ci95: tuple[float, float]
    """Of the difference, paired over users."""
    pairs: int
    not_finite: int = 0
    """Pairs besides, left out as a margin of theirs is no finite number, before or after."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Accuracy of people on one side of a demographic dimension that they truly hold (simulated people)."""

    dimension: str
    pole: str
    accuracy: float
    ci95: tuple[float, float]
    users: int
    not_finite: int = 0
    """Pairs left out as their margin is no finite number."""


def swaps(records: Sequence[Record], personas: Sequence[Persona]) -> Iterator[Swap]:
    """Every experiment, on evidence without directions; where nobody has words to swap there are no records."""
    plain = [_unread(persona) for persona in personas]
    for trait in TRAITS:
        others = [_unread(counterpart(persona, trait)) for persona in plain]
        places = [i for i, (one, other) in enumerate(zip(plain, others, strict=True)) if one != other]
        one, other = (tuple(some[i] for i in places) for some in (plain, others))
        yield Swap(trait, "own words", tuple(records[i] for i in places), one, other)
        one, other = (tuple(Persona((*p.evidence, Statement(text))) for p in plain) for text in STATED[trait])
        yield Swap(trait, "stated", tuple(records), one, other)


def changed(swap: Swap, decide: Decide, infer: Infer | None, *, neutral: bool, seed: int = 0) -> Changed | None:
    """How many decisions and directions differ between the sides; None where there are no records."""
    if not swap.records:
        return None
    sides = swap.neutral() if neutral else swap
    margins = [decide(sides.records, personas) for personas in (sides.one, sides.other)]
    kept = finite(*margins, of=f"{swap.trait} swapped")
    differ = (np.sign(margins[0]) != np.sign(margins[1]))[kept]
    users = _users(sides.records, kept)
    found = accuracy(np.where(differ, 1.0, -1.0), users, seed=seed)
    directions = None if infer is None else _directions(sides, infer)
    lost = int((~kept).sum())
    return Changed(swap.trait, swap.how, neutral, found.value, found.ci95, directions, found.n, found.users, lost)


def cost(records: Sequence[Record], personas: Sequence[Persona], decide: Decide, *, seed: int = 0) -> Cost:
    """Accuracy with people's own words and with neutral ones."""
    both = [decide(records, some) for some in (personas, [neutralised(persona) for persona in personas])]
    kept = finite(*both, of="words made neutral")
    users, (before, after) = _users(records, kept), (margins[kept] for margins in both)
    value, ci95 = difference(after, before, users, seed=seed)
    first, second = (accuracy(margins, users, seed=seed).value for margins in (before, after))
    return Cost(first, second, value, ci95, len(users), int((~kept).sum()))


def parity(records: Sequence[Record], margins: NDArray[np.float64], *, seed: int = 0) -> list[Parity]:
    """Accuracy by group, for people whose true directions are known; empty for others."""
    found: list[Parity] = []
    space = next((record.golden.space for record in records if record.golden is not None), None)
    users = np.array([record.person_id for record in records])
    for place, dimension in enumerate(space.dimensions if space is not None else ()):
        if dimension.origin != "demographic":
            continue
        held = np.array([0 if record.golden is None else record.golden.signs[place] for record in records])
        for sign in (1, -1):
            group = held == sign
            here = group & np.isfinite(margins)
            if here.any():
                ours, lost = accuracy(margins[here], users[here].tolist(), seed=seed), int((group & ~here).sum())
                found.append(Parity(dimension.id, dimension.pole(sign), ours.value, ours.ci95, ours.users, lost))
    return found


def _users(records: Sequence[Record], kept: NDArray[np.bool_]) -> list[str]:
    return [record.person_id for record, keep in zip(records, kept, strict=True) if keep]


def _directions(sides: Swap, infer: Infer) -> float:
    """Over what is shown of the people of a swap, each once: of some, records show different evidence."""
    people = {(r.person_id, shown): i for i, (r, shown) in enumerate(zip(sides.records, sides.one, strict=True))}
    differ = held = 0
    for i in people.values():
        signs = [np.zeros(1) if (said := infer(p)) is None else said.signs for p in (sides.one[i], sides.other[i])]
        one, other = np.broadcast_arrays(*signs)
        differ += int((one != other).sum())
        held += int(((one != 0) | (other != 0)).sum())
    return differ / max(1, held)


def _unread(persona: Persona) -> Persona:
    """Without directions: they were read from the texts as they are, and both sides are to be read alike."""
    return Persona(tuple(replace(item, direction=None) for item in persona.evidence))
