"""How well people are known: readings and beliefs against the truth, where the truth is known (simulated people).

*Readings* are measured cell by cell (item x dimension), against items' true directions; `auroc` is the mean over both
poles of the area under the curve of P(pole) for cells of that pole against all others, `side` the same for telling the
two poles of a dimension apart. *Beliefs* are measured on the dimensions that a person truly holds: calibration (class-
wise expected calibration error in ten bins), and accuracy against coverage as the least certain are left out. *Choices*
are those of held-out pairs by `scorer.belief`, beside the ideal observer of the same items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import RecordError
from penchant.eval.bench import KnownRule
from penchant.infer.heldout import expected_calibration_error
from penchant.infer.labelled import Labelled, labelled
from penchant.infer.read import items_of, read_items, reread
from penchant.persona import Comparison, Persona, PersonaKind
from penchant.posterior import Prior, Tally, believe, kind_of
from penchant.question import next_question
from penchant.record import Record
from penchant.scorer.belief import BeliefScorer
from penchant.space import Direction
from penchant.stats import Accuracy, accuracy, correctness, ratio_interval

ITEMS = (0, 1, 2, 4, 8, 16)
"""Items of evidence, the earliest of a person's history, at which choices are measured."""
KINDS: tuple[PersonaKind, ...] = ("ugc", "pair", "demo", "behaviour", "mixed", "all")
_FEWEST = 12
"""Comparisons of a person from which on there is something to choose from."""


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed of some people on the dimensions that they hold, (cells,)."""

    probability: NDArray[np.float64]
    """P(positive)."""
    positive: NDArray[np.bool_]


class Asked(NamedTuple):
    """What questions are worth."""

    chosen: Accuracy
    """After a few questions, each the one that was expected to tell most."""
    at_random: Accuracy
    """After more comparisons at random."""
    number: float
    """Questions asked of a person; fewer than allowed where nothing more was to be learned."""


def readings(
    truth: Sequence[Labelled], scorer: BeliefScorer, places: Sequence[int] | None = None
) -> dict[str, float | None]:
    """AUROC and accuracy of what is read from items; of poles that are said, and `side` where both of them are.

    Args:
        places: only these dimensions of the space.
    Raises:
        RecordError: no item speaks of a dimension.
    """
    found = scorer.annotator.annotate([one.item for one in truth])
    signs = np.stack([one.direction.signs for one in truth])
    if places is not None:
        found, signs = found[:, list(places)], signs[:, list(places)]
    spoken = signs != 0
    if not spoken.any():
        raise RecordError("no item speaks of these dimensions; readings are measured on annotated evidence")
    poles = [auroc(found[..., 1 + sign].ravel(), (signs == sign).ravel()) for sign in (-1, 1) if (signs == sign).any()]
    odds = np.log(found[..., 2] + 1e-9) - np.log(found[..., 0] + 1e-9)
    said = found.argmax(-1) - 1
    return {
        "items": len(truth),
        "auroc": float(np.mean(poles)),
        "side": auroc(odds[spoken], signs[spoken] > 0) if len(poles) == 2 else None,
        "found": float((said == signs)[spoken].mean()),
        "wrongly_found": float(((said != 0) & ~spoken).sum() / spoken.sum()),
    }


def auroc(score: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """P(a positive scores above a negative), ties one half (Mann and Whitney 1947)."""
    order = np.unique(score, return_inverse=True, return_counts=True)
    _, place, counts = order
    ranks = np.cumsum(counts) - (counts - 1) / 2
    ours, count = ranks[place][positive].sum(), int(positive.sum())
    return float((ours - count * (count + 1) / 2) / max(1, count * (len(score) - count)))


def beliefs(records: Sequence[Record], personas: Sequence[Persona], scorer: BeliefScorer) -> Beliefs:
    """What is believed of each person once, from the persona shown of them, on the dimensions they hold.

    Raises:
        RecordError: a record without a golden direction: only simulated people are known.
    """
    probability: list[NDArray[np.float64]] = []
    positive: list[NDArray[np.bool_]] = []
    seen: set[str] = set()
    read = read_items((item for persona in personas for item in persona.evidence), scorer.annotator)
    for record, persona in zip(records, personas, strict=True):
        name = record.person_id
        if name in seen:
            continue
        seen.add(name)
        if record.golden is None:
            raise RecordError(f"record '{record.record_id}' has no golden direction; only simulated people are known")
        held = (record.golden.signs != 0) & ~scorer.annotator.space.withheld
        known = believe(reread(persona, read), scorer.annotator.space, prior=scorer.prior).positive_probability()
        probability.append(known[held])
        positive.append(record.golden.signs[held] > 0)
    return Beliefs(np.concatenate(probability), np.concatenate(positive))


def calibration_error(known: Beliefs) -> float:
    """Expected calibration error of either pole's probability, averaged over the poles, in [0, 1]."""
    poles = ((known.probability, known.positive), (1 - known.probability, ~known.positive))
    return float(np.mean([expected_calibration_error(probability, truth) for probability, truth in poles]))


