"""`penchant show user` and `penchant show users`: inferred preferences, with the evidence for each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli import options as shared
from penchant.cli.output import CONSOLE, as_json, result
from penchant.runs.annotators import with_care
from penchant.runs.beliefs import Beliefs, beliefs

PeopleOption = Annotated[Path, typer.Option(help="Records, or one person's JSON file.")]


def user(
    data: PeopleOption,
    user: Annotated[str | None, typer.Option(help="User id; not needed for one person's JSON file.")] = None,
    annotator: shared.AnnotatorOption = None,
    limit: shared.LimitOption = None,
    space: shared.SpaceOption = None,
    rejected: shared.RejectedOption = None,
    neutral: shared.NeutralOption = False,
    json: shared.JsonOption = False,
) -> None:
    """Print one person's inferred preferences.

    The most certain come first, each with the evidence for it.
    """
    believed = beliefs(
        data=data,
        annotator=annotator,
        user=user,
        single=True,
        limit=limit,
        space=space,
        rejected=rejected,
        neutral=neutral,
        reporter=CONSOLE,
    )
    _print(believed, json=json)


def users(
    data: PeopleOption,
    annotator: shared.AnnotatorOption = None,
    limit: shared.LimitOption = None,
    space: shared.SpaceOption = None,
    rejected: shared.RejectedOption = None,
    neutral: shared.NeutralOption = False,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON per person.")] = False,
) -> None:
    """Print everybody's inferred preferences.

    Each comes with the evidence for it.
    """
    believed = beliefs(
        data=data,
        annotator=annotator,
        limit=limit,
        space=space,
        rejected=rejected,
        neutral=neutral,
        reporter=CONSOLE,
    )
    _print(believed, json=json)


def _print(believed: Beliefs, *, json: bool) -> None:
    from penchant.infer.explain import as_text, as_values, legend

    caution = believed.read.caution
    if not json:
        head = [with_care(caution)] if caution else []
        result("\n".join([*head, *legend()]))
    for explanation in believed:
        result(as_json({**as_values(explanation), "caution": caution}) if json else as_text(explanation))
