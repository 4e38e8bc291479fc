"""Whether a person controls the model: what changes, and what stays, when the directions in the prompt are flipped.

A direction says which pole (side) of each dimension a person prefers. A policy that reads directions is measured with
three prompts: with the person's directions, with all of them flipped, and with one of them flipped. The reference gets
the same prompt, so that a margin shows the effect of alignment alone.

- `flipped`: decisions that change when every direction is flipped. `both_right`: decisions that are right before the
  flip, and right for the opposite person after it.
- `texts_turned`: an annotator reads the written answers; of the answers that express one of the person's preferences,
  the share that expresses the opposite after the flip.
- `unaffected`: of the pairs that are not about the one flipped direction, the share whose decision stays.
- `followed`: of the pairs that are about the one flipped direction, the share whose margin moves to the flipped pole.
- `opposite_people`: simulated twins hold opposite directions on every dimension. Of the pairs that both twins have, the
  share that is decided differently for the two. The prompt contains each twin's own evidence and no directions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.eval.bench import Bench, Condition, draw_condition
from penchant.eval.questions.base import Answer, Inputs, Question, Section, interval, percent
from penchant.eval.score import Margins
from penchant.eval.subsets import by_phrasing
from penchant.method import METHODS
from penchant.model.base import Sampling
from penchant.person import meet
from penchant.persona import Comment, Persona
from penchant.record import Record
from penchant.scorer.implicit import Meet
from penchant.space import Direction
from penchant.stats import accuracy, finite

if TYPE_CHECKING:
    from penchant.infer.base import Annotator

FIGURES: Mapping[str, str] = {
    "flipped": "all directions flipped: decisions that change",
    "both_right": "all directions flipped: right before and after",
    "followed": "one direction flipped, pairs about it: margins that follow",
    "texts_turned": "all directions flipped: written answers that change sides",
    "unaffected": "one direction flipped, other pairs: decisions that stay",
    "opposite_people": "pairs asked of two opposite people: decided differently",
}
"""Figures of `Control`, and what tables call them."""
TEXTS = 100
"""People of each wording for whom answers are written."""
TEXT_TOKENS = 64
"""The length of a written answer at most."""
ReadTexts = Callable[[Sequence[str], Sequence[str]], Sequence[Direction | None]]
"""(prompts, answers written to them) -> what each answer says, as if the person had written it."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of decisions, with its 95 % interval over users."""

    value: float
    ci95: tuple[float, float]
    n: int

    @classmethod
    def of(cls, hits: NDArray[np.bool_], records: Sequence[Record], seed: int) -> Share | None:
        """The share of hits; None where there are no decisions."""
        if not len(hits):
            return None
        users = [record.person_id for record in records]
        measured = accuracy(np.where(hits, 1.0, -1.0), users, seed=seed)
        return cls(measured.value, measured.ci95, measured.n)

    def __str__(self) -> str:
        return f"{percent(self.value)} {interval(self.ci95)} of {self.n:,}"


@dataclass(frozen=True, slots=True)
class Control:
    """What one method does when a person's directions are flipped."""

    method: str
    directions: str
    """true (simulated people), believed (from mixed evidence), or evidence (no direction is stated)."""
    accuracy: float
    """Accuracy before anything is flipped."""
    flipped: Share | None = None
    both_right: Share | None = None
    unaffected: Share | None = None
    followed: Share | None = None
    texts_turned: Share | None = None
    """Share of the written answers that take a side; None where no annotator reads them."""
    texts_silent: int = 0
    """Written answers that are left out: they take no side before the flip, or none after it."""
    opposite_people: Share | None = None
    nothing_believed: int = 0
    """Pairs that are left out: nothing is believed of the person, so there is no direction to flip."""
    not_finite: int = 0
    """Pairs that are left out: a margin, before or after the flip, is not a finite number."""

    def left_out(self) -> Iterator[str]:
        """What no figure counts, in words."""
        if self.nothing_believed:
            yield f"{self.nothing_believed:,} pairs, as nothing is believed of the person"
        if self.not_finite:
            yield f"{self.not_finite:,} pairs, as a margin is not a finite number"
        if self.texts_silent:
            yield f"{self.texts_silent:,} people's written answers, as they take no side"

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)


def passes(bench: Bench, records: Sequence[Record]) -> int:
    """The number of passes over the records that `control` makes, for progress."""
    sources = 2 if all(record.golden is not None for record in records) else 1
    return sum(6 * sources if METHODS[name].bridged else 2 for name in bench.policies)


def control(bench: Bench, records: Sequence[Record], read: ReadTexts | None = None) -> list[Control]:
    """What every policy does: pba under stated directions, all other methods with opposite people.

    Args:
        read: reads written answers; None skips writing.
    Raises:
        RecordError: nothing is believed of anybody, so that there is no direction to flip.
    """
    condition = draw_condition(records, "mixed", seed=bench.setting.seed)
    answers: list[Control] = []
    for name in bench.policies:
        if not METHODS[name].bridged:
            margins = bench.margins(name, condition, meet_from_evidence(bench))
            answers.append(_between_people(bench, name, condition, margins))
            continue
        for source, part, directions in _sources(bench, condition):
            answer = _stated(bench, name, part, source=source, directions=directions)
            if read is not None:
                texts = _written(bench, name, part, directions=directions, read=read)
                answer = replace(answer, texts_turned=texts[0], texts_silent=texts[1])
            answers.append(replace(answer, nothing_believed=len(records) - len(directions)))
    return answers


