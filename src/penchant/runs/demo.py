"""The demo: simulate, align, measure and report, on simulated people.

It aligns one model by ICA and one by PBA, and measures both on people who are not in the training data.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from penchant.config import BaseSection, Recipe, load_section
from penchant.errors import ModelError
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.base_model import RECIPE as BASE_RECIPE
from penchant.runs.base_model import make_base
from penchant.runs.data import read, recipe_space
from penchant.runs.measurement import Measurement
from penchant.runs.models import Sources
from penchant.runs.quiet import quiet_libraries
from penchant.runs.recipe import recipe_for
from penchant.runs.simulate import write_forum
from penchant.runs.stages import Stages
from penchant.runs.train import train_pairs
from penchant.shards.atomic import write_text

if TYPE_CHECKING:
    from penchant.eval.measured import Measured
    from penchant.eval.report import Sample, Story, Written
    from penchant.eval.score import Scored
    from penchant.model.base import Model

RECIPE = "demo"
ALIGNED = ("ica", "pba")
_DATASET = "simulated-forum"
_SAMPLE_TOKENS = 24


@dataclass(frozen=True, slots=True)
class Demo:
    """What a demo measured, and where its files are."""

    measurement: Measurement
    results: Path
    page: Path
    english: tuple[str, ...] = ()
    """What a real model writes without training, in lines for a terminal; empty where there is none."""


def demo(
    *,
    out: Path,
    recipe: str | Path = RECIPE,
    from_scratch: bool = False,
    overrides: Sequence[str] = (),
    command: str = "",
    reporter: Reporter = QUIET,
) -> Demo:
    """Simulates people, aligns a small model to them by each method, and measures it on people it was not trained on.

    Args:
        out: folder for data, models, results.json, results.jsonl and report.html.
        from_scratch: make the base too, instead of taking the recipe's.
        overrides: `section.key=value`, applied to the recipe.
        command: how to run the demo again, printed on the page.
    Raises:
        ConfigError: settings that cannot be used.
        ModelError: the base cannot be loaded.
    """
    from penchant.eval.report import report
    from penchant.runs.demo_english import as_lines

    settings = recipe_for(recipe, overrides)
    base = load_section(BaseSection, BASE_RECIPE) if from_scratch else None
    stages = Stages(reporter)
    with stages.timed("simulate"):
        write_forum(settings, out / "data", reporter=reporter)
    if base is not None:
        with stages.timed("base"):
            make_base(base, out / "base", reporter=reporter)
        settings = settings.model_copy(update={"base": str(out / "base")})
    policies = {}
    for method in ALIGNED:
        with stages.timed(f"train {method}"):
            train_pairs(settings, method, out / "data" / "train", out=out / method, reporter=reporter)
        policies[method] = str(out / method)
    test = read(out / "data" / "test", recipe_space(settings), reporter=reporter)
    records = _tested(test, unseen_users=settings.evaluate.unseen_users)
    with stages.timed("evaluate"), quiet_libraries():
        measured = _measure(settings, records, policies, reporter)
    measurement = Measurement.of([measured], seed=settings.seed, seconds=stages.seconds, reporter=reporter)
    english: Sequence[Sample] = ()
    if settings.evaluate.real_model is not None:
        with stages.timed("real english"), quiet_libraries():
            english = _english(settings.evaluate.real_model, settings.seed, reporter)
    with stages.timed("report"), quiet_libraries():
        story = _story(settings, policies, list(_samples(settings, records, policies)), measurement, command)
        story = replace(story, english=english, english_model=settings.evaluate.real_model or "")
        page = report(measurement.results, story, personas=settings.evaluate.personas)
        write_text(out / "report.html", page)
    measurement = replace(measurement, seconds=stages.seconds)
    write_text(out / "results.json", _line(measurement.as_json()))
    write_text(out / "results.jsonl", "".join(_line(line) for line in measurement.results.lines()))
    return Demo(measurement, out / "results.json", out / "report.html", tuple(as_lines(english)))


def _english(model: str, seed: int, reporter: Reporter) -> Sequence[Sample]:
    """What a real model writes for people in plain words; nothing where the model cannot be had."""
    from penchant.model.local import LocalModel
    from penchant.runs.demo_english import english_samples

    try:
        return english_samples(LocalModel.load(model), seed=seed)
    except ModelError as error:
        reporter.note(f"real English is left out: {error}")
        return ()


def _tested(records: Sequence[Record], *, unseen_users: int) -> list[Record]:
    """The records of everybody who speaks in known wordings, and of the first people who do not."""
    strangers = dict.fromkeys(record.user_id for record in records if record.provenance.phrasing == "unseen")
    kept = set(list(strangers)[:unseen_users])
    return [record for record in records if record.user_id in kept or record.user_id not in strangers]


def _measure(recipe: Recipe, records: Sequence[Record], policies: Mapping[str, str], reporter: Reporter) -> Measured:
    from penchant.eval.measured import Measured
    from penchant.eval.questions.accuracy import measure
    from penchant.runs.question_inputs import open_inputs

    inputs = open_inputs(
        records,
        recipe_space(recipe),
        dataset=_DATASET,
        sources=Sources(recipe.base, policies),
        layout=recipe.layout,
        seed=recipe.seed,
        personas=recipe.evaluate.personas,
        reporter=reporter,
    )
    measured = measure(inputs).measured
    scored = () if measured is None else measured.scored
    return Measured(inputs.bench.setting, (*scored, *_direct_questions(recipe, records, scored)))


def _direct_questions(recipe: Recipe, records: Sequence[Record], others: Sequence[Scored]) -> Iterator[Scored]:
    """The method `asked`: the base, asked outright what the person said of a post's topics, as it was trained to be.

    The base was not aligned to anybody, and answers a plain post without a look at the person (few_shot). The
    difference between the two rows is what alignment has to teach.
    """
    from penchant.eval.bench import draw_condition, scored
    from penchant.forum.corpus import direct_question
    from penchant.model.base import Candidates
    from penchant.model.local import LocalModel
    from penchant.person import meet
    from penchant.render import render

    space = recipe_space(recipe)
    model = LocalModel.load(recipe.base, template=recipe.template)
    limits = {one.persona: one.ceiling for one in others if one.method == "few_shot"}
    for kind in recipe.evaluate.personas:
        condition = draw_condition(records, kind, seed=recipe.seed)
        questions = []
        for record, persona in zip(condition.records, condition.personas, strict=True):
            prompt = direct_question(record.task)
            rendered = render(meet(persona, space), prompt, content="history", layout=recipe.layout)
            questions.append(Candidates(rendered.messages[1:], (record.chosen, record.rejected)))
        margins = np.array([chosen.logprob - rejected.logprob for chosen, rejected in model.logprobs(questions)])
        # not `untrained`: its prompt asks the question outright, so that headlines do not compare with it
        yield scored("asked", condition, margins, limits[kind], role="baseline")


def _samples(recipe: Recipe, records: Sequence[Record], policies: Mapping[str, str]) -> Iterator[Sample]:
    """For a few posts, what every model writes to two people with opposite preferences."""
    from penchant.eval.report import Sample
    from penchant.message import as_text
    from penchant.model.local import LocalModel

    models = {name: LocalModel.load(folder, name=name) for name, folder in policies.items()}
    twins = [
        (one, two)
        for one, two in pairwise(records)
        if one.prompt == two.prompt and one.chosen == two.rejected and one.provenance.phrasing == "known"
    ]
    step = max(1, len(twins) // max(1, recipe.evaluate.samples))
    for one, two in twins[::step][: recipe.evaluate.samples]:
        people = ("One person", one), ("The opposite person", two)
        yield Sample(as_text(one.prompt), tuple(_written(recipe, name, record, models) for name, record in people))


def _written(recipe: Recipe, name: str, record: Record, models: Mapping[str, Model]) -> Written:
    from penchant.eval.report import Written
    from penchant.method import METHODS
    from penchant.model.base import Sampling
    from penchant.person import meet
    from penchant.render import pole_lines

    space = recipe_space(recipe)
    texts = []
    for method, model in models.items():
        person = meet(record.persona, space)
        prompt = METHODS[method].messages(person, record.prompt, layout=recipe.layout).messages
        (answer,) = model.write([prompt], Sampling(max_tokens=_SAMPLE_TOKENS, seed=recipe.seed))
        texts.append((method, answer.text))
    return Written(name, tuple(pole_lines(record.golden or space.direction())), tuple(texts))


def _story(
    recipe: Recipe,
    policies: Mapping[str, str],
    samples: Sequence[Sample],
    measurement: Measurement,
    command: str,
) -> Story:
    from penchant.eval.report import Story

    settings = {"recipe": recipe.name, "seed": str(recipe.seed), "layout": recipe.layout, "base": recipe.base}
    settings["machine"] = f"{platform.machine()}, {platform.system()}, {os.cpu_count()} cores"
    for name in ("forum", *ALIGNED):
        values = getattr(recipe, name).model_dump()
        settings[name] = ", ".join(f"{key}={value}" for key, value in values.items())
    return Story(
        title="Aligned to each person, measured on people never met",
        people="None of these people was seen in training.",
        command=command,
        simulated=True,
        settings=settings,
        curves={
            name: json.loads((Path(folder) / "curve.json").read_text("utf-8")) for name, folder in policies.items()
        },
        samples=samples,
        seconds=measurement.seconds,
        versions=measurement.versions,
    )


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
