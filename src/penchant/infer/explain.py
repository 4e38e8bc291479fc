"""Explains beliefs about a person: each belief with the person's own evidence items as reasons.

Pure functions: the beliefs come from `person.meet`; nothing is inferred again. The poles that are stated here are those
of `Person.direction`, which prompts show too. `as_values` gives JSON-ready values, and
`as_text` gives text for people to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, assert_never

from penchant.person import PRIOR, Person
from penchant.persona import Comment, Comparison, Demographics, Evidence, Item, Persona, Rating, Statement
from penchant.posterior import believe

if TYPE_CHECKING:
    from penchant.infer.base import Reason

_QUOTE_LETTERS = 300
"""Letters of an item that a quote keeps."""


@dataclass(frozen=True, slots=True)
class Support:
    """One item of evidence as a reason for or against a belief."""

    item: int
    """Position of the item; see `explain`."""
    id: str
    """The item's id, or the digest that stands for it; see `persona.Item.key`."""
    at: str | None
    """When the item arose, ISO 8601 in UTC; None where it is unknown."""
    sign: int
    """+1 for the positive pole, -1 for the negative one."""
    weight: float
    """What the item counted when it came, see `posterior.Prior.counts`; rounded to four digits."""
    text: str
    """The item in one line."""


@dataclass(frozen=True, slots=True)
class DimensionBelief:
    """What is believed of a person on one dimension."""

    dimension: str
    sign: int
    """The pole that is stated of the person: by their evidence, the data's profile or their own word; 0 for none."""
    pole: str | None
    """Phrase of that pole; None where none is stated."""
    leaning: float
    """P(the person leans to the positive pole), from the evidence alone; rounded to four digits."""
    leans_to: str
    """Phrase of the pole on the likelier side."""
    interval: tuple[float, float]
    """95 % interval of how often the person speaks for the positive pole; rounded to four digits."""
    contradicted: bool
    """Whether items speak for both poles."""
    own_word: bool
    """Whether the person has corrected this dimension themselves."""
    profile: bool
    """Whether the data states a profile of the person; it replaces what the evidence says of every dimension."""
    because: tuple[Support, ...]
    """Items for and against, the highest weight first."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is believed of one person, and what became of each item of their evidence."""

    user_id: str
    evidence: tuple[Evidence, ...]
    """The items with the directions that the beliefs come from."""
    positions: tuple[int, ...]
    """Position of each item in its file, or among the distinct items of the person's records."""
    beliefs: tuple[DimensionBelief, ...]
    """Corrected dimensions first, then the surest."""
    silent: tuple[int, ...]
    """Indices of items that are no reason for any belief."""
    set_aside: Mapping[int, Reason]
    """Index of an item -> why the annotator discounted it."""


def explain(
    user_id: str,
    person: Person,
    *,
    positions: Sequence[int] | None = None,
    set_aside: Mapping[int, Reason] = MappingProxyType({}),
) -> Explanation:
    """The beliefs about a person with their reasons.

    Args:
        positions: the position by which `Support.item` names each item; None is the index into the persona.
        set_aside: index of an item -> why the annotator discounted it.
    """
    evidence = person.persona.evidence
    places = tuple(range(len(evidence))) if positions is None else tuple(positions)
    voted = {vote.item for vote in person.belief.votes} if person.belief is not None else set()
    return Explanation(
        user_id=user_id,
        evidence=evidence,
        positions=places,
        beliefs=tuple(_beliefs(person, places)),
        silent=tuple(index for index in range(len(evidence)) if index not in voted),
        set_aside=set_aside,
    )


