"""`penchant eval --suite NAME`: tables of one question each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from penchant.cli import judge as judged
from penchant.cli.aligned import Aligned, progress
from penchant.cli.infer import load, read_by
from penchant.cli.language import judge_of
from penchant.cli.output import as_json, result
from penchant.cli.tables import show
from penchant.demographics import neutralised
from penchant.errors import ConfigError, DataError
from penchant.persona import Persona
from penchant.record import Record
from penchant.space import Direction, PreferenceSpace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from penchant.eval.benchmark import Bench

SUITES = ("infer", "limited", "control", "bias", "judge")
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


def run(
    suite: str,
    records: Sequence[Record],
    space: PreferenceSpace,
    dataset: str,
    aligned: Aligned | None,
    annotator: Path | None,
    judge: Path | None,
    *,
    seed: int,
    json: bool,
) -> None:
    """Runs one of SUITES and prints it: for people, and with `json` as one object on the last line.

    Raises:
        ConfigError: nothing to measure is named.
        DataError: records of people who are not simulated, where the truth must be known.
    """
    if suite == "infer":
        _infer(records, space, annotator=annotator, seed=seed, json=json)
        return
    if aligned is None or not aligned.policies:
        raise ConfigError(f"--suite {suite} measures aligned models; name --reference and --ica or --pba")
    if suite == "judge" and judge is None:
        raise ConfigError("--suite judge asks a language model; name its recipe with --judge")
    # before any model is loaded, as it may lack a key
    endpoint = None if judge is None else judge_of(judge)
    bench = aligned.bench(records, space, dataset)
    if endpoint is not None:
        judged.run(bench, by_phrasing(records), endpoint, json=json)
    elif suite == "bias":
        _bias(bench, records, annotator, json=json)
    else:
        (_control if suite == "control" else _limited)(bench, records, json=json)


def _infer(records: Sequence[Record], space: PreferenceSpace, *, annotator: Path | None, seed: int, json: bool) -> None:
    from penchant.eval.inference import suite as inference
    from penchant.forum.observer import observer_of
    from penchant.model.card import versions
    from penchant.scorer.belief import BeliefScorer

    if annotator is None:
        raise ConfigError("--suite infer measures an annotator; name its folder or recipe with --annotator")
    rule = observer_of(records)
    if rule is None:
        raise DataError("--suite infer needs simulated records, as only of these the truth is known")
    opened = load(annotator, space)
    reader = BeliefScorer(opened, opened.prior)
    parts = {name: inference(some, reader, rule, seed=seed) for name, some in by_phrasing(records).items()}
    if json:
        found = {"suite": "infer", "seed": seed, "annotator": opened.name, "wordings": parts, "versions": versions()}
        result(as_json(found))
        return
    for phrasing, part in parts.items():
        result(_table(phrasing, part))
    result(LEGEND)


def _limited(bench: Bench, records: Sequence[Record], *, json: bool) -> None:
    from penchant.eval.limited import limited, passes
    from penchant.eval.measured import Measured

    started = perf_counter()
    with progress(bench, passes(bench, records)):
        measured = Measured(bench.setting, tuple(limited(bench, records)))
    show([measured], json=json, seconds={"limited": perf_counter() - started}, seed=bench.setting.seed)


def _control(bench: Bench, records: Sequence[Record], *, json: bool) -> None:
    from penchant.eval.control import control, passes
    from penchant.model.card import versions

    parts: dict[str, Any] = {}
    split = by_phrasing(records)
    with progress(bench, sum(passes(bench, some) for some in split.values())):
        for phrasing, some in split.items():
            parts[phrasing] = [one.as_json() for one in control(bench, some)]
    if json:
        seed = bench.setting.seed
        result(as_json({"suite": "control", "seed": seed, "wordings": parts, "versions": versions()}))
        return
    for phrasing, part in parts.items():
        result(f"wording {phrasing}: {len(split[phrasing])} pairs; in %, with the 95 % interval over users")
        for one in part:
            result(f"  {one['method']}, directions: {one['directions']}; right before: {100 * one['accuracy']:.1f}")
            for name, meaning in CONTROLLED.items():
                if one[name] is not None:
                    told = f"{100 * one[name]['value']:.1f} {_interval(one[name]['ci95'], 100, 1)}"
                    result(f"    {meaning:58} {told} of {one[name]['n']}")


def _bias(bench: Bench, records: Sequence[Record], annotator: Path | None, *, json: bool) -> None:
    from penchant.audit.bias import changed, cost, parity, swaps
    from penchant.eval.benchmark import Shown, show
    from penchant.infer.read import reread
    from penchant.method import METHODS
    from penchant.model.card import versions
    from penchant.person import meet
    from penchant.render import BRIDGES

    bridged = {name for name in bench.policies if METHODS[name].content in BRIDGES}
    if bridged and annotator is None:
        raise ConfigError(f"--suite bias needs --annotator to measure {', '.join(bridged)}: swapped texts must be read")
    seed = bench.setting.seed
    shown = show(records, "mixed", seed=seed)
    both = [(swap, neutral) for swap in swaps(shown.records, shown.personas) for neutral in (False, True)]
    if annotator is not None:
        sides = [swap.neutral() if neutral else swap for swap, neutral in both]
        everybody = [*shown.personas, *map(neutralised, shown.personas)]
        everybody += [persona for side in sides for persona in (*side.one, *side.other)]
        items = dict.fromkeys(item for persona in everybody for item in persona.evidence)
        found = read_by(annotator, list(items), bench.space).items
        bench.believed = lambda persona: reread(persona, found)
    parts: dict[str, Any] = {}
    passes = sum(4 for swap, _ in both if swap.records) + 6
    with progress(bench, passes * len(bench.policies)):
        for name in bench.policies:

            def decide(some: Sequence[Record], personas: Sequence[Persona], name: str = name) -> NDArray[np.float64]:
                return bench.margins(name, Shown("mixed", tuple(some), tuple(personas)))

            def infer(persona: Persona) -> Direction | None:
                return meet(bench.believed(persona), bench.space).direction()

            found_of = [changed(s, decide, infer if name in bridged else None, neutral=n, seed=seed) for s, n in both]
            parts[name] = {
                "changed": [one.as_json() for one in found_of if one is not None],
                "neutral_words": asdict(cost(shown.records, shown.personas, decide, seed=seed)),
                "parity": [asdict(one) for one in parity(shown.records, decide(shown.records, shown.personas))],
            }
    if json:
        result(as_json({"suite": "bias", "seed": seed, "methods": parts, "versions": versions()}))
        return
    for name, part in parts.items():
        result("\n".join(_bias_lines(name, part)))


def _bias_lines(name: str, found: dict[str, Any]) -> Iterator[str]:
    yield f"{name}: in %, with the 95 % interval over users"
    for one in found["changed"]:
        words = f"{one['trait']}, {one['how']}{', made neutral' if one['neutral'] else ''}"
        inferred = "" if one["directions"] is None else f"; {100 * one['directions']:.1f} of inferred directions"
        interval = _interval(one["ci95"], 100, 1)
        yield f"  {words:32} {100 * one['decisions']:5.1f} {interval} of {one['pairs']} decisions change{inferred}"
    if not any(one["how"] == "own words" for one in found["changed"]):
        yield "  nobody's own words say a gender or an age"
    words = found["neutral_words"]
    yield (
        f"  neutral words cost: right {100 * words['before']:.1f} before, {100 * words['after']:.1f} after, "
        f"{100 * words['difference']:+.1f} {_interval(words['ci95'], 100, 1)}"
    )
    for one in found["parity"]:
        interval = _interval(one["ci95"], 100, 1)
        yield f"  right for {one['pole']:10} {100 * one['accuracy']:.1f} {interval} of {one['users']} people"


CONTROLLED = {
    "flipped": "everything turned: decisions that turn",
    "both_right": "everything turned: right before and after",
    "followed": "one direction turned, pairs about it: follow",
    "unaffected": "one direction turned, other pairs: decisions that stay",
    "opposite_people": "pairs asked of two opposite people: decided differently",
}
"""What the figures of `--suite control` say."""


def by_phrasing(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records of known and of unseen wordings apart; `all` where they are not told apart."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.provenance.phrasing or "all", []).append(record)
    return found


def _table(phrasing: str, found: dict[str, Any]) -> str:
    read = found["readings"]
    lines = [
        f"wording {phrasing}: {found['people']} people, {found['records']} pairs",
        f"  readings: AUROC {read['auroc']:.4f}, side {read['side']:.4f}, found {100 * read['found']:.1f} %",
        f"  {'shown':10} {'acc %':>6} {'':13} {'ideal %':>8} {'of ideal':>9} {'':13} {'of golden':>10} {'ECE':>6}",
    ]
    for kind, row in found["personas"].items():
        share = "–" if row["of_ideal"] is None else f"{row['of_ideal']:.2f}"
        lines.append(
            f"  {kind:10} {100 * row['accuracy']:6.1f} {_interval(row['ci95'], 100, 1):13} {100 * row['ideal']:8.1f} "
            f"{share:>9} {_interval(row['of_ideal_ci95'], 1, 2):13} {row['of_golden']:10.2f} "
            f"{row['calibration_error']:6.3f}"
        )
    lines.append("  items of behaviour: " + ", ".join(_point(one) for one in found["curve"]))
    surest = found["personas"]["behaviour"]["abstention"]
    lines.append(
        "  surest beliefs: " + ", ".join(f"{one['coverage']:.0%} {100 * one['accuracy']:.1f} %" for one in surest)
    )
    turned = (f"{one['events']}: {100 * one['right']:.0f} %" for one in found["drift"])
    lines.append("  turned dimensions right after events: " + ", ".join(turned))
    if asked := found["questions"]:
        chosen, drawn = 100 * asked["chosen"], 100 * asked["drawn_8"]
        lines.append(f"  {asked['asked']:.1f} chosen questions: {chosen:.1f} %; 8 comparisons at random: {drawn:.1f} %")
    return "\n".join(lines)


def _interval(ends: list[float] | None, times: float, digits: int) -> str:
    return "" if ends is None else f"({times * ends[0]:.{digits}f}–{times * ends[1]:.{digits}f})"


def _point(one: dict[str, Any]) -> str:
    return f"{one['items']}: {100 * one['accuracy']:.1f} ({100 * one['ideal']:.1f})"
