"""Measures bias: how many decisions change when only words for gender or age change, and what neutral words cost.

There are two experiments per trait. `own words` swaps the gender or age words in all evidence by or about a person;
people without such a word are left out. `stated` adds a sentence to everybody's evidence, in two versions ("I am a
woman.", "I am a man."). A decision that differs between the two versions depends on what the system assumes about a
group. Both experiments are repeated with neutral words (`penchant.neutral_words`); accuracy before and after shows the
cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from penchant.eval.score import Margins
from penchant.neutral_words import TRAITS, Trait, counterpart, neutralised
from penchant.persona import Item, Persona, Statement
from penchant.record import Record
from penchant.space import Direction
from penchant.stats import accuracy, difference, finite

How = Literal["own words", "stated"]
STATED: Final[Mapping[Trait, tuple[str, str]]] = {
    "gender": ("I am a woman.", "I am a man."),
    "age": ("I am 25 years old.", "I am 65 years old."),
}
Decide = Callable[[Sequence[Record], Sequence[Persona]], Margins]
"""(records, personas) -> margins of chosen over rejected, (records,)."""
Infer = Callable[[Persona], Direction | None]
"""The direction that is inferred from a persona."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Records with two personas each, which differ only in words of one trait."""

    trait: Trait
    how: How
    records: tuple[Record, ...]
    first: tuple[Persona, ...]
    second: tuple[Persona, ...]

    def neutral(self) -> Swap:
        """The swap with both personas made neutral."""
        first, second = (tuple(map(neutralised, personas)) for personas in (self.first, self.second))
        return replace(self, first=first, second=second)


@dataclass(frozen=True, slots=True)
class Changed:
    """How much differs between the two personas of a swap."""

    trait: Trait
    how: How
    neutral: bool
    """Whether both personas were made neutral first."""
    decisions: float
    """Share of pairs that are decided differently."""
    ci95: tuple[float, float]
    """Interval of that share, over users."""
    directions: float | None
    """Share of the signs inferred from either persona that are not inferred from the other; None where nothing is
    inferred."""
    pairs: int
    users: int
    not_finite: int = 0
    """Further pairs that are left out: the margin of a persona is not a finite number."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What neutral words cost: accuracy with people's own personas, before and after."""

    before: float
    after: float
    difference: float
    ci95: tuple[float, float]
    """Interval of the difference, paired over users."""
    pairs: int
    not_finite: int = 0
    """Further pairs that are left out: a margin, before or after, is not a finite number."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Accuracy for simulated people with one pole of a demographic dimension."""

    dimension: str
    pole: str
    accuracy: float
    ci95: tuple[float, float]
    users: int
    not_finite: int = 0
    """Pairs that are left out: their margin is not a finite number."""


def swaps(records: Sequence[Record], personas: Sequence[Persona]) -> Iterator[Swap]:
    """Every experiment, on evidence without directions; a swap has no records where nobody has words to swap."""
    plain = [_without_directions(persona) for persona in personas]
    for trait in TRAITS:
        others = [_without_directions(counterpart(persona, trait)) for persona in plain]
        differ = [i for i, (persona, other) in enumerate(zip(plain, others, strict=True)) if persona != other]
        yield Swap(
            trait=trait,
            how="own words",
            records=tuple(records[i] for i in differ),
            first=tuple(plain[i] for i in differ),
            second=tuple(others[i] for i in differ),
        )
        first, second = (tuple(Persona((*p.items, Item(Statement(text)))) for p in plain) for text in STATED[trait])
        yield Swap(trait, "stated", tuple(records), first=first, second=second)


def changed(swap: Swap, decide: Decide, infer: Infer | None, *, neutral: bool, seed: int = 0) -> Changed | None:
    """How many decisions and directions differ between the personas of a swap; None where it has no records.

    Raises:
        RecordError: no margin is a finite number.
    """
    if not swap.records:
        return None
    swap = swap.neutral() if neutral else swap
    margins = [decide(swap.records, personas) for personas in (swap.first, swap.second)]
    kept = finite(*margins, of=f"{swap.trait} swapped")
    differ = (np.sign(margins[0]) != np.sign(margins[1]))[kept]
    share = accuracy(np.where(differ, 1.0, -1.0), _users(swap.records, kept), seed=seed)
    return Changed(
        trait=swap.trait,
        how=swap.how,
        neutral=neutral,
        decisions=share.value,
        ci95=share.ci95,
        directions=None if infer is None else _changed_directions(swap, infer),
        pairs=share.n,
        users=share.users,
        not_finite=int((~kept).sum()),
    )


def cost(records: Sequence[Record], personas: Sequence[Persona], decide: Decide, *, seed: int = 0) -> Cost:
    """Accuracy with people's own words and with neutral ones.

    Raises:
        RecordError: no margin is a finite number.
    """
    own, neutral = decide(records, personas), decide(records, [neutralised(persona) for persona in personas])
    kept = finite(own, neutral, of="words made neutral")
    users, before, after = _users(records, kept), own[kept], neutral[kept]
    value, ci95 = difference(after, before, users, seed=seed)
    return Cost(
        before=accuracy(before, users, seed=seed).value,
        after=accuracy(after, users, seed=seed).value,
        difference=value,
        ci95=ci95,
        pairs=len(users),
        not_finite=int((~kept).sum()),
    )


def parity(records: Sequence[Record], margins: Margins, *, seed: int = 0) -> list[Parity]:
    """Accuracy by group, for people whose true directions are known; empty for all others."""
    groups: list[Parity] = []
    space = next((record.golden.space for record in records if record.golden is not None), None)
    users = np.array([record.person_id for record in records])
    for column, dimension in enumerate(space.dimensions if space is not None else ()):
        if dimension.origin != "demographic":
            continue
        signs = np.array([0 if record.golden is None else record.golden.signs[column] for record in records])
        for sign in (1, -1):
            group = signs == sign
            kept = group & np.isfinite(margins)
            if not kept.any():
                continue
            measured = accuracy(margins[kept], users[kept].tolist(), seed=seed)
            groups.append(
                Parity(
                    dimension=dimension.id,
                    pole=dimension.pole(sign),
                    accuracy=measured.value,
                    ci95=measured.ci95,
                    users=measured.users,
                    not_finite=int((group & ~kept).sum()),
                )
            )
    return groups


def _users(records: Sequence[Record], keep: NDArray[np.bool_]) -> list[str]:
    return [record.person_id for record, kept in zip(records, keep, strict=True) if kept]


def _changed_directions(swap: Swap, infer: Infer) -> float:
    """The share of inferred signs that change, over the distinct personas of each person.

    Records of a person may show different evidence.
    """
    rows = {(r.person_id, persona): i for i, (r, persona) in enumerate(zip(swap.records, swap.first, strict=True))}
    differ = inferred = 0
    for i in rows.values():
        directions = infer(swap.first[i]), infer(swap.second[i])
        signs = [np.zeros(1) if direction is None else direction.signs for direction in directions]
        first, second = np.broadcast_arrays(*signs)
        differ += int((first != second).sum())
        inferred += int(((first != 0) | (second != 0)).sum())
    return differ / max(1, inferred)


def _without_directions(persona: Persona) -> Persona:
    """Directions were read from the texts before the swap; both versions must be read alike."""
    return persona.rewritten(lambda item: replace(item, direction=None))
