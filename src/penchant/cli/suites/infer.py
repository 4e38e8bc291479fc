"""`--suite infer`: how well simulated people are known, whoever reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from penchant.cli.infer import load
from penchant.cli.output import as_json, result
from penchant.cli.suites.wording import by_phrasing, interval
from penchant.errors import ConfigError, DataError
from penchant.record import Record
from penchant.space import PreferenceSpace

LEGEND = """\
readings   of items against what they truly say, dimension by dimension: AUROC tells poles that are said from all
           else, side the one pole from the other, found is the share of what is said that is read as the likeliest
acc        pairs in which the beliefs pick the answer that the person chose; in brackets the 95 % interval over users
ideal      the most to be expected from the same items, by somebody who knows how these people were made
of ideal   what acc is over 50 %, as a share of what ideal is; in brackets the 95 % interval over users
of golden  the same as a share of what the person's true direction allows
ECE        how far probabilities of beliefs are from shares right, on average (expected calibration error)
shown      kinds of evidence: what people wrote, chose, describe themselves by, the first two, a mixture, everything
items of behaviour: so many of the first shown, then acc %; in brackets the ideal %; more than that is chance
surest beliefs: of behaviour, the surest so many % of what is believed, and how many % of these are right
turned dimensions: of the beliefs alone, whoever reads: a person turns, and so many % are right after so many events"""
"""What the columns of `_table` mean."""


def named(annotator: Path | None) -> Path:
    """The annotator; ConfigError where none is named."""
    if annotator is None:
        raise ConfigError("--suite infer measures an annotator; name its folder or recipe with --annotator")
    return annotator


def run(records: Sequence[Record], space: PreferenceSpace, *, annotator: Path | None, seed: int, json: bool) -> None:
    """Measures an annotator and prints it: for people, and with `json` as one object on the last line.

    Raises:
        ConfigError: no annotator is named.
        DataError: records of people who are not simulated, so that nothing true is known of them.
    """
    from penchant.eval.inference import suite as inference
    from penchant.forum.observer import observer_of
    from penchant.model.card import versions
    from penchant.scorer.belief import BeliefScorer

    reader = named(annotator)
    rule = observer_of(records)
    if rule is None:
        raise DataError(
            "--suite infer needs simulated records as they were made: only of these is known what is true, and what an "
            "annotator wrote is what it read"
        )
    opened = load(reader, space)
    believer = BeliefScorer(opened, opened.prior)
    parts = {name: inference(some, believer, rule, seed=seed) for name, some in by_phrasing(records).items()}
    if json:
        found = {"suite": "infer", "seed": seed, "annotator": opened.name, "wordings": parts, "versions": versions()}
        result(as_json(found))
        return
    for phrasing, part in parts.items():
        result(_table(phrasing, part))
    result(LEGEND)


def _table(phrasing: str, found: dict[str, Any]) -> str:
    read = found["readings"]
    side = "–" if read["side"] is None else f"{read['side']:.4f}"
    lines = [
        f"wording {phrasing}: {found['people']} people, {found['records']} pairs",
        f"  readings: AUROC {read['auroc']:.4f}, side {side}, found {100 * read['found']:.1f} %",
        f"  {'shown':10} {'acc %':>6} {'':13} {'ideal %':>8} {'of ideal':>9} {'':13} {'of golden':>10} {'ECE':>6}",
    ]
    for kind, row in found["personas"].items():
        share = "–" if row["of_ideal"] is None else f"{row['of_ideal']:.2f}"
        lines.append(
            f"  {kind:10} {100 * row['accuracy']:6.1f} {interval(row['ci95'], 100, 1):13} {100 * row['ideal']:8.1f} "
            f"{share:>9} {interval(row['of_ideal_ci95'], 1, 2):13} {row['of_golden']:10.2f} "
            f"{row['calibration_error']:6.3f}"
        )
    lines.append("  items of behaviour: " + ", ".join(_point(one) for one in found["curve"]))
    if behaviour := found["personas"].get("behaviour"):
        shares = (f"{one['coverage']:.0%} {100 * one['accuracy']:.1f} %" for one in behaviour["abstention"])
        lines.append("  surest beliefs: " + ", ".join(shares))
    turned = (f"{one['events']}: {100 * one['right']:.0f} %" for one in found["drift"])
    lines.append("  turned dimensions right after events: " + ", ".join(turned))
    if asked := found["questions"]:
        chosen, drawn = 100 * asked["chosen"], 100 * asked["drawn_8"]
        lines.append(f"  {asked['asked']:.1f} chosen questions: {chosen:.1f} %; 8 comparisons at random: {drawn:.1f} %")
    return "\n".join(lines)


def _point(one: dict[str, Any]) -> str:
    return f"{one['items']}: {100 * one['accuracy']:.1f} ({100 * one['ideal']:.1f})"