def meet_from_evidence(bench: Bench) -> Meet:
    """The person of a record as the bench believes it, from evidence and without a stated profile."""
    return lambda _record, persona: meet(bench.believed(persona), bench.space, summary=bench.summary(persona))


def _sources(bench: Bench, condition: Condition) -> Iterator[tuple[str, Condition, list[Direction]]]:
    """For each source of directions: its name, the records of people who have a direction, and these directions."""
    golden = [record.golden for record in condition.records]
    true = [direction for direction in golden if direction is not None]
    if len(true) == len(golden):
        yield "true", condition, true
    pairs = zip(condition.records, condition.personas, strict=True)
    people = (meet_from_evidence(bench)(record, persona) for record, persona in pairs)
    believed = {i: direction for i, person in enumerate(people) if (direction := person.direction()) is not None}
    if not believed:
        raise RecordError(
            "nothing is believed of anybody, so nothing can be turned; name an `annotator`, which reads evidence"
        )
    yield "believed", condition.at(list(believed)), list(believed.values())


def _stated(bench: Bench, name: str, condition: Condition, *, source: str, directions: Sequence[Direction]) -> Control:
    """Decisions with the directions as they are, with all of them flipped, and with one of them flipped."""
    seed = bench.setting.seed
    flips = _one_flipped(condition.records, directions, seed)

    def margins_for(stated: Sequence[Direction]) -> Margins:
        return bench.margins(name, condition, _meet_stated(bench, condition, stated))

    before = margins_for(directions)
    after = margins_for([direction.flipped() for direction in directions])
    single = margins_for([direction for _, direction in flips])
    dimensions = [dimension for dimension, _ in flips]
    sides = np.array([_side(*row) for row in zip(condition.records, dimensions, directions, strict=True)])
    kept = finite(before, after, single, of=f"{name}, directions turned")
    records = _select(condition.records, kept)
    before, after, single, sides = (values[kept] for values in (before, after, single, sides))
    about, other = np.abs(sides) == 1, sides == 0
    return Control(
        method=name,
        directions=source,
        accuracy=accuracy(before, [record.person_id for record in records], seed=seed).value,
        flipped=Share.of(before * after < 0, records, seed),
        both_right=Share.of((before > 0) & (after < 0), records, seed),
        unaffected=Share.of((before * single > 0)[other], _select(records, other), seed),
        followed=Share.of(((single - before) * sides < 0)[about], _select(records, about), seed),
        not_finite=int((~kept).sum()),
    )


def _written(
    bench: Bench, name: str, condition: Condition, *, directions: Sequence[Direction], read: ReadTexts
) -> tuple[Share | None, int]:
    """Written answers that change sides, to the first prompt of each person; and the number of silent answers."""
    seed = bench.setting.seed
    first = {record.person_id: i for i, record in reversed(list(enumerate(condition.records)))}
    positions = sorted(first.values())[:TEXTS]
    part, own = condition.at(positions), [directions[i] for i in positions]
    sides = []
    for stated in (own, [direction.flipped() for direction in own]):
        prompts = bench.prompts(name, part, _meet_stated(bench, part, stated), answer_tokens=TEXT_TOKENS)
        messages = [prompt.messages for prompt in prompts]
        answers = bench.model(name).write(messages, Sampling(max_tokens=TEXT_TOKENS, seed=seed))
        readings = read([record.task for record in part.records], [answer.text for answer in answers])
        # the sum over everything that the person holds: for it, against it, or neither
        sides.append([0 if r is None else int(r.signs @ d.signs) for r, d in zip(readings, own, strict=True)])
    before, after = map(np.array, sides)
    decided = (before != 0) & (after != 0)
    share = Share.of((before * after < 0)[decided], _select(part.records, decided), seed)
    return share, int((~decided).sum())


def _side(record: Record, dimension: int | None, direction: Direction) -> float:
    """What a pair says about the flipped direction: 1 for the pole that was held, -1 against it, 0 nothing.

    Not a number where it is not known what the pair is about, or the person holds no direction.
    """
    if dimension is None or record.direction is None:
        return float("nan")
    return float(record.direction.signs[dimension]) * float(direction.signs[dimension])


