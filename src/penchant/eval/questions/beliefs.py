"""How well an annotator infers the preferences of simulated people; `eval.beliefs` computes the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from penchant.errors import ConfigError, DataError
from penchant.eval.questions.base import Answer, Inputs, Question, interval, percent
from penchant.eval.subsets import by_phrasing

LEGEND = """\
readings   of items, against what the items truly say, per dimension: AUROC separates the poles that are spoken of from
           everything else, side tells one pole from the other, found is the share of spoken poles read as the likeliest
acc        pairs in which the beliefs pick the answer that the person chose; in brackets the 95 % interval over users
ideal      the accuracy to expect of an observer of the same items who knows how these people were made
of ideal   the gain of acc over 50 % as a share of the gain of ideal; in brackets the 95 % interval over users
of golden  the same as a share of the gain that the person's true direction allows
ECE        expected calibration error: the mean gap between the probabilities of beliefs and the share that is right
shown      kind of evidence: what people wrote (ugc), chose (pair), describe themselves by (demo), the first two
           (behaviour), a mixture (mixed), everything (all)
items of behaviour: the number of items shown, the earliest first; then acc %, and in brackets ideal %
surest beliefs: from behaviour, the surest share of all beliefs, and the share of these that is right
turned dimensions: of the beliefs alone, with perfect readings: a person turns to the opposite pole, and after so many
           events this share of the turned dimensions is believed rightly"""
"""What the figures of the table mean."""


def measure(inputs: Inputs) -> Answer:
    """Readings, beliefs and choices of an annotator, by wording.

    Raises:
        ConfigError: no annotator is named.
        DataError: the people are not simulated, or the records are not as they were made, so that the truth is unknown.
    """
    if inputs.annotator is None:
        raise ConfigError("this question measures an annotator; name its folder or recipe with `annotator`")
    rule = inputs.bench.rule
    if rule is None:
        raise DataError(
            "the question 'beliefs' needs simulated records as they were made: only for these is it known what is "
            "true; records that an annotator has written hold its readings instead"
        )
    from penchant.eval.beliefs import measure_beliefs
    from penchant.scorer.belief import BeliefScorer

    scorer = BeliefScorer(inputs.annotator)
    parts = by_phrasing(inputs.records)
    wordings = {wording: measure_beliefs(records, scorer, rule, seed=inputs.seed) for wording, records in parts.items()}
    findings = {"annotator": inputs.annotator.name, "wordings": wordings}
    return Answer(findings=findings, lines=tuple(lines(wordings)))


def lines(wordings: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The answer as text for a terminal.

    Args:
        wordings: wording -> the figures of `eval.inference.measure_beliefs`.
    """
    for wording, figures in wordings.items():
        yield from _table(wording, figures)
    yield LEGEND


def _table(wording: str, figures: Mapping[str, Any]) -> Iterator[str]:
    read = figures["readings"]
    side = "–" if read["side"] is None else f"{read['side']:.4f}"
    yield f"wording {wording}: {figures['people']} people, {figures['records']} pairs"
    yield f"  readings: AUROC {read['auroc']:.4f}, side {side}, found {percent(read['found'])} %"
    yield f"  {'shown':10} {'acc %':>6} {'':13} {'ideal %':>8} {'of ideal':>9} {'':13} {'of golden':>10} {'ECE':>6}"
    for kind, row in figures["personas"].items():
        share = "–" if row["of_ideal"] is None else f"{row['of_ideal']:.2f}"
        yield (
            f"  {kind:10} {percent(row['accuracy']):>6} {interval(row['ci95']):13} {percent(row['ideal']):>8} "
            f"{share:>9} {interval(row['of_ideal_ci95'], times=1, digits=2):13} {row['of_golden']:10.2f} "
            f"{row['calibration_error']:6.3f}"
        )
    yield "  items of behaviour: " + ", ".join(
        f"{point['items']}: {percent(point['accuracy'])} ({percent(point['ideal'])})" for point in figures["curve"]
    )
    if behaviour := figures["personas"].get("behaviour"):
        shares = (f"{part['coverage']:.0%} {percent(part['accuracy'])} %" for part in behaviour["abstention"])
        yield "  surest beliefs: " + ", ".join(shares)
    events = (f"{event['events']}: {percent(event['right'], 0)} %" for event in figures["drift"])
    yield "  turned dimensions right after events: " + ", ".join(events)
    if gain := figures["questions"]:
        chosen, drawn = percent(gain["chosen"]), percent(gain["drawn_8"])
        yield f"  {gain['asked']:.1f} chosen questions: {chosen} %; 8 comparisons at random: {drawn} %"


BELIEFS = Question(
    name="beliefs",
    asks="How well does an annotator infer simulated people's preferences?",
    title="How well are people known?",
    needs=("annotator",),
    takes=(),
    measure=measure,
)
