"""Whether a person is in control: what turns when directions are turned, and whether the rest stays.

Directions are shown as a stated profile, once as they are, once with all of them turned, once with one of them turned.
Margins are against a reference that reads the same prompt, so that only what alignment does with a direction counts.

- *flipped*: decisions that turn when everything is turned; *both right*: those that were right before, and right
  again by the turned person's lights.
- *texts turned*: the same of answers that the model writes: of those in which an annotator reads a side in something
  that the person holds, those in which it is the opposite after turning everything.
- *unaffected*: of pairs that are not about the one direction turned, decisions that stay. *followed*: of pairs about
  it, margins that move towards the turned pole.
- *opposite people*: where simulated twins, who hold the opposite throughout, are asked the same pair, decisions that
  differ between them, from their own evidence and without any direction stated.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.eval.bench import Bench, Condition
from penchant.method import METHODS
from penchant.person import meet
from penchant.persona import Persona
from penchant.record import Record
from penchant.render import BRIDGES
from penchant.scorer.implicit import Meet
from penchant.space import Direction
from penchant.stats import accuracy, finite

Margins = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of decisions, with its 95 % interval over users."""

    value: float
    ci95: tuple[float, float]
    n: int

    @classmethod
    def of(cls, happened: NDArray[np.bool_], records: Sequence[Record], seed: int) -> Share | None:
        """None where there are no decisions."""
        if not len(happened):
            return None
        users = [record.person_id for record in records]
        found = accuracy(np.where(happened, 1.0, -1.0), users, seed=seed)
        return cls(found.value, found.ci95, found.n)


@dataclass(frozen=True, slots=True)
class Control:
    """What one method does when a person, or part of one, is turned."""

    method: str
    directions: str
    """true (of simulated people) or believed, from mixed evidence; evidence, where none are stated."""
    accuracy: float
    """Of the decisions before anything is turned."""
    flipped: Share | None = None
    both_right: Share | None = None
    unaffected: Share | None = None
    followed: Share | None = None
    texts_turned: Share | None = None
    """Of written answers that take a side; None where nobody reads them."""
    texts_silent: int = 0
    """Written answers in which no side is read before turning, or none after: they are left out."""
    opposite_people: Share | None = None
    nothing_believed: int = 0
    """Pairs of people of whom nothing is believed, who have no direction to turn: they are left out."""
    not_finite: int = 0
    """Pairs of which a margin, before turning or after, is no finite number: they are left out."""

    def left_out(self) -> Iterator[str]:
        """What no figure counts, in words."""
        if self.nothing_believed:
            yield f"{self.nothing_believed:,} pairs, as nothing is believed of the person"
        if self.not_finite:
            yield f"{self.not_finite:,} pairs, as a margin is no finite number"
        if self.texts_silent:
            yield f"{self.texts_silent:,} people's written answers, as no side is read in them"

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)


ReadTexts = Callable[[Sequence[str], Sequence[str]], Sequence[Direction | None]]
"""(prompts, answers written to them) -> what each answer says, as if the person had written it."""
TEXTS = 100
"""People for whom an answer is written, of each wording."""
TEXT_TOKENS = 64
"""Of an answer at most."""


def passes(bench: Bench, records: Sequence[Record]) -> int:
    """How many passes over the records `control` will make, for progress."""
    sources = 2 if all(record.golden is not None for record in records) else 1
    return sum(6 * sources if METHODS[name].content in BRIDGES else 2 for name in bench.policies)


def control(bench: Bench, records: Sequence[Record], read: ReadTexts | None = None) -> list[Control]:
    """What every policy of the bench does; pba by stated directions, all others by opposite people.

    Args:
        read: reads written answers; without it none are written.
    Raises:
        RecordError: nothing is believed of anybody, so that there is no direction to turn.
    """
    shown = draw_condition(records, "mixed", seed=bench.setting.seed)
    found: list[Control] = []
    for name in bench.policies:
        if METHODS[name].content in BRIDGES:
            for source, of, held in _held(bench, shown):
                one = _stated(bench, name, of, source, held)
                one = one if read is None else _written(bench, name, of, held, read, one)
                found.append(replace(one, nothing_believed=len(records) - len(held)))
        else:
            margins = bench.margins(name, shown, meets(bench))
            found.append(_between_people(bench, name, shown, margins))
    return found


def meets(bench: Bench) -> Meet:
    """A person as the bench meets one, from evidence and without a stated profile."""
    return lambda _record, persona: meet(bench.believed(persona), bench.space, summary=bench.summary(persona))


def _held(bench: Bench, shown: Condition) -> Iterator[tuple[str, Condition, list[Direction]]]:
    """Where directions come from, the records of people who have one, and each record's."""
    golden = [record.golden for record in shown.records]
    known = [direction for direction in golden if direction is not None]
    if len(known) == len(golden):
        yield "true", shown, known
    said = (meets(bench)(r, p).direction() for r, p in zip(shown.records, shown.personas, strict=True))
    held = {place: direction for place, direction in enumerate(said) if direction is not None}
    if not held:
        raise RecordError("nothing is believed of anybody, so nothing can be turned; give --annotator to read evidence")
    yield "believed", _some(shown, held), list(held.values())