def _between_people(bench: Bench, name: str, condition: Condition, margins: Margins) -> Control:
    """Of the pairs that two opposite people are both asked, how many they decide differently."""
    kept = finite(margins, of=name)
    records, margins = _select(condition.records, kept), margins[kept]
    rows = {(r.prompt, r.chosen, r.rejected): i for i, r in enumerate(records)}
    couples = [
        (i, j)
        for i, record in enumerate(records)
        if (j := rows.get((record.prompt, record.rejected, record.chosen))) is not None and i < j
    ]
    first, second = np.array(couples, dtype=np.intp).reshape(-1, 2).T
    # one person chose what the other rejected, so two positive margins are two different decisions
    differ = margins[first] * margins[second] > 0
    users = [record.person_id for record in records]
    return Control(
        method=name,
        directions="evidence",
        accuracy=accuracy(margins, users, seed=bench.setting.seed).value,
        opposite_people=Share.of(differ, [records[i] for i in first], bench.setting.seed),
        not_finite=int((~kept).sum()),
    )


def _meet_stated(bench: Bench, condition: Condition, directions: Sequence[Direction]) -> Meet:
    """People with a stated direction and without evidence."""
    stated = {record.record_id: direction for record, direction in zip(condition.records, directions, strict=True)}
    return lambda record, _persona: meet(Persona(), bench.space, profile=stated[record.record_id])


def _one_flipped(
    records: Sequence[Record], directions: Sequence[Direction], seed: int
) -> list[tuple[int | None, Direction]]:
    """Per record, one dimension that the person holds, and the direction with that dimension flipped.

    All records of a person get the same dimension. Where the person holds none, it is None and nothing is flipped.
    """
    flips: list[tuple[int | None, Direction]] = []
    for record, direction in zip(records, directions, strict=True):
        dimensions = direction.signs.nonzero()[0].tolist()
        if not dimensions:
            flips.append((None, direction))
            continue
        dimension = random.Random(f"{seed}:{record.person_id}").choice(dimensions)
        signs = direction.signs.copy()
        signs[dimension] = -signs[dimension]
        flips.append((dimension, Direction(direction.space, signs)))
    return flips


def _select(records: Sequence[Record], keep: NDArray[np.bool_]) -> list[Record]:
    return [record for record, kept in zip(records, keep, strict=True) if kept]


def measure(inputs: Inputs) -> Answer:
    """What every policy does, by wording; with an annotator also what it writes.

    Raises:
        RecordError: nothing is believed of anybody.
    """
    read = None if inputs.annotator is None else text_reader(inputs.annotator)
    parts = by_phrasing(inputs.records)
    with inputs.passes(sum(passes(inputs.bench, records) for records in parts.values())):
        answers = {wording: control(inputs.bench, records, read) for wording, records in parts.items()}
    wordings = {wording: [answer.as_json() for answer in part] for wording, part in answers.items()}
    return Answer(findings={"wordings": wordings}, lines=tuple(lines(answers)), section=section(answers))


def text_reader(annotator: Annotator) -> ReadTexts:
    """Reads the answers that models write, as if the person had written them."""
    from penchant.infer.annotate import read_items

    def read(prompts: Sequence[str], texts: Sequence[str]) -> list[Direction | None]:
        items = [Comment(prompt, text) if text.strip() else None for prompt, text in zip(prompts, texts, strict=True)]
        readings = read_items([item for item in items if item is not None], annotator)
        return [None if item is None else readings[item].direction for item in items]

    return read


def lines(answers: Mapping[str, Sequence[Control]]) -> Iterator[str]:
    """The answer as text for a terminal.

    Args:
        answers: by wording.
    """
    for wording, part in answers.items():
        yield f"wording {wording}; in %, with the 95 % interval over users"
        for answer in part:
            yield f"  {answer.method}, directions: {answer.directions}; right before: {percent(answer.accuracy)}"
            yield from (f"    left out: {loss}" for loss in answer.left_out())
            shares = {meaning: getattr(answer, name) for name, meaning in FIGURES.items()}
            yield from (f"    {meaning:58} {share}" for meaning, share in shares.items() if share is not None)
            if not any(shares.values()):
                yield "    nothing to compare: no pair was asked of two opposite people; no direction can be flipped"


def section(answers: Mapping[str, Sequence[Control]]) -> Section:
    """The answer as a table of the page.

    Args:
        answers: by wording.
    """
    rows = [(wording, answer) for wording, part in answers.items() for answer in part]
    return Section(
        lead="We state a person's directions, then flip all of them, or one, and ask the same pairs again. Decisions "
        "should change when everything is flipped, follow the one direction that is flipped, and stay where a pair is "
        "about something else. Figures are in %, with the 95 % interval over people and the number of decisions.",
        head=("method", "directions", "wording", *FIGURES.values()),
        body=tuple(
            (
                answer.method,
                answer.directions,
                wording,
                *("–" if getattr(answer, name) is None else str(getattr(answer, name)) for name in FIGURES),
            )
            for wording, answer in rows
        ),
        left_out=tuple(
            f"{answer.method}, {answer.directions}{f', {wording}' * (len(answers) > 1)}: {loss}"
            for wording, answer in rows
            for loss in answer.left_out()
        ),
    )


CONTROL = Question(
    name="control",
    asks="Do decisions about a reversed preference change, and no others?",
    title="Is the person in control?",
    needs=("models",),
    takes=("annotator", "neutral"),
    measure=measure,
    report_pairs=2_000,
)