def _beliefs(person: Person, positions: Sequence[int]) -> Iterator[DimensionBelief]:
    direction = person.direction()
    if direction is None:
        return
    belief = person.belief or believe(Persona(), direction.space, prior=PRIOR)
    leaning, interval = belief.tally.leaning(belief.prior), belief.tally.interval(belief.prior)
    contradicted = set(belief.contradictions())
    corrected = person.corrected()
    stated = {dimension.id for dimension, _ in direction.poles()}
    mentioned = sorted({*corrected, *stated, *(vote.dimension_id for vote in belief.votes)}, key=belief.space.index)

    def surest_first(dimension_id: str) -> tuple[bool, float]:
        return dimension_id not in corrected, -abs(leaning[belief.space.index(dimension_id)] - 0.5)

    for dimension_id in sorted(mentioned, key=surest_first):
        index = belief.space.index(dimension_id)
        dimension = belief.space.dimensions[index]
        sign = direction.sign(dimension_id)
        low, high = interval[index]
        yield DimensionBelief(
            dimension=dimension_id,
            sign=sign,
            pole=dimension.pole(sign) if sign else None,
            leaning=round(float(leaning[index]), 4),
            leans_to=dimension.pole(1 if leaning[index] >= 0.5 else -1),
            interval=(round(float(low), 4), round(float(high), 4)),
            contradicted=dimension_id in contradicted,
            own_word=dimension_id in corrected,
            profile=person.profile is not None,
            because=tuple(
                Support(
                    item=positions[vote.item],
                    id=person.persona.items[vote.item].key,
                    at=_time(person.persona.items[vote.item]),
                    sign=vote.sign,
                    weight=round(vote.weight, 4),
                    text=quoted(person.persona.evidence[vote.item]),
                )
                for vote in belief.because(dimension_id)
            ),
        )


def _time(item: Item) -> str | None:
    return item.at.isoformat() if item.at is not None else None


def quoted(item: Evidence) -> str:
    """An item of evidence in one line, shortened."""
    match item:
        case Comparison():
            text = f"{item.chosen} (rather than: {item.rejected})"
        case Rating():
            text = item.answer if item.liked else f"(disliked) {item.answer}"
        case Comment() | Demographics() | Statement():
            text = item.text
        case _:
            assert_never(item)
    line = " ".join(text.split())
    return line if len(line) <= _QUOTE_LETTERS else f"{line[:_QUOTE_LETTERS]} …"


def as_values(explanation: Explanation) -> dict[str, Any]:
    """An explanation as JSON-ready values; items are named by their positions."""
    positions = explanation.positions
    return {
        "user_id": explanation.user_id,
        "items": len(explanation.evidence),
        "beliefs": [asdict(belief) for belief in explanation.beliefs],
        "set_aside": [{"item": positions[index], "why": why} for index, why in explanation.set_aside.items()],
        "silent": [positions[index] for index in explanation.silent],
    }


def as_text(explanation: Explanation) -> str:
    """An explanation for people to read: beliefs with their reasons, then the items that are no reason."""
    lines = [f"{explanation.user_id}: {len(explanation.evidence)} items of evidence"]
    for belief in explanation.beliefs:
        lines.append(f"  {belief.dimension}: {_side(belief)} ({_certainty(belief)})")
        lines += [
            f"    {'+' if support.sign > 0 else '-'}{support.weight:.2f}  {support.text}" for support in belief.because
        ]
    lines += [f"  says little ({why}): {quoted(explanation.evidence[i])}" for i, why in explanation.set_aside.items()]
    for index in explanation.silent:
        if index not in explanation.set_aside:
            item = explanation.evidence[index]
            what = "carries no direction, and nobody has read it" if item.direction is None else "says nothing of these"
            lines.append(f"  {what}: {quoted(item)}")
    return "\n".join(lines)


def _side(belief: DimensionBelief) -> str:
    if belief.pole is not None:
        return belief.pole
    if belief.own_word:
        return "not about them"
    return "not in the stated profile" if belief.profile else f"undecided, leaning to: {belief.leans_to}"


def _certainty(belief: DimensionBelief) -> str:
    """How probable the leaning is, with the interval on its own side, and whether it is the person's own word."""
    low, high = belief.interval
    if belief.leaning < 0.5:
        low, high = 1 - high, 1 - low
    contradicted = ", contradicted" if belief.contradicted else ""
    percent = 100 * max(belief.leaning, 1 - belief.leaning)
    certainty = f"{percent:.0f} %, interval {100 * low:.0f} to {100 * high:.0f}{contradicted}"
    if not (belief.own_word or belief.profile):
        return certainty
    read = f"from evidence {belief.leans_to}, {certainty}" if belief.because else "nothing in the evidence"
    return f"{'their own word' if belief.own_word else 'as the data states'}; {read}"


def legend() -> list[str]:
    """Two lines that say what the figures of `as_text` mean."""
    wrote, chose, told = PRIOR.weights
    return [
        f"the number before an item is its weight: at most {wrote:g} (comment), {chose:g} (choice) or {told:g} "
        "(description), and much less if the reading is doubtful; + is the positive pole, - the negative one",
        "in brackets how probable the leaning is, and the 95 % interval of how often the person leans so",
    ]
