"""`penchant rank`: which of several answers one person would prefer."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli import options as shared
from penchant.cli.output import CONSOLE, as_json, result
from penchant.runs.rank import rank


def command(
    prompt: Annotated[str, typer.Argument(help="The person's question.")],
    answers: Annotated[list[str], typer.Argument(help="Two answers or more.")],
    user: Annotated[str, typer.Option(help="JSON file of one person; or, with --data, a user id.")],
    model: Annotated[str, typer.Option(help="Folder of a model or scorer, or METHOD=ORG/MODEL of the Hub.")],
    data: Annotated[Path | None, typer.Option(help="Records that hold the evidence of --user.")] = None,
    base: shared.BaseOption = None,
    template: shared.TemplateOption = None,
    annotator: shared.AnnotatorOption = None,
    space: shared.SpaceOption = None,
    layout: shared.LayoutOption = None,
    max_prompt_tokens: shared.BudgetOption = None,
    summaries: shared.SummariesOption = None,
    json: shared.JsonOption = False,
) -> None:
    """Rank answers as one person would.

    Each number is an answer's score minus the best score.
    """
    ranking = rank(
        prompt,
        answers,
        user=user,
        model=model,
        data=data,
        base=base,
        template=template,
        annotator=annotator,
        space=space,
        layout=layout,
        max_prompt_tokens=max_prompt_tokens,
        summaries=summaries,
        reporter=CONSOLE,
    )
    if json:
        result(as_json(asdict(ranking)))
        return
    for position, ranked in enumerate(ranking.answers, 1):
        result(f"{position}. {ranked.score - ranking.answers[0].score:+8.3f}  {' '.join(ranked.answer.split())}")