def abstention(known: Beliefs, shares: Sequence[float] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)) -> list[dict[str, float]]:
    """Accuracy of the pole believed in, over the surest share of all cells; an even belief is half right."""
    sure = np.abs(known.probability - 0.5)
    right = np.where(sure < 1e-9, 0.5, (known.probability > 0.5) == known.positive)
    order = np.argsort(-sure, kind="stable")
    counts = [max(1, round(share * len(order))) for share in shares]
    return [{"coverage": count / len(order), "accuracy": float(right[order[:count]].mean())} for count in counts]


def curve(records: Sequence[Record], scorer: BeliefScorer, rule: KnownRule) -> list[dict[str, object]]:
    """Choices from the first n items of behaviour, beside the ideal observer of the same items."""
    said = scorer.choice_readings(records)
    histories = [record.persona.select("behaviour") for record in records]
    read = read_items((item for history in histories for item in history.evidence), scorer.annotator)
    users = [record.person_id for record in records]
    lines: list[dict[str, object]] = []
    for count in ITEMS:
        if count > max(map(len, histories)):
            break
        shown = [Persona(history.evidence[:count]) for history in histories]
        margins = scorer.weigh(scorer.leanings(shown, read), said)
        lines.append({"items": count, **_choices(margins, _limits(records, shown, rule), users)})
    return lines


def share_of_ideal(
    margins: NDArray[np.float64], limits: NDArray[np.float64], users: Sequence[str], *, seed: int = 0
) -> tuple[float, tuple[float, float]] | None:
    """Gain over chance as a share of the ideal observer's; with its 95 % interval when users are drawn anew.

    Both gains are those of the users drawn, so that people of whom little can be known do not widen the interval.

    Args:
        margins: score of chosen less rejected, (records,).
        limits: the ideal observer's expected accuracy, in [0.5, 1], (records,).
        users: whose record each is.
    Returns:
        None when the ideal observer gains nothing.
    """
    _, owner = np.unique(np.asarray(users), return_inverse=True)
    both = (correctness(margins), limits)
    ours, ideal = (np.bincount(owner, weights=values - 0.5).astype(np.float64) for values in both)
    if not ideal.sum() > 0:
        return None
    return float(ours.sum() / ideal.sum()), ratio_interval(ours, ideal, seed=seed)


def _limits(records: Sequence[Record], shown: Sequence[Persona], rule: KnownRule) -> NDArray[np.float64]:
    """Expected accuracy of the ideal observer's guess on each record, (records,)."""
    guesses = np.array([rule.probability(record, persona) for record, persona in zip(records, shown, strict=True)])
    return np.asarray(np.maximum(guesses, 1 - guesses))


def _choices(margins: NDArray[np.float64], limits: NDArray[np.float64], users: Sequence[str]) -> dict[str, object]:
    found, share = accuracy(margins, users), share_of_ideal(margins, limits, users)
    return {
        "accuracy": found.value,
        "ci95": list(found.ci95),
        "ideal": float(limits.mean()),
        "of_ideal": share and share[0],
        "of_ideal_ci95": share and list(share[1]),
    }


