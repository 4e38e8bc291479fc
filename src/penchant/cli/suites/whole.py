"""`--suite all`: every table of aligned models, on one page that explains itself."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from penchant.cli import learned
from penchant.cli.aligned import Aligned, progress, say_bare
from penchant.cli.output import as_json, result, say, write_whole
from penchant.cli.suites import bias, control, cost, limited
from penchant.cli.suites.wording import first_people
from penchant.cli.tables import say_not_finite, summary
from penchant.errors import DataError
from penchant.record import Record
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.eval.benchmark import Bench
    from penchant.eval.measured import Measured
    from penchant.eval.report import Section
    from penchant.scorer.base import TableScorer

SOME = 2000
"""Pairs, of whole people, on which the smaller questions are asked; the table of accuracy is over all."""
FEW = 400
"""Pairs, of whole people, on which time is taken."""
REPORT = "report.html"
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

    Raises:
        DataError: no record shows any evidence.

    Args:
        fit_on: what the models were aligned on, so that it can be told whether anybody was met before.
    """
    from penchant.cli.suites import sections
    from penchant.eval.benchmark import show
    from penchant.eval.measured import Results
    from penchant.eval.mistakes import worst
    from penchant.eval.report import Story, report
    from penchant.eval.rows import PERSONAL, is_variant, table
    from penchant.model.card import versions

    seconds: dict[str, float] = {}
    personas = _shown(records, dataset, seed=aligned.seed)
    rivals = learned.opened(aligned.beside, space, annotator)
    bench = aligned.bench(records, space, dataset)
    main = _accuracy(bench, records, personas, rivals, seconds)
    some = first_people(records, SOME)
    with _timed("limited", seconds):
        few = limited.measure(bench, some)
    parts, told = [sections.of_some(sections.limited(few, command), len(some), len(records))], dict[str, Any]()
    for name, section, asked, found_of in _questions(bench, some, rivals, annotator, command, seconds):
        parts.append(sections.of_some(section, asked, len(records)))
        told |= {} if found_of is None else {name: found_of}
    found = Results.of([main, few])
    say_not_finite(found)
    shown = show(records, "mixed", seed=aligned.seed)
    story = Story(
        title="Aligned to each person",
        people=_met(records, fit_on, dataset, aligned, rivals),
        command=command,
        # whoever has read them since: only of invented people is it known what they truly prefer
        simulated=any(record.golden is not None for record in records),
        settings={
            "data": dataset,
            "seed": str(aligned.seed),
            "pairs": f"{len(records):,}; of every question but accuracy, {len(some):,} or less, the first people's",
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
        sections=parts,
        mistakes=worst(main.scored, shown, [name for name in aligned.policies if name in PERSONAL], bench.prompts),
    )
    whole = {**summary(found, seconds=seconds, seed=aligned.seed, versions=versions()), **told}
    lines = [*found.lines(), *({"kind": kind, **{"found": part}} for kind, part in told.items())]
    page = replace(found, rows=tuple(row for row in found.rows if not row.persona.startswith("first ")))
    _write(out, lines, whole, report(page, story, personas=personas))
    if json:
        result(as_json(whole))
        return
    result(table([row for row in found.rows if row.attribute == "all" and not is_variant(row.method)]))
    result(f"\nresults: {out / 'results.json'}\nreport:  {out / REPORT}")


def _shown(records: Sequence[Record], dataset: str, *, seed: int) -> list[str]:
    """The kinds of evidence that there is; says of how many records one shows nothing."""
    from penchant.eval.benchmark import show

    personas = [kind for kind in PERSONAS if any(show(records, kind, seed=seed).personas)]
    if not personas:
        raise DataError(f"no record of {dataset} shows any evidence of a person; there is nothing to align to")
    say_bare(records, personas, seed=seed)
    return personas


def _questions(
    bench: Bench,
    some: Sequence[Record],
    rivals: Sequence[TableScorer],
    annotator: Path | None,
    command: str,
    seconds: dict[str, float],
) -> Iterator[tuple[str, Section, int, dict[str, Any] | None]]:
    """What is asked besides: its name, its part of the page, of how many pairs, and what was found; None: left out."""
    from penchant.cli.suites import sections

    with _timed("control", seconds):
        turned = control.measure(bench, some, annotator)
    told = {wording: [one.as_json() for one in part] for wording, part in turned.items()}
    yield "control", sections.control(turned, command), len(some), told
    why = ""
    if not bias.told(bench.policies):
        why = "no model that is told of people was named"
    elif annotator is None:
        why = "texts in which words of gender and age are swapped must be read, and no --annotator was named"
    if why:
        say(f"bias is left out: {why}")
        yield "bias", sections.bias({}, command, why), len(some), None
    else:
        with _timed("bias", seconds):
            swapped = bias.measure(bench, some, annotator)
        changes = {name: one.as_json() for name, one in swapped.items()}
        yield "bias", sections.bias(swapped, command), len(some), changes
    with _timed("cost", seconds):
        few = first_people(some, FEW)
        # memory that the questions before have left is taken again: what scoring needs cannot be told here
        spent = [replace(one, peak_mb=None) for one in cost.measure(bench, few, rivals)]
    yield "cost", sections.cost(spent, command), len(few), {one.method: one.as_json() for one in spent}


def _write(out: Path, lines: Iterable[Mapping[str, Any]], whole: Mapping[str, Any], page: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "results.jsonl", "".join(as_json(line) + "\n" for line in lines))
    write_whole(out / "results.json", as_json(whole) + "\n")
    write_whole(out / REPORT, page)


def _met(
    records: Sequence[Record], fit_on: Sequence[Record] | None, dataset: str, aligned: Aligned, rivals: Sequence[TableScorer]
) -> str:
    """Whether models and scorers were fitted on the people they are measured on, in a sentence."""
    from penchant.eval.met import Met
    from penchant.model.card import trained_on

    fitted = {name: trained_on(Path(folder)) for name, folder in aligned.policies.items()}
    met = Met.of(records, dataset, {**fitted, **{one.name: {one.people_digest} for one in rivals}}, fit_on)
    if not met.known:
        say(met.sentence)
    return met.sentence


def _accuracy(
    bench: Bench,
    records: Sequence[Record],
    personas: Sequence[str],
    rivals: Sequence[TableScorer],
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


@contextmanager
def _timed(name: str, seconds: dict[str, float]) -> Iterator[None]:
    say(f"== {name}")
    started = perf_counter()
    yield
    seconds[name] = perf_counter() - started
