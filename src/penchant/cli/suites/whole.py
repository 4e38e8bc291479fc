"""`--suite all`: every table of aligned models, on one page that explains itself."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from penchant.cli import learned
from penchant.cli.aligned import Aligned, progress
from penchant.cli.output import as_json, result, say, write_whole
from penchant.cli.suites import bias, control, limited
from penchant.cli.suites.wording import first_people
from penchant.cli.tables import say_not_finite, summary
from penchant.record import Record
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.audit.bias import Changed
    from penchant.eval.benchmark import Bench
    from penchant.eval.control import Control, Share
    from penchant.eval.measured import Measured
    from penchant.eval.report import Section
    from penchant.scorer.base import Within

SOME = 2000
"""Pairs, of whole people, on which the smaller questions are asked; the table of accuracy is over all."""
PERSONAS = ("ugc", "pair", "demo", "behaviour", "mixed")


def run(
    records: Sequence[Record],
    space: PreferenceSpace,
    dataset: str,
    out: Path,
    *,
    aligned: Aligned,
    annotator: Path | None,
    fit_on: Sequence[Record] | None,
    command: str,
    json: bool,
) -> None:
    """Measures everything and writes report.html, results.jsonl and results.json to `out`; prints the main table.

    Bias needs somebody who reads swapped texts, and is left out, said, without an annotator.

    Args:
        fit_on: what the models were aligned on, so that it can be told whether anybody was met before.
    """
    from penchant.eval.benchmark import show
    from penchant.eval.measured import Results
    from penchant.eval.mistakes import worst
    from penchant.eval.report import Story, report
    from penchant.eval.rows import PERSONAL, is_variant, table
    from penchant.model.card import versions

    seconds: dict[str, float] = {}
    personas = [kind for kind in PERSONAS if any(show(records, kind, seed=aligned.seed).personas)]
    rivals = learned.opened(aligned.beside)
    bench = aligned.bench(records, space, dataset)
    main = _accuracy(bench, records, personas, rivals, seconds)
    some = first_people(records, SOME)
    with _timed("limited", seconds):
        few = limited.measure(bench, some)
    with _timed("control", seconds):
        turned = control.measure(bench, some, annotator)
    sections = [_limited(few, command), _control(turned, command)]
    told: dict[str, Any] = {"control": {wording: [one.as_json() for one in part] for wording, part in turned.items()}}
    if annotator is None:
        say("bias is left out: name an --annotator to read texts in which words of gender and age are swapped")
    else:
        with _timed("bias", seconds):
            swapped = bias.measure(bench, some, annotator)
        sections.append(_bias(swapped, command))
        told["bias"] = {name: one.as_json() for name, one in swapped.items()}
    found = Results.of([main, few])
    say_not_finite(found)
    shown = show(records, "mixed", seed=aligned.seed)
    story = Story(
        title="Aligned to each person",
        people=_met(records, fit_on, dataset),
        command=command,
        simulated=bench.rule is not None,
        settings={
            "data": dataset,
            "seed": str(aligned.seed),
            "pairs": f"{len(records):,}; of little evidence, control and bias {len(some):,}, the first people's",
            "layout": aligned.layout,
            "base": aligned.reference,
            **{f"model, {name}": folder for name, folder in aligned.policies.items()},
            **{f"scorer, {one.name}": str(folder) for one, folder in zip(rivals, aligned.beside, strict=True)},
            "annotator": str(annotator or "–"),
            "machine": f"{platform.machine()}, {platform.system()}, {os.cpu_count()} cores",
        },
        curves={},
        samples=(),
        seconds=seconds,
        versions=versions(),
        sections=sections,
        mistakes=worst(main.scored, shown, [name for name in aligned.policies if name in PERSONAL]),
    )
    whole = {**summary(found, seconds=seconds, seed=aligned.seed, versions=versions()), **told}
    lines = [*found.lines(), *({"kind": kind, **{"found": part}} for kind, part in told.items())]
    _write(out, lines, whole, report(Results.of([main]), story, personas=personas))
    if json:
        result(as_json(whole))
        return
    result(table([row for row in found.rows if row.attribute == "all" and not is_variant(row.method)]))
    result(f"\nresults: {out / 'results.json'}\nreport:  {out / 'report.html'}")


def _write(out: Path, lines: Iterable[Mapping[str, Any]], whole: Mapping[str, Any], page: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "results.jsonl", "".join(as_json(line) + "\n" for line in lines))
    write_whole(out / "results.json", as_json(whole) + "\n")
    write_whole(out / "report.html", page)


def _met(records: Sequence[Record], fit_on: Sequence[Record] | None, dataset: str) -> str:
    """Whether models were aligned to the people they are measured on, in a sentence."""
    if fit_on is None:
        return f"These are the people of {dataset}; whether any was met in training was not checked (--fit-data)."
    people = {record.user_id or record.record_id for record in records}
    met = people & {record.user_id or record.record_id for record in fit_on}
    if met:
        say(f"{len(met)} of the {len(people)} people measured are among those whom the models were aligned to")
        return f"{len(met)} of these {len(people)} people were met in training: this is no measure of new people."
    # what a model was really aligned on is not known here, only what was named
    return f"None of these {len(people)} people is in what is named as training data (--fit-data)."


def _accuracy(
    bench: Bench,
    records: Sequence[Record],
    personas: Sequence[str],
    rivals: Sequence[Within],
    seconds: dict[str, float],
) -> Measured:
    """The table of accuracy: the models of the bench, then learned scorers shown the same."""
    from penchant.eval.measured import Measured

    with _timed("accuracy", seconds), progress(bench, bench.passes(personas)):
        scored = tuple(bench.score(records, personas))
    if rivals:
        with _timed("baselines", seconds):
            scored += learned.scored(bench, records, personas, rivals)
    return Measured(bench.setting, scored)


def _alone(command: str, suite: str) -> str:
    """The command of one question, less the options that only all of them together read."""
    words = shlex.split(command.replace("--suite all", f"--suite {suite}"))
    unread = {
        place + i for place, word in enumerate(words) if word in ("--out", "--baselines", "--fit-data") for i in (0, 1)
    }
    return shlex.join(word for place, word in enumerate(words) if place not in unread)


@contextmanager
def _timed(name: str, seconds: dict[str, float]) -> Iterator[None]:
    say(f"== {name}")
    started = perf_counter()
    yield
    seconds[name] = perf_counter() - started


def _limited(few: Measured, command: str) -> Section:
    from penchant.eval.plots import item_curves
    from penchant.eval.report import Section
    from penchant.eval.rows import is_variant

    rows = [row for row in few.rows() if row.attribute == "all" and row.phrasing != "unseen"]
    lines = [row for row in rows if not is_variant(row.method) and row.method not in ("coverage", "longer", "habit")]
    return Section(
        title="How much is learned from little?",
        lead="The same pairs, asked after the first 0, 1, 2, 4, … items of what a person wrote and chose, the earliest "
        "first. The dashed line is the most that anybody could expect from the same items, where it is known.",
        command=_alone(command, "limited"),
        figure=item_curves(lines),
    )


def _control(found: Mapping[str, Sequence[Control]], command: str) -> Section:
    from penchant.eval.report import Section

    head = ("method", "directions", "wording", *control.CONTROLLED.values())
    body = tuple(
        (one.method, one.directions, wording, *(_share(getattr(one, name)) for name in control.CONTROLLED))
        for wording, part in found.items()
        for one in part
    )
    return Section(
        title="Is the person in control?",
        lead="We state a person's directions, then turn all of them, or one, and ask the same pairs again. Decisions "
        "should turn with everything turned, follow the one that is turned, and stay where a pair is about something "
        "else. In %, with the 95 % interval over people.",
        command=_alone(command, "control"),
        head=head,
        body=body,
    )


def _bias(found: Mapping[str, bias.Bias], command: str) -> Section:
    from penchant.eval.report import Section

    def line(name: str, one: Changed) -> tuple[str, ...]:
        low, high = (100 * end for end in one.ci95)
        held = "–" if one.directions is None else f"{100 * one.directions:.1f}"
        words = f"{one.how}{', made neutral' if one.neutral else ''}"
        return name, one.trait, words, f"{100 * one.decisions:.1f} ({low:.1f}–{high:.1f})", held, str(one.pairs)

    return Section(
        title="Does it decide by gender or age?",
        lead="Nothing but words of gender or age is swapped in what is shown of a person (own words), or stated "
        "besides (“I am a woman.”, “I am a man.”); every decision that changes was made for a group. Then the same "
        "with these words made neutral. What neutral words cost in accuracy: "
        + ", ".join(f"{name} {100 * part.neutral_words.difference:+.1f} points" for name, part in found.items())
        + ".",
        command=_alone(command, "bias"),
        head=("method", "trait", "words", "decisions that change, %", "inferred directions that change, %", "pairs"),
        body=tuple(line(name, one) for name, part in found.items() for one in part.changed),
    )


def _share(found: Share | None) -> str:
    if found is None:
        return "–"
    return f"{100 * found.value:.1f} ({100 * found.ci95[0]:.1f}–{100 * found.ci95[1]:.1f})"