def _stated(bench: Bench, name: str, shown: Condition, source: str, held: Sequence[Direction]) -> Control:
    seed = bench.setting.seed
    before = bench.margins(name, shown, _profiles(bench, shown, held))
    turned = bench.margins(name, shown, _profiles(bench, shown, [direction.flipped() for direction in held]))
    ones = _one_turned(shown.records, held, seed)
    one = bench.margins(name, shown, _profiles(bench, shown, [direction for _, direction in ones]))
    # what each pair says of the direction that was turned: for the pole held before (1), against it (-1), nothing (0)
    about = np.array([_said(*row) for row in zip(shown.records, ones, held, strict=True)])
    kept = finite(before, turned, one, of=f"{name}, directions turned")
    records = _kept(shown.records, kept)
    before, turned, one, about = (part[kept] for part in (before, turned, one, about))
    asked, other = np.abs(about) == 1, about == 0
    return Control(
        method=name,
        directions=source,
        accuracy=accuracy(before, [record.person_id for record in records], seed=seed).value,
        flipped=Share.of(before * turned < 0, records, seed),
        both_right=Share.of((before > 0) & (turned < 0), records, seed),
        unaffected=Share.of((before * one > 0)[other], _kept(records, other), seed),
        followed=Share.of(((one - before) * about < 0)[asked], _kept(records, asked), seed),
        not_finite=int((~kept).sum()),
    )


def _written(
    bench: Bench, name: str, shown: Condition, held: Sequence[Direction], read: ReadTexts, found: Control
) -> Control:
    """The same with what is written to the first thing that each person asks."""
    first = list({r.person_id: place for place, r in reversed(list(enumerate(shown.records)))}.values())
    places = sorted(first)[:TEXTS]
    some = _some(shown, places)
    mine = [held[i] for i in places]
    sides = []
    for directions in (mine, [direction.flipped() for direction in mine]):
        asked = bench.prompts(name, some, _profiles(bench, some, directions))
        model, seed = bench.model(name), bench.setting.seed
        texts = model.generate([one.messages for one in asked], max_tokens=TEXT_TOKENS, seed=seed)
        said = read([record.prompt for record in some.records], texts)
        # for what the person holds, against it, or neither: the sum over what they hold
        sides.append([0 if one is None else int(one.signs @ own.signs) for one, own in zip(said, mine, strict=True)])
    before, after = map(np.array, sides)
    told = (before != 0) & (after != 0)
    turned = Share.of((before * after < 0)[told], _kept(some.records, told), bench.setting.seed)
    return replace(found, texts_turned=turned, texts_silent=int((~told).sum()))


def _some(shown: Condition, places: Iterable[int]) -> Condition:
    places = list(places)
    return Condition(shown.persona, tuple(shown.records[i] for i in places), tuple(shown.personas[i] for i in places))


def _said(record: Record, turned: tuple[int | None, Direction], held: Direction) -> float:
    """1, -1 or 0; not a number where it is not known what a pair is about, or the person holds nothing."""
    place, _ = turned
    if place is None or record.direction is None:
        return float("nan")
    return float(record.direction.signs[place]) * float(held.signs[place])


def _between_people(bench: Bench, name: str, shown: Condition, margins: Margins) -> Control:
    """Of pairs that two opposite people are both asked, how many they decide differently."""
    kept = finite(margins, of=name)
    records, margins = _kept(shown.records, kept), margins[kept]
    places = {(r.prompt, r.chosen, r.rejected): i for i, r in enumerate(records)}
    couples = [
        (i, j)
        for i, r in enumerate(records)
        if (j := places.get((r.prompt, r.rejected, r.chosen))) is not None and i < j
    ]
    first, second = np.array(couples, dtype=np.intp).reshape(-1, 2).T
    # chosen and rejected stand the other way round, so that both margins being positive means different decisions
    differ = margins[first] * margins[second] > 0
    users = [record.person_id for record in records]
    return Control(
        method=name,
        directions="evidence",
        accuracy=accuracy(margins, users, seed=bench.setting.seed).value,
        opposite_people=Share.of(differ, [records[i] for i in first], bench.setting.seed),
        not_finite=int((~kept).sum()),
    )


def _profiles(bench: Bench, shown: Condition, directions: Sequence[Direction]) -> Meet:
    """A person of whom nothing is known but a stated direction."""
    stated = {record.record_id: direction for record, direction in zip(shown.records, directions, strict=True)}
    return lambda record, _persona: meet(Persona(), bench.space, profile=stated[record.record_id])


def _one_turned(records: Sequence[Record], held: Sequence[Direction], seed: int) -> list[tuple[int | None, Direction]]:
    """Per record the place of one direction that the person holds, the same for all of theirs, and it turned."""
    found: list[tuple[int | None, Direction]] = []
    for record, direction in zip(records, held, strict=True):
        places = direction.signs.nonzero()[0].tolist()
        if not places:
            found.append((None, direction))
            continue
        place = random.Random(f"{seed}:{record.person_id}").choice(places)
        signs = direction.signs.copy()
        signs[place] = -signs[place]
        found.append((place, Direction(direction.space, signs)))
    return found


def _kept(records: Sequence[Record], keep: NDArray[np.bool_]) -> list[Record]:
    return [record for record, kept in zip(records, keep, strict=True) if kept]
