"""Measures an annotator on simulated people, whose true preferences are known.

There are three groups of figures:

- Readings: the probabilities that the annotator gives to one item on one dimension (a cell), compared with the true
  direction of the item. `auroc`: P(pole) separates the cells of a pole from all other cells; the mean over both poles.
  `side`: AUROC between the two poles.
- Beliefs: the probabilities for a person, on the dimensions that the person truly holds. Calibration is the class-wise
  expected calibration error in ten bins. Coverage: accuracy after the least certain beliefs are left out.
- Choices: accuracy of `scorer.belief` on held-out pairs, compared with the ideal observer of the same items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.eval.bench import KnownRule
from penchant.infer.annotate import items_of, read_items, reread
from penchant.infer.heldout import expected_calibration_error
from penchant.infer.labelled import Labelled, labelled
from penchant.next_question import next_question
from penchant.person import PRIOR, meet
from penchant.persona import Comparison, Evidence, Persona, PersonaKind
from penchant.posterior import Tally, kind_of
from penchant.record import Record
from penchant.scorer.belief import BeliefScorer
from penchant.space import Direction
from penchant.stats import Accuracy, accuracy, correctness, ratio_interval

ITEMS = (0, 1, 2, 4, 8, 16)
"""Numbers of evidence items at which choices are measured; the earliest items of a person's history are shown."""
KINDS: tuple[PersonaKind, ...] = ("ugc", "pair", "demo", "behaviour", "mixed", "all")
_FEWEST = 12
"""Comparisons that every person needs before questions are chosen among them."""


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed of some people on the dimensions that they hold, (cells,)."""

    probability: NDArray[np.float64]
    """P(positive)."""
    positive: NDArray[np.bool_]
    """Whether the person truly holds the positive pole."""


class QuestionGain(NamedTuple):
    """The accuracy after a few chosen questions, and after more comparisons at random."""

    chosen: Accuracy
    """After a few questions; each was expected to tell most."""
    at_random: Accuracy
    """After more comparisons that were drawn at random."""
    number: float
    """Mean number of questions asked of a person; questions end early where nothing more is expected of them."""


def readings(
    truth: Sequence[Labelled], scorer: BeliefScorer, dimensions: Sequence[int] | None = None
) -> dict[str, float | None]:
    """AUROC and accuracy of readings of some items.

    AUROC averages over the poles that are spoken of; `side` needs both of them.

    Args:
        dimensions: only these dimensions, by their index in the space.
    Raises:
        RecordError: no item speaks of a dimension.
    """
    read = scorer.annotator.annotate([entry.item for entry in truth])
    signs = np.stack([entry.direction.signs for entry in truth])
    if dimensions is not None:
        read, signs = read[:, list(dimensions)], signs[:, list(dimensions)]
    spoken = signs != 0
    if not spoken.any():
        raise RecordError("no item speaks of these dimensions; readings are measured on annotated evidence")
    poles = [auroc(read[..., 1 + sign].ravel(), (signs == sign).ravel()) for sign in (-1, 1) if (signs == sign).any()]
    odds = np.log(read[..., 2] + 1e-9) - np.log(read[..., 0] + 1e-9)
    likeliest = read.argmax(-1) - 1
    return {
        "items": len(truth),
        "auroc": float(np.mean(poles)),
        "side": auroc(odds[spoken], signs[spoken] > 0) if len(poles) == 2 else None,
        "found": float((likeliest == signs)[spoken].mean()),
        "wrongly_found": float(((likeliest != 0) & ~spoken).sum() / spoken.sum()),
    }


def auroc(score: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """P(a positive scores above a negative), ties one half (Mann and Whitney 1947)."""
    _, rank_of, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    total, count = ranks[rank_of][positive].sum(), int(positive.sum())
    return float((total - count * (count + 1) / 2) / max(1, count * (len(score) - count)))


def beliefs(records: Sequence[Record], personas: Sequence[Persona], scorer: BeliefScorer) -> Beliefs:
    """What is believed of each person once, on the dimensions that they hold.

    Args:
        personas: the evidence shown with each record; a person's first record counts.
    Raises:
        RecordError: a record has no golden direction; only simulated people have one.
    """
    probability: list[NDArray[np.float64]] = []
    positive: list[NDArray[np.bool_]] = []
    seen: set[str] = set()
    space = scorer.annotator.space
    read = read_items((item for persona in personas for item in persona.evidence), scorer.annotator)
    for record, persona in zip(records, personas, strict=True):
        if record.person_id in seen:
            continue
        seen.add(record.person_id)
        if record.golden is None:
            raise RecordError(f"record '{record.record_id}' has no golden direction; only simulated people are known")
        holds = (record.golden.signs != 0) & ~space.withheld
        leanings = meet(reread(persona, read), space).leanings(space)
        probability.append((1 + leanings[holds]) / 2)
        positive.append(record.golden.signs[holds] > 0)
    return Beliefs(np.concatenate(probability), np.concatenate(positive))


def calibration_error(cells: Beliefs) -> float:
    """Expected calibration error of the probability of a pole, averaged over both poles, in [0, 1]."""
    poles = ((cells.probability, cells.positive), (1 - cells.probability, ~cells.positive))
    return float(np.mean([expected_calibration_error(probability, truth) for probability, truth in poles]))


def abstention(cells: Beliefs, shares: Sequence[float] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)) -> list[dict[str, float]]:
    """Accuracy of the likelier pole over the surest share of all cells; an even belief counts one half."""
    sure = np.abs(cells.probability - 0.5)
    right = np.where(sure < 1e-9, 0.5, (cells.probability > 0.5) == cells.positive)
    order = np.argsort(-sure, kind="stable")
    counts = [max(1, round(share * len(order))) for share in shares]
    return [{"coverage": count / len(order), "accuracy": float(right[order[:count]].mean())} for count in counts]


def curve(records: Sequence[Record], scorer: BeliefScorer, rule: KnownRule) -> list[dict[str, object]]:
    """Choices after the first n items of behaviour, with the ideal observer of the same items."""
    answers = scorer.choice_readings(records)
    histories = [record.persona.select("behaviour") for record in records]
    read = read_items((item for history in histories for item in history.evidence), scorer.annotator)
    users = [record.person_id for record in records]
    points: list[dict[str, object]] = []
    for count in ITEMS:
        if count > max(map(len, histories)):
            break
        personas = [Persona(history.items[:count]) for history in histories]
        margins = scorer.weigh(scorer.leanings(personas, read), answers)
        points.append({"items": count, **_choices(margins, _limits(records, personas, rule), users)})
    return points


def share_of_ideal(
    margins: NDArray[np.float64], limits: NDArray[np.float64], users: Sequence[str], *, seed: int = 0
) -> tuple[float, tuple[float, float]] | None:
    """Gain over chance as a share of the ideal observer's gain, with its 95 % interval over resampled users.

    Each resample takes both gains from the same users, so that people about whom little can be known do not widen the
    interval.

    Args:
        margins: score of chosen minus rejected, (records,).
        limits: the ideal observer's expected accuracy, in [0.5, 1], (records,).
        users: the user of each record.
    Returns:
        None when the ideal observer gains nothing.
    """
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    both = (correctness(margins), limits)
    gain, ideal = (np.bincount(owner, weights=values - 0.5).astype(np.float64) for values in both)
    if not ideal.sum() > 0:
        return None
    return float(gain.sum() / ideal.sum()), ratio_interval(gain, ideal, seed=seed)


def _limits(records: Sequence[Record], personas: Sequence[Persona], rule: KnownRule) -> NDArray[np.float64]:
    """Expected accuracy of the ideal observer's guess on each record, (records,)."""
    guesses = np.array([rule.probability(record, persona) for record, persona in zip(records, personas, strict=True)])
    return np.asarray(np.maximum(guesses, 1 - guesses))


