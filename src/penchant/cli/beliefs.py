"""What is believed of people, as the command line tells it: their own items as the reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, assert_never

from penchant.cli.output import as_json, result, say
from penchant.person import Correction, Person, meet
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona, Rating, Statement
from penchant.posterior import EVEN, KINDS, Prior
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.base import Reason

_SHOWN = 300
"""Letters of an item that are shown of it."""


class Known(NamedTuple):
    """What is known of one person before anybody reads it."""

    evidence: tuple[Evidence, ...]
    places: tuple[int, ...]
    """Where each item stands: in the person's own file, or among the distinct items of their records."""
    corrections: tuple[Correction, ...] = ()


class Inferred(NamedTuple):
    """What an annotator reads from the items of some records."""

    items: dict[Evidence, Evidence]
    """Each item -> the same item with what it says."""
    prior: Prior = EVEN
    aside: Mapping[Evidence, Reason] = MappingProxyType({})
    """Item, as it was given -> why little was read from it."""
    caution: str | None = None
    """What the readings are to be taken with."""


def with_care(caution: str) -> str:
    """An annotator's caution, as it is told wherever it has read something."""
    return f"to be taken with care: {caution}"


def tell(people: Mapping[str, Known], space: PreferenceSpace, found: Inferred, *, json: bool) -> None:
    """Prints what is believed of everybody, one person after the other."""
    if not json:
        if found.caution:
            result(with_care(found.caution))
        counts = ", ".join(f"{kind} {weight:g}" for kind, weight in zip(KINDS, found.prior.weights, strict=True))
        times = "each times the probability of what was read; + is the positive pole, - the negative one"
        result(f"weights before items are counts ({counts}), {times}")
        result("in brackets how probable the leaning is, and the 95 % interval of how often the person leans so")
    for name, known in people.items():
        items, places = known.evidence, known.positions
        read = Persona(tuple(found.items[item] for item in items))
        person = meet(read, space, corrections=known.corrections, prior=found.prior)
        aside = {place: found.aside[item] for place, item in enumerate(items) if item in found.aside}
        if json:
            listed = [{"item": places[place], "why": why} for place, why in aside.items()]
            rest = [places[place] for place in silent(person)]
            values = as_values(name, person, places)
            result(as_json({**values, "set_aside": listed, "silent": rest, "caution": found.caution}))
        else:
            result(explained(name, person, aside))


def as_values(name: str, person: Person, places: Sequence[int]) -> dict[str, object]:
    """Beliefs and reasons as plain values; items by their places."""
    return {"user_id": name, "items": len(person.persona), "beliefs": list(beliefs(person, places))}


def beliefs(person: Person, places: Sequence[int]) -> Iterator[dict[str, object]]:
    """What is believed of a person, their own word first, then the surest, each with the items that moved it."""
    belief = person.belief
    if belief is None:
        return
    held = person.direction("credible")  # beside the leaning that it is decided by
    leaning, interval = belief.tally.leaning(belief.prior), belief.tally.interval(belief.prior)
    contradicted = set(belief.contradictions())
    own = person.corrected()
    spoken = sorted({*own, *(vote.dimension_id for vote in belief.votes)}, key=belief.space.index)
    for dimension_id in sorted(spoken, key=lambda d: (d not in own, -abs(leaning[belief.space.index(d)] - 0.5))):
        place = belief.space.index(dimension_id)
        dimension = belief.space.dimensions[place]
        sign = held.sign(dimension_id) if held is not None else 0
        yield {
            "dimension": dimension_id,
            "sign": sign,
            "pole": dimension.pole(sign) if sign else None,
            "leaning": round(float(leaning[place]), 4),
            "leans_to": dimension.pole(1 if leaning[place] >= 0.5 else -1),
            "interval": [round(float(end), 4) for end in interval[place]],
            "contradicted": dimension_id in contradicted,
            "own_word": dimension_id in own,
            "because": [
                {
                    "item": places[vote.item],
                    "sign": vote.sign,
                    "weight": round(vote.weight, 4),
                    "text": quoted(person.persona.evidence[vote.item]),
                }
                for vote in belief.because(dimension_id)
            ],
        }


def quoted(item: Evidence) -> str:
    """The person's own item, in one line."""
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
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} …"


def explained(name: str, person: Person, aside: Mapping[int, str] = MappingProxyType({})) -> str:
    """Beliefs and reasons for people to read, and what became of the items that are no reason."""
    lines = [f"{name}: {len(person.persona)} items of evidence"]
    for one in beliefs(person, range(len(person.persona))):
        leaning = float(str(one["leaning"]))
        side = one["pole"] or _undecided(person, str(one["dimension"]), one["leans_to"])
        doubt = ", contradicted" if one["contradicted"] else ""
        ends = one["interval"] if isinstance(one["interval"], list) else [leaning, leaning]
        low, high = ends if leaning >= 0.5 else (1 - ends[1], 1 - ends[0])
        sure = f"{100 * max(leaning, 1 - leaning):.0f} %, interval {100 * low:.0f} to {100 * high:.0f}{doubt}"
        reasons = one["because"]
        why = sure
        if one["own_word"]:
            read = f"from evidence {one['leans_to']}, {sure}"
            why = f"their own word; {read if reasons else 'nothing in the evidence'}"
        lines.append(f"  {one['dimension']}: {side} ({why})")
        for reason in reasons if isinstance(reasons, list) else []:
            lines.append(f"    {'+' if reason['sign'] > 0 else '-'}{reason['weight']:.2f}  {reason['text']}")
    known = len(lines)
    lines += [f"  says little ({why}): {quoted(person.persona.evidence[i])}" for i, why in aside.items()]
    rest = [i for i in silent(person) if i not in aside]
    for place in rest:
        item = person.persona.evidence[place]
        what = "carries no direction, and nobody has read it" if item.direction is None else "says nothing of these"
        lines.append(f"  {what}: {quoted(item)}")
    if known == 1 and any(item.direction is None for item in person.persona.evidence):
        say(f"{name}: nothing is known, as the evidence carries no directions; --annotator reads them from the texts")
    return "\n".join(lines)


def _undecided(person: Person, dimension_id: str, leans_to: object) -> str:
    """Which way it leans where nothing is held, or that the person says it is not about them."""
    return "not about them" if dimension_id in person.corrected() else f"undecided, leaning to: {leans_to}"


def silent(person: Person) -> list[int]:
    """Places of the items that are no reason for any belief."""
    spoken = {vote.item for vote in person.belief.votes} if person.belief is not None else set()
    return [place for place in range(len(person.persona)) if place not in spoken]