def questions(records: Sequence[Record], scorer: BeliefScorer, *, seed: int, asked: int = 4, drawn: int = 8) -> Asked:
    """Choices of people who are asked what tells most, beside those of whom more comparisons are drawn at random.

    Each person's pool is the comparisons of their persona, answered as they are there; nothing else is known of them.

    Raises:
        RecordError: a person with too few comparisons to draw from.
    """
    rng = np.random.default_rng(seed)
    read = read_items(items_of(records), scorer.annotator)
    prior, chose = scorer.prior, kind_of(Comparison("", "a", "b"))
    known: dict[str, tuple[NDArray[np.float64], NDArray[np.float64], int]] = {}
    for record in records:
        name = record.person_id
        if name in known:
            continue
        pool = [read[item].direction for item in record.persona.of(Comparison)]
        said = [direction for direction in pool if direction is not None]
        if len(said) <= drawn:
            raise RecordError(f"'{name}' has {len(said)} comparisons; questions are chosen from more than {drawn}")
        told, random = Tally(len(scorer.annotator.space)), Tally(len(scorer.annotator.space))
        for place in rng.permutation(len(said))[:drawn]:
            random.add(said[place], chose, prior)
        left = [said[place] for place in rng.permutation(len(said))]
        count = 0
        while count < asked and (question := next_question(told, prior, left)) is not None:
            told.add(left.pop(question.index), chose, prior)
            count += 1
        known[name] = 2 * told.probability(prior) - 1, 2 * random.probability(prior) - 1, count
    users = [record.person_id for record in records]
    said_NP = scorer.choice_readings(records)
    chosen, at_random = (
        accuracy(scorer.weigh(np.array([known[user][side] for user in users]), said_NP), users) for side in (0, 1)
    )
    return Asked(chosen, at_random, float(np.mean([count for _, _, count in known.values()])))


def drift(scorer: BeliefScorer, *, seed: int, people: int = 200) -> list[dict[str, float]]:
    """People with a long history turn some dimensions; share of these that the belief has right, event by event.

    Events are comments and choices in turn, each about two of a person's dimensions (after the turn, of those that were
    turned), read without error; a tenth of the choices goes against the person.
    """
    rng = np.random.default_rng(seed)
    right = np.mean([_turned(scorer, rng) for _ in range(people)], axis=0)
    return [{"events": events, "right": float(share)} for events, share in enumerate(right)]


_HELD, _TURNED, _BEFORE, _AFTER = 8, 5, 16, 8


def _turned(scorer: BeliefScorer, rng: np.random.Generator) -> list[float]:
    """Share of the turned dimensions that are right before and after each event since."""
    space, prior = scorer.annotator.space, scorer.prior
    held = min(_HELD, len(space))
    turned = min(_TURNED, held)
    about = rng.choice(len(space), size=held, replace=False)
    signs = rng.choice([-1, 1], size=held)
    tally = Tally(len(space))
    right: list[float] = []
    for number in range(_BEFORE + _AFTER):
        if number == _BEFORE:
            signs[:turned] *= -1
            right.append(_share_right(tally, prior, about[:turned], signs[:turned]))
        two = rng.choice(held if number < _BEFORE else turned, size=min(2, turned), replace=False)
        chose = number % 2 == 1
        vector = np.zeros(len(space), dtype=np.int8)
        vector[about[two]] = signs[two] * (-1 if chose and rng.random() < 0.1 else 1)
        tally.add(Direction(space, vector), 1 if chose else 0, prior)
        if number >= _BEFORE:
            right.append(_share_right(tally, prior, about[:turned], signs[:turned]))
    return right


def _share_right(tally: Tally, prior: Prior, about: NDArray[np.int64], signs: NDArray[np.int64]) -> float:
    lean = np.sign(tally.probability(prior)[about] - 0.5)
    return float((lean == signs).mean())


def suite(records: Sequence[Record], scorer: BeliefScorer, rule: KnownRule, *, seed: int) -> dict[str, object]:
    """Everything, for simulated records.

    Raises:
        RecordError: records without golden directions, or evidence without true ones.
    """
    truth = labelled(records)
    by_kind: dict[str, object] = {}
    users = [record.person_id for record in records]
    for kind in KINDS:
        shown = [
            record.persona.select(kind, seed=f"{seed}:{name}") for record, name in zip(records, users, strict=True)
        ]
        if not any(map(len, shown)):
            continue
        known = beliefs(records, shown, scorer)
        margins = scorer.margins(records, shown)
        by_kind[kind] = {
            **_choices(margins, _limits(records, shown, rule), users),
            "of_golden": (float(correctness(margins).mean()) - 0.5) / (0.5 - rule.noise),
            "calibration_error": calibration_error(known),
            "abstention": abstention(known),
        }
    pools = [len(record.persona.of(Comparison)) for record in records]
    asked = questions(records, scorer, seed=seed) if min(pools) > _FEWEST else None
    return {
        "people": len(set(users)),
        "records": len(records),
        "items": len(items_of(records)),
        "readings": readings(truth, scorer),
        "personas": by_kind,
        "curve": curve(records, scorer, rule),
        "drift": drift(scorer, seed=seed),
        "questions": asked and {"asked": asked.number, "chosen": asked.chosen.value, "drawn_8": asked.at_random.value},
    }
