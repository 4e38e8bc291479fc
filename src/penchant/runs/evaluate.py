"""Asks one question of evaluation: opens data, models and whatever else the question reads, and measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from penchant.errors import ConfigError
from penchant.eval.measured import Results
from penchant.eval.questions import QUESTIONS
from penchant.eval.questions.base import Answer, require
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import read
from penchant.runs.inputs import DataChoice, adapter, open_inputs
from penchant.runs.models import Sources, sources_of

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The answer to one question."""

    question: str
    answer: Answer
    results: Results | None
    """Rows and contrasts, where the answer is a table of accuracies."""
    seed: int
    seconds: Mapping[str, float]
    """Stage -> wall time."""
    versions: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return {
            "question": self.question,
            "seed": self.seed,
            "seconds": {stage: round(value, 2) for stage, value in self.seconds.items()},
            **(self.results.as_json() if self.results is not None else {}),
            **self.answer.findings,
            "versions": self.versions,
        }

    def text(self) -> str:
        """The answer for a terminal: the main rows and contrasts, or the lines of the question."""
        from penchant.eval import contrasts
        from penchant.eval.rows import table

        parts = []
        if self.results is not None:
            parts.append(table(self.results.main))
            if self.results.contrasts:
                parts.append(contrasts.table(self.results.contrasts))
        if self.answer.lines:
            parts.append("\n".join(self.answer.lines))
        return "\n\n".join(parts)


def evaluate(
    question: str,
    *,
    data: Path,
    models: Sequence[str] = (),
    base: str | None = None,
    layout: str = "user_first",
    max_prompt_tokens: int | None = None,
    annotator: str | Path | None = None,
    neutral: bool = False,
    personas: Sequence[str] = (),
    draws: int = 0,
    summaries: str | Path | None = None,
    fit_data: Path | None = None,
    judge: str | Path | None = None,
    recipe: str | Path = "adapt",
    split: str | None = None,
    attribute: str | None = None,
    limit: int | None = None,
    space: str | None = None,
    directions: str = "given",
    rejected: Path | None = None,
    seed: int = 0,
    reporter: Reporter = QUIET,
) -> Evaluation:
    """Asks one of `eval.questions.QUESTIONS`.

    Args:
        data: the records to measure.
        models: folders of aligned models and learned scorers, whose cards say what they are; METHOD=ORG/MODEL for
            models of the Hub.
        base: the base of the models, where no card names it.
        max_prompt_tokens: evidence beyond this many tokens of prompt is dropped and counted.
        annotator: reads directions from the evidence, in place of those in the data: a folder, or a recipe.
        neutral: hide words of gender and age from the annotator and the models.
        personas: kinds of evidence to show; empty takes the question's own.
        draws: PBA is also averaged over this many directions drawn from each belief.
        summaries: recipe of a language model that writes what pba_summary and pba_both show.
        fit_data: the records the models were trained on.
        judge: recipe of a language model that judges answers.
        recipe: how models adapt to examples.
        directions: directions of the evidence as `given`, or `measured` on its texts.
    Raises:
        ConfigError: an unknown question, a missing input, or settings that do not fit together.
        DataError, SpaceMismatch, RecordError, ModelError: data or models that cannot be used.
    """
    if question not in QUESTIONS:
        raise ConfigError(f"no question is called '{question}'; there are {', '.join(QUESTIONS)}")
    spec, started = QUESTIONS[question], perf_counter()
    sources = sources_of(models, base)
    inputs_given = {
        "models": sources.policies,
        "scorers": sources.scorers,
        "annotator": annotator,
        "fit_data": fit_data,
        "judge": judge,
        "recipe": recipe,
    }
    require(spec, inputs_given, list(sources.policies))
    _refuse_unread(sources, summaries=summaries, draws=draws)
    choice = DataChoice(data, split, attribute, limit, space, directions, rejected)
    records, read_in = choice.read(read_anew=annotator is not None, reporter=reporter)
    inputs = open_inputs(
        records,
        read_in,
        dataset=data.stem,
        sources=sources,
        layout=layout,
        max_prompt_tokens=max_prompt_tokens,
        annotator=annotator if {"annotator"} & {*spec.needs, *spec.takes} else None,
        neutral=neutral,
        draws=draws,
        summaries=summaries,
        seed=seed,
        personas=tuple(personas),
        reporter=reporter,
    )
    if fit_data is not None:
        inputs = replace(inputs, fit_on=read(fit_data, read_in, reporter=reporter))
    if "recipe" in spec.takes:
        inputs = replace(inputs, adapt=adapter(recipe, inputs))
    if judge is not None:
        from penchant.runs.endpoints import judge_of

        inputs = replace(inputs, judge=judge_of(judge))
    answer = spec.measure(inputs)
    return Evaluation(
        question=question,
        answer=answer,
        results=None if answer.measured is None else results_of([answer], reporter=reporter),
        seed=seed,
        seconds={question: perf_counter() - started},
        versions=_versions(),
    )


def results_of(answers: Sequence[Answer], *, reporter: Reporter) -> Results:
    """The rows and contrasts of some answers; notes the pairs that were left out."""
    from penchant.eval.rows import not_finite

    results = Results.of([answer.measured for answer in answers if answer.measured is not None])
    if (sentence := not_finite(results.rows)) is not None:
        reporter.note(sentence)
    return results


def _refuse_unread(sources: Sources, *, summaries: object, draws: int) -> None:
    if summaries is not None and not {"pba_summary", "pba_both"} & set(sources.policies):
        raise ConfigError("`summaries` are shown to models aligned by pba_summary or pba_both; give one of these")
    if draws and not any(method.startswith("pba") for method in sources.policies):
        raise ConfigError("`draws` averages over the directions of pba; give a model aligned by it")


def _versions() -> Mapping[str, str]:
    from penchant.model.card import versions

    return versions()