def _choices(margins: NDArray[np.float64], limits: NDArray[np.float64], users: Sequence[str]) -> dict[str, object]:
    measured, share = accuracy(margins, users), share_of_ideal(margins, limits, users)
    return {
        "accuracy": measured.value,
        "ci95": list(measured.ci95),
        "ideal": float(limits.mean()),
        "of_ideal": share and share[0],
        "of_ideal_ci95": share and list(share[1]),
    }


def questions(
    records: Sequence[Record], scorer: BeliefScorer, *, seed: int, chosen: int = 4, drawn: int = 8
) -> QuestionGain:
    """Accuracy after questions that are expected to tell most, and after more comparisons at random.

    Each person's pool is the comparisons of their persona, answered as they are there; no other evidence is used.

    Args:
        chosen: questions at most.
        drawn: comparisons drawn at random.
    Raises:
        RecordError: a person has too few comparisons to draw from.
    """
    rng = np.random.default_rng(seed)
    read = read_items(items_of(records), scorer.annotator)
    people: dict[str, tuple[NDArray[np.float64], NDArray[np.float64], int]] = {}
    for record in records:
        if record.person_id not in people:
            people[record.person_id] = _interview(record, read, rng, chosen=chosen, drawn=drawn)
    users = [record.person_id for record in records]
    answers_NP = scorer.choice_readings(records)
    after_chosen, at_random = (
        accuracy(scorer.weigh(np.array([people[user][side] for user in users]), answers_NP), users) for side in (0, 1)
    )
    return QuestionGain(after_chosen, at_random, float(np.mean([count for _, _, count in people.values()])))


