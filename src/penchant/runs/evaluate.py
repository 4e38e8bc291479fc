"""Answers one evaluation question: opens the inputs that the question needs, then measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from penchant.errors import ConfigError
from penchant.eval.questions import QUESTIONS
from penchant.eval.questions.base import Answer, Question, require
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data, as_data, read
from penchant.runs.language_models import endpoint_of
from penchant.runs.measurement import Measurement
from penchant.runs.models import Sources, as_trained, sources_of
from penchant.runs.question_inputs import DataChoice, adapter, open_inputs


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The answer to one question."""

    question: str
    answer: Answer = field(repr=False)
    measurement: Measurement = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict: rows and contrasts where the answer is a table of accuracies, and its findings."""
        content = self.measurement.as_json()
        if self.answer.measured is None:
            content = {name: content[name] for name in ("seconds", "seed", "versions")}
        return {"question": self.question, **content, **self.answer.findings}

    def text(self) -> str:
        """The answer for a terminal."""
        parts = [self.measurement.text()] if self.answer.measured is not None else []
        return "\n\n".join([*parts, "\n".join(self.answer.lines)]).strip("\n")


def evaluate(
    question: str,
    *,
    data: str | Path | Data,
    models: str | Path | Sequence[str | Path] = (),
    decoders: str | Sequence[str] = (),
    base: str | None = None,
    template: str | None = None,
    layout: str | None = None,
    max_prompt_tokens: int | None = None,
    annotator: str | Path | None = None,
    neutral: bool = False,
    personas: Sequence[str] = (),
    draws: int = 0,
    summaries: str | Path | None = None,
    fit_data: Path | None = None,
    judge: str | Path | None = None,
    recipe: str | Path | None = None,
    split: str | None = None,
    attribute: str | None = None,
    limit: int | None = None,
    space: str | None = None,
    directions: str | None = None,
    rejected: Path | None = None,
    seed: int = 0,
    reporter: Reporter = QUIET,
) -> Evaluation:
    """Asks one of `eval.questions.QUESTIONS`.

    Args:
        data: the records to measure.
        models: folders of aligned models and learned scorers, read from their cards; METHOD=ORG/MODEL for the Hub's.
        decoders: of the base: names of `decode.decoders.DECODERS`, with a strength after a colon (guidance:1.5).
        base, template: the models' base, where no card names it; a chat template in place of theirs (`base_template`).
        max_prompt_tokens: evidence beyond this many tokens, or the model's context, is dropped and counted.
        annotator: reads directions from the evidence, in place of those in the data: a folder, or a recipe.
        neutral: hide words of gender and age from the annotator and the models.
        personas: kinds of evidence to show; empty takes the question's own.
        draws, summaries: directions drawn from each belief, to average PBA over; the recipe of a writer of summaries.
        fit_data: the records the models were trained on.
        judge, recipe: recipes of a language model that judges answers, and of how models adapt to examples.
        layout, directions: how prompts are made, directions `given` or `measured`; None: as the models were trained.
    Raises:
        ConfigError: an unknown question, an input that is missing or not read, settings that do not fit together.
        DataError, SpaceMismatch, RecordError, ModelError: data or models that cannot be used.
    """
    started, asked, data = perf_counter(), _question(question), as_data(data)
    sources = sources_of(_all(models), base)
    written, directions = as_trained(sources.policies.values(), layout, directions, reporter=reporter)
    personas, decoders = _all(personas), [name for text in _all(decoders) for name in text.split(",") if name]
    extras = {"annotator": annotator, "neutral": neutral, "personas": personas, "draws": draws, "judge": judge}
    extras |= {"summaries": summaries, "fit_data": fit_data, "recipe": recipe, "decoders": decoders}
    _refuse(asked, sources, summaries=summaries, draws=draws)
    require(asked, {"models": sources.policies, "scorers": sources.scorers, **extras})
    choice = DataChoice(data, split, attribute, limit, space, directions, rejected)
    records, read_in = choice.read(read_anew=annotator is not None, reporter=reporter)
    endpoint = None if judge is None else endpoint_of(judge)
    fit_on = None if fit_data is None else read(fit_data, read_in, reporter=reporter)
    inputs = open_inputs(
        records,
        read_in,
        dataset=data.stem,
        sources=sources,
        decoders=decoders,
        template=template,
        layout=written,
        max_prompt_tokens=max_prompt_tokens,
        annotator=annotator,
        neutral=neutral,
        draws=draws,
        summaries=summaries,
        seed=seed,
        personas=tuple(personas),
        reporter=reporter,
    )
    adapt = adapter(recipe or "adapt", inputs) if "recipe" in asked.takes else None
    answer = asked.measure(replace(inputs, fit_on=fit_on, judge=endpoint, adapt=adapt))
    measured = [] if answer.measured is None else [answer.measured]
    seconds = {question: perf_counter() - started}
    return Evaluation(question, answer, Measurement.of(measured, seed=seed, seconds=seconds, reporter=reporter))


def _question(name: str) -> Question:
    if name not in QUESTIONS:
        raise ConfigError(f"no question is called '{name}'; there are {', '.join(QUESTIONS)}")
    return QUESTIONS[name]


def _all(names: str | Path | Sequence[str | Path]) -> list[str]:
    """The names in a list, also where a single one is given."""
    return [str(names)] if isinstance(names, str | Path) else [str(name) for name in names]


def _refuse(question: Question, sources: Sources, *, summaries: object, draws: int) -> None:
    """Refuses what cannot be measured together, before data is read."""
    if sources.scorers and "scorers" not in question.takes:
        folders = ", ".join(map(str, sources.scorers))
        raise ConfigError(f"the question '{question.name}' measures no learned scorers; leave out {folders}")
    if "models" in question.takes and sources == Sources(None):
        raise ConfigError("there is nothing to measure; give `models`, or a `base`")
    if summaries is not None and not {"pba_summary", "pba_both"} & set(sources.policies):
        raise ConfigError("`summaries` are shown to models aligned by pba_summary or pba_both; give one of these")
    if draws and not any(method.startswith("pba") for method in sources.policies):
        raise ConfigError("`draws` averages over the directions of pba; give a model aligned by it")
