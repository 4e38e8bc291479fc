"""Writes the report: accuracy on all pairs, then further questions on the pairs of some people, on one HTML page."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from penchant.errors import ConfigError
from penchant.eval.bench import draw_condition
from penchant.eval.mistakes import worst
from penchant.eval.questions import QUESTIONS
from penchant.eval.questions.accuracy import available
from penchant.eval.questions.base import Answer, Inputs, Question, Section, not_measured, require
from penchant.eval.report import Story
from penchant.eval.report import report as render_page
from penchant.eval.subsets import first_people
from penchant.persona import PersonaKind
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data, read
from penchant.runs.measurement import Measurement
from penchant.runs.models import Sources, as_trained, sources_of
from penchant.runs.question_inputs import DataChoice, open_inputs
from penchant.runs.stages import Stages
from penchant.shards.atomic import write_text

PAGE = "report.html"
PERSONAS: tuple[PersonaKind, ...] = ("ugc", "pair", "demo", "behaviour", "mixed")
PARTS = tuple(name for name, question in QUESTIONS.items() if question.report_pairs)
"""The questions of the page, besides accuracy, which is measured on all pairs."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured, and where the page is."""

    out: Path
    measurement: Measurement
    findings: Mapping[str, Mapping[str, Any]]
    """Question -> what it found besides rows."""

    def as_json(self) -> dict[str, Any]:
        """The content of results.json."""
        return {"question": "report", **self.measurement.as_json(), **self.findings}


@dataclass
class _Parts:
    """The answers of a report as they come in."""

    inputs: Inputs
    command_of: Callable[[str], str]
    stages: Stages
    answers: list[Answer] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    findings: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def ask(self, question: Question, records: Sequence[Record], *, personas: tuple[str, ...] = ()) -> Answer:
        """Measures a question on some of the records and keeps its answer and its part of the page."""
        with self.stages.timed(question.name):
            answer = question.measure(replace(self.inputs, records=records, personas=personas))
        self.answers.append(answer)
        if answer.findings:
            self.findings[question.name] = answer.findings
        if answer.section is not None:
            asked, pairs = len(records), len(self.inputs.records)
            subset = f"Of {asked:,} pairs, the first people's of each wording; the command measures all {pairs:,}."
            command = self.command_of(question.name)
            subset = "" if asked == pairs else subset
            self.sections.append(replace(answer.section, title=question.title, command=command, subset=subset))
        return answer

    def leave_out(self, question: Question, why: str) -> None:
        """Says on the page and to the reporter that a question was not measured."""
        self.inputs.reporter.note(f"{question.name} is left out: {why}")
        # a page names settings without the backticks that the command line turns into options
        self.sections.append(not_measured(question, why.replace("`", "")))


def write_report(
    *,
    data: Path | Data,
    models: Sequence[str],
    out: Path,
    base: str | None = None,
    template: str | None = None,
    layout: str | None = None,
    max_prompt_tokens: int | None = None,
    annotator: str | Path | None = None,
    neutral: bool = False,
    fit_data: Path | None = None,
    split: str | None = None,
    attribute: str | None = None,
    limit: int | None = None,
    space: str | None = None,
    directions: str | None = None,
    rejected: Path | None = None,
    seed: int = 0,
    overwrite: bool = False,
    command: str = "",
    command_of: Callable[[str], str] = lambda _question: "",
    reporter: Reporter = QUIET,
) -> Report:
    """Measures accuracy and the questions of PARTS; writes report.html, results.jsonl and results.json to `out`.

    A question whose inputs are missing is left out, and the page says so. Other arguments: see `runs.evaluate`.

    Args:
        fit_data: the records the models were trained on, to tell whether anybody measured was trained on.
        overwrite: replace an earlier report.
        command: how to make the page again, printed on it.
        command_of: name of a question -> the command that asks it alone.
    Raises:
        ConfigError: no model, or `out` holds a report already.
        RecordError: no record shows any evidence.
    """
    if (out / PAGE).exists() and not overwrite:
        raise ConfigError(f"{out / PAGE} is there already; give another `out`, or set `overwrite`")
    sources = sources_of(models, base)
    if not sources.policies:
        raise ConfigError("a report measures aligned models; give the folder of one, or METHOD=ORG/MODEL")
    written, directions = as_trained(sources.policies.values(), layout, directions, reporter=reporter)
    choice = DataChoice(data, split, attribute, limit, space, directions, rejected)
    records, read_in = choice.read(read_anew=annotator is not None, reporter=reporter)
    inputs = open_inputs(
        records,
        read_in,
        dataset=data.stem,
        sources=sources,
        template=template,
        layout=written,
        max_prompt_tokens=max_prompt_tokens,
        annotator=annotator,
        neutral=neutral,
        seed=seed,
        reporter=reporter,
    )
    if fit_data is not None:
        inputs = replace(inputs, fit_on=read(fit_data, read_in, reporter=reporter))
    parts = _measure(inputs, command_of)
    measured = [answer.measured for answer in parts.answers if answer.measured is not None]
    measurement = Measurement.of(measured, seed=seed, seconds=parts.stages.seconds, reporter=reporter)
    report = Report(out, measurement, parts.findings)
    _write(report, _page(measurement, parts, sources, annotator=annotator, command=command))
    return report


