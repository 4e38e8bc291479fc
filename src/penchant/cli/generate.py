"""`penchant generate`: an answer for one person, from a model that was not trained for it."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli import options as shared
from penchant.cli.output import CONSOLE, as_json, result
from penchant.model.base import Sampling
from penchant.runs.generate import generate


def command(
    prompt: Annotated[str, typer.Argument(help="The person's question.")],
    user: Annotated[str, typer.Option(help="JSON file of one person; or, with --data, a user id.")],
    model: Annotated[str, typer.Option(help="Folder or Hub id, smollm2, or YAML recipe of an API.")] = "smollm2",
    method: Annotated[str | None, typer.Option(help="What the model is told: ica (usual), pba, …")] = None,
    decoder: Annotated[str, typer.Option(help="How the answer is drawn.")] = "plain",
    strength: Annotated[float | None, typer.Option(help="How hard it steers; see the guide.")] = None,
    candidates: Annotated[int | None, typer.Option(help="Answers that best_of writes (4).")] = None,
    scorer: Annotated[str | None, typer.Option(help="Ranks them: a model or scorer; else the belief.")] = None,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token.")] = 0.7,
    top_p: Annotated[float, typer.Option(help="Share of probability to draw from.")] = 0.9,
    max_tokens: Annotated[int, typer.Option(help="Longest answer, in tokens.")] = 256,
    seed: shared.SeedOption = 0,
    data: Annotated[Path | None, typer.Option(help="Records that hold the evidence of --user.")] = None,
    annotator: shared.AnnotatorOption = None,
    space: shared.SpaceOption = None,
    template: shared.TemplateOption = None,
    json: shared.JsonOption = False,
) -> None:
    """Write an answer for one person.

    No decoder needs training: plain, guidance, mixture, contrast, judge, directions, best_of.
    """
    written = generate(
        prompt,
        user=user,
        model=model,
        settings=Sampling(temperature=temperature, top_p=top_p, max_tokens=max_tokens, seed=seed),
        method=method,
        decoder=decoder,
        strength=strength,
        candidates=candidates,
        scorer=scorer,
        data=data,
        annotator=annotator,
        space=space,
        template=template,
        piece=(lambda _: None) if json else partial(typer.echo, nl=False),
        reporter=CONSOLE,
    )
    result(as_json(asdict(written)) if json else "")
