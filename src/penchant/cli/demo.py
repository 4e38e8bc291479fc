"""`penchant demo`: simulates people, aligns models, tests them, and writes a table and a report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import JsonOption, RecipeOption, set_option
from penchant.cli.output import CONSOLE, as_json, result


def command(
    recipe: RecipeOption = "demo",
    out: Annotated[Path, typer.Option(help="Folder for data, models, results and report.html.")] = Path("out/demo"),
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Also train the base model from scratch.")
    ] = False,
    overrides: Annotated[list[str], set_option("seed=1")] = [],  # noqa: B006 - typer only reads it
    json: JsonOption = False,
) -> None:
    """Align and test models on simulated people.

    Simulate people, align one model by ICA and one by PBA, and test both on other people.
    """
    from penchant.eval.report import headline
    from penchant.eval.rows import table
    from penchant.runs.demo import demo

    done = demo(
        out=out,
        recipe=recipe,
        from_scratch=from_scratch,
        overrides=overrides,
        command=_command(recipe, overrides, from_scratch),
        reporter=CONSOLE,
    )
    if json:
        result(as_json(done.measurement.as_json()))
        return
    results = done.measurement.results
    result(
        "simulated people; wordings that training people also use; every row and subset is in results.json,\n"
        "the report says what each row is; 'ceiling' is the limit of any method, in expectation\n"
    )
    result(table([row for row in results.main if row.phrasing == "known"]))
    result("\n" + "\n".join(headline(results)))
    if done.english:
        result("\n".join(("\na real model, without training, for invented people:", *done.english)))
    result(f"\nresults: {done.results}\nreport:  {done.page}")


def _command(recipe: str, overrides: Sequence[str], from_scratch: bool) -> str:
    parts = ["penchant", "demo", "--recipe", recipe, *(part for text in overrides for part in ("--set", text))]
    return shlex.join([*parts, "--from-scratch"] if from_scratch else parts)