def _interview(
    record: Record,
    read: Mapping[Evidence, Evidence],
    rng: np.random.Generator,
    *,
    chosen: int,
    drawn: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Leanings after chosen questions, leanings after comparisons at random, and the number of questions."""
    kind = kind_of(Comparison("", "a", "b"))
    pool = [direction for item in record.persona.of(Comparison) if (direction := read[item].direction) is not None]
    if len(pool) <= drawn:
        raise RecordError(
            f"'{record.person_id}' has {len(pool)} comparisons; questions are chosen from more than {drawn}"
        )
    after_chosen, after_random = Tally(len(pool[0].space)), Tally(len(pool[0].space))
    for i in rng.permutation(len(pool))[:drawn]:
        after_random.add(pool[i], kind, PRIOR)
    left = [pool[i] for i in rng.permutation(len(pool))]
    count = 0
    while count < chosen and (question := next_question(after_chosen, PRIOR, left)) is not None:
        after_chosen.add(left.pop(question.index), kind, PRIOR)
        count += 1
    return 2 * after_chosen.probability(PRIOR) - 1, 2 * after_random.probability(PRIOR) - 1, count


def drift(scorer: BeliefScorer, *, seed: int, people: int = 200) -> list[dict[str, float]]:
    """People with a long history turn to the opposite pole on some dimensions; how fast beliefs follow.

    Events are comments and choices in turn, read without error. Each is about two dimensions of the person; after the
    turn, about two of the turned ones. A tenth of the choices goes against the person.

    Returns:
        Share of the turned dimensions that are believed rightly, after each event since the turn.
    """
    rng = np.random.default_rng(seed)
    right = np.mean([_turned(scorer, rng) for _ in range(people)], axis=0)
    return [{"events": events, "right": float(share)} for events, share in enumerate(right)]


_DIMENSIONS, _TURNED, _BEFORE, _AFTER = 8, 5, 16, 8
"""Dimensions that a person holds, those that turn, and events before and after the turn."""


def _turned(scorer: BeliefScorer, rng: np.random.Generator) -> list[float]:
    """Share of one person's turned dimensions that are believed rightly, at the turn and after each event since."""
    space = scorer.annotator.space
    dimensions = min(_DIMENSIONS, len(space))
    turned = min(_TURNED, dimensions)
    about = rng.choice(len(space), size=dimensions, replace=False)
    signs = rng.choice([-1, 1], size=dimensions)
    tally = Tally(len(space))
    right: list[float] = []
    for number in range(_BEFORE + _AFTER):
        if number == _BEFORE:
            signs[:turned] *= -1
            right.append(_share_right(tally, about[:turned], signs[:turned]))
        two = rng.choice(dimensions if number < _BEFORE else turned, size=min(2, turned), replace=False)
        chose = number % 2 == 1
        vector = np.zeros(len(space), dtype=np.int8)
        vector[about[two]] = signs[two] * (-1 if chose and rng.random() < 0.1 else 1)
        tally.add(Direction(space, vector), 1 if chose else 0, PRIOR)
        if number >= _BEFORE:
            right.append(_share_right(tally, about[:turned], signs[:turned]))
    return right


def _share_right(tally: Tally, about: NDArray[np.int64], signs: NDArray[np.int64]) -> float:
    lean = np.sign(tally.probability(PRIOR)[about] - 0.5)
    return float((lean == signs).mean())


def measure_beliefs(
    records: Sequence[Record], scorer: BeliefScorer, rule: KnownRule, *, seed: int
) -> dict[str, object]:
    """All figures for simulated records, JSON-ready.

    Raises:
        RecordError: a record without a golden direction, or evidence without true directions.
    """
    truth = labelled(records)
    users = [record.person_id for record in records]
    by_kind: dict[str, object] = {}
    for kind in KINDS:
        rows = zip(records, users, strict=True)
        personas = [record.persona.select(kind, seed=f"{seed}:{user}") for record, user in rows]
        if any(map(len, personas)):
            by_kind[kind] = _of_kind(records, personas, scorer, rule)
    pools = [len(record.persona.of(Comparison)) for record in records]
    gain = questions(records, scorer, seed=seed) if min(pools) > _FEWEST else None
    return {
        "people": len(set(users)),
        "records": len(records),
        "items": len(items_of(records)),
        "readings": readings(truth, scorer),
        "personas": by_kind,
        "curve": curve(records, scorer, rule),
        "drift": drift(scorer, seed=seed),
        "questions": gain and {"asked": gain.number, "chosen": gain.chosen.value, "drawn_8": gain.at_random.value},
    }


def _of_kind(
    records: Sequence[Record], personas: Sequence[Persona], scorer: BeliefScorer, rule: KnownRule
) -> dict[str, object]:
    """Choices and beliefs from one kind of evidence."""
    cells = beliefs(records, personas, scorer)
    margins = scorer.margins(records, personas)
    return {
        **_choices(margins, _limits(records, personas, rule), [record.person_id for record in records]),
        "of_golden": (float(correctness(margins).mean()) - 0.5) / (0.5 - rule.noise),
        "calibration_error": calibration_error(cells),
        "abstention": abstention(cells),
    }
