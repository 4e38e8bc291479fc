"""`penchant demo`: the main job end to end, on simulated people, with an honest table and a page at the end."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from json import loads
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from penchant.cli import base as base_verb
from penchant.cli import simulate as simulate_verb
from penchant.cli import train as train_verb
from penchant.cli.aligned import Aligned
from penchant.cli.base import BASE_RECIPE
from penchant.cli.data import read, recipe_space
from penchant.cli.output import as_json, result, say, write_whole
from penchant.cli.simulate import RecipeOption, SetOption
from penchant.cli.tables import say_not_finite, summary
from penchant.config import BaseSection, Recipe, load_recipe, load_section
from penchant.record import Record

if TYPE_CHECKING:
    from penchant.eval.measured import Results
    from penchant.eval.report import Sample, Story
    from penchant.eval.score import Scored


def command(
    recipe: RecipeOption = Path("recipes/demo.yaml"),
    out: Annotated[Path, typer.Option(help="Folder for data, models, results.json and report.html.")] = Path(
        "out/demo"
    ),
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Make the base too, instead of the shipped one.")
    ] = False,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
    json: Annotated[bool, typer.Option("--json", help="The content of results.json on the last line.")] = False,
) -> None:
    """Simulates people, aligns a small model to them by ICA and PBA, and measures it on people it never met."""
    from penchant.eval.report import headline
    from penchant.eval.rows import is_variant, table

    settings = load_recipe(recipe, overrides)
    found, results = run(settings, out, from_scratch=from_scratch, command=_command(recipe, overrides, from_scratch))
    main = [r for r in results.rows if r.attribute == "all" and r.phrasing == "known" and not is_variant(r.method)]
    if json:
        result(as_json(found))
        return
    result(
        "simulated people; wordings that training people also use; every row and subset is in results.json,\n"
        "the report says what each row is; 'ceiling' is the limit of any method, in expectation\n"
    )
    result(table(main))
    result("\n" + "\n".join(headline(results)))
    result(f"\nresults: {out / 'results.json'}\nreport:  {out / 'report.html'}")


def run(recipe: Recipe, out: Path, *, from_scratch: bool, command: str) -> tuple[dict[str, object], Results]:
    """The whole way; returns the content of results.json, and what was measured."""
    from penchant.eval.measured import Results
    from penchant.eval.report import report
    from penchant.model.card import versions

    seconds: dict[str, float] = {}
    base = load_section(BaseSection, BASE_RECIPE) if from_scratch else None
    with _stage("simulate", seconds):
        simulate_verb.run(recipe, out / "data")
    if base is not None:
        with _stage("base", seconds):
            base_verb.run(base, out / "base")
        recipe = recipe.model_copy(update={"base": str(out / "base")})
    trained = {}
    for method in ("ica", "pba"):
        with _stage(f"train {method}", seconds):
            trained[method] = train_verb.run(recipe, method, out / "data" / "train", out / method)
    records = _measured(read(out / "data" / "test", recipe_space(recipe)), unseen_users=recipe.evaluate.unseen_users)
    policies = {method: str(out / method) for method in trained}
    with _stage("evaluate", seconds):
        aligned = Aligned(recipe.base, policies, recipe.layout, seed=recipe.seed)
        space, personas = recipe_space(recipe), recipe.evaluate.personas
        measured = aligned.measured(records, space, "simulated-forum", personas)
        measured = replace(measured, scored=(*measured.scored, *_asked(recipe, records, measured.scored)))
    results = Results.of([measured])
    say_not_finite(results)
    with _stage("report", seconds):
        samples = list(_samples(recipe, records, policies))
        story = _story(recipe, command, policies, samples, seconds)
        write_whole(out / "report.html", report(results, story, personas=recipe.evaluate.personas))
    found = summary(results, seconds=seconds, seed=recipe.seed, versions=versions())
    write_whole(out / "results.json", as_json(found) + "\n")
    lines = "".join(as_json(line) + "\n" for line in results.lines())
    write_whole(out / "results.jsonl", lines)
    return found, results


@contextmanager
def _stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    say(f"== {name}")
    started = perf_counter()
    yield
    seconds[name] = perf_counter() - started


def _measured(records: Sequence[Record], *, unseen_users: int) -> list[Record]:
    """Everybody who speaks in known wordings, and the first of those who do not."""
    strangers = dict.fromkeys(record.user_id for record in records if record.provenance.phrasing == "unseen")
    kept = set(list(strangers)[:unseen_users])
    return [record for record in records if record.user_id in kept or record.user_id not in strangers]


def _asked(recipe: Recipe, records: Sequence[Record], beside: Sequence[Scored]) -> Iterator[Scored]:
    """The base asked outright what the person said of a post's topics, as it was trained to be: what it can read.

    It was not aligned to anybody and answers a plain post without a look at the person (few_shot); the distance between
    the two rows is what alignment has to bridge.
    """
    from penchant.eval.benchmark import show
    from penchant.eval.score import Scored
    from penchant.forum.corpus import outright
    from penchant.model.base import Candidates
    from penchant.model.local import LocalModel
    from penchant.person import meet
    from penchant.render import render

    space = recipe_space(recipe)
    model = LocalModel.load(recipe.base)
    limits = {one.persona: one.ceiling for one in beside if one.method == "few_shot"}
    for persona in recipe.evaluate.personas:
        shown = show(records, persona, seed=recipe.seed)
        asked = []
        for record, known in zip(shown.records, shown.personas, strict=True):
            rendered = render(meet(known, space), outright(record.prompt), content="history", layout=recipe.layout)
            asked.append(Candidates(rendered.messages[1:], (record.chosen, record.rejected)))
        margins = np.array([chosen.logprob - rejected.logprob for chosen, rejected in model.logprobs(asked)])
        yield Scored("asked", persona, shown.records, margins, limits[persona])


def _samples(recipe: Recipe, records: Sequence[Record], policies: dict[str, str]) -> Iterator[Sample]:
    """For a few posts, what every model writes to two people who hold the opposite of each other."""
    from penchant.eval.report import Sample
    from penchant.method import METHODS
    from penchant.model.local import LocalModel
    from penchant.person import meet
    from penchant.render import pole_lines

    space = recipe_space(recipe)
    models = {name: LocalModel.load(folder, name=name) for name, folder in policies.items()}
    twins = [
        (one, two)
        for one, two in pairwise(records)
        if one.prompt == two.prompt and one.chosen == two.rejected and one.provenance.phrasing == "known"
    ]
    for one, two in twins[:: max(1, len(twins) // max(1, recipe.evaluate.samples))][: recipe.evaluate.samples]:
        people = []
        for name, record in (("One person", one), ("The opposite person", two)):
            texts = []
            for method, model in models.items():
                person = meet(record.persona, space)
                prompt = METHODS[method].messages(person, record.prompt, layout=recipe.layout).messages
                texts.append((method, model.generate([prompt], max_tokens=24, seed=recipe.seed)[0]))
            held = record.golden or space.direction()
            people.append((name, tuple(pole_lines(held)), tuple(texts)))
        yield Sample(one.prompt, tuple(people))


def _story(
    recipe: Recipe, command: str, policies: dict[str, str], samples: Sequence[Sample], seconds: dict[str, float]
) -> Story:
    from penchant.eval.report import Story
    from penchant.model.card import versions

    settings = {"recipe": recipe.name, "seed": str(recipe.seed), "layout": recipe.layout, "base": recipe.base}
    settings["machine"] = f"{platform.machine()}, {platform.system()}, {os.cpu_count()} cores"
    for name in ("forum", "ica", "pba"):
        values = getattr(recipe, name).model_dump()
        settings[name] = ", ".join(f"{key}={value}" for key, value in values.items())
    return Story(
        title="Aligned to each person, measured on people never met",
        people="None of these people was seen in training.",
        command=command,
        simulated=True,
        settings=settings,
        curves={name: loads((Path(folder) / "curve.json").read_text("utf-8")) for name, folder in policies.items()},
        samples=samples,
        seconds=dict(seconds),
        versions=versions(),
    )


def _command(recipe: Path, overrides: Sequence[str], from_scratch: bool) -> str:
    parts = ["penchant", "demo", "--recipe", str(recipe), *(part for text in overrides for part in ("--set", text))]
    return shlex.join([*parts, "--from-scratch"] if from_scratch else parts)