def _measure(inputs: Inputs, command_of: Callable[[str], str]) -> _Parts:
    parts, records = _Parts(inputs, command_of, Stages(inputs.reporter)), inputs.records
    parts.ask(QUESTIONS["accuracy"], records, personas=available(inputs, PERSONAS))
    for name in PARTS:
        question = QUESTIONS[name]
        try:
            require(
                question,
                {"models": inputs.sources, "annotator": inputs.annotator if "annotator" in question.takes else None},
            )
        except ConfigError as error:
            parts.leave_out(question, str(error))
            continue
        parts.ask(question, first_people(records, question.report_pairs))
    # memory that earlier questions left behind is used again, so that a peak means nothing here
    for method in parts.findings.get("cost", {}).get("methods", {}).values():
        method["peak_mb"] = None
    return parts


def _page(
    measurement: Measurement, parts: _Parts, sources: Sources, *, annotator: str | Path | None, command: str
) -> str:
    inputs, main = parts.inputs, parts.answers[0].measured
    records, bench = inputs.records, inputs.bench
    personal = [
        row.method for row in measurement.results.main if row.role == "personal" and row.method in sources.policies
    ]
    condition = draw_condition(records, "mixed", seed=inputs.seed)
    mistakes = () if main is None else worst(main.scored, condition, list(dict.fromkeys(personal)), bench.prompts)
    story = Story(
        title="Aligned to each person",
        people=_training_overlap(inputs, sources),
        command=command,
        # only of invented people is it known what they truly prefer
        simulated=any(record.golden is not None for record in records),
        settings={
            "data": bench.setting.dataset,
            "seed": str(inputs.seed),
            "pairs": f"{len(records):,}; the other questions are asked of the first people, on fewer pairs",
            "layout": bench.layout,
            "base": inputs.base,
            **{f"model, {name}": source for name, source in sources.policies.items()},
            **{f"scorer, {one.name}": str(path) for one, path in zip(inputs.scorers, sources.scorers, strict=True)},
            "annotator": str(annotator or "–"),
            "machine": f"{platform.machine()}, {platform.system()}, {os.cpu_count()} cores",
        },
        curves={},
        samples=(),
        seconds=measurement.seconds,
        versions=measurement.versions,
        sections=parts.sections,
        mistakes=mistakes,
    )
    results = measurement.results
    rows = tuple(row for row in results.rows if not row.persona.startswith("first "))
    return render_page(replace(results, rows=rows), story, personas=available(inputs, PERSONAS))


def _training_overlap(inputs: Inputs, sources: Sources) -> str:
    """Whether models and scorers were fitted on the people they are measured on, in a sentence."""
    from penchant.eval.training_overlap import Overlap
    from penchant.model.card import trained_on

    fitted = {name: trained_on(Path(source)) for name, source in sources.policies.items()}
    fitted |= {scorer.name: frozenset({scorer.people_digest}) for scorer in inputs.scorers}
    overlap = Overlap.of(inputs.records, inputs.bench.setting.dataset, fitted, inputs.fit_on)
    if not overlap.excluded:
        inputs.reporter.note(overlap.sentence)
    return overlap.sentence.replace("`", "")


def _write(report: Report, page: str) -> None:
    report.out.mkdir(parents=True, exist_ok=True)
    lines = [*report.measurement.results.lines()]
    lines += [{"kind": name, "findings": part} for name, part in report.findings.items()]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_text(report.out / "results.jsonl", text)
    write_text(report.out / "results.json", json.dumps(report.as_json(), ensure_ascii=False) + "\n")
    write_text(report.out / PAGE, page)
