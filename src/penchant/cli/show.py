"""`penchant show`: prints prompts, inferred preferences, and the dimensions of a space."""

from __future__ import annotations

from typing import Annotated

import typer

from penchant.cli import beliefs
from penchant.cli import options as shared
from penchant.cli.output import CONSOLE, as_json, result
from penchant.cli.reading import reads_data
from penchant.message import as_dicts
from penchant.runs.prompt import prompt as run_prompt
from penchant.space import load_space

app = typer.Typer(no_args_is_help=True, help="Print a prompt, inferred preferences, or a space.")


@app.command("prompt")
@reads_data
def prompt(
    data: shared.DataOption,
    record: Annotated[str | None, typer.Option(help="Record id; default: the first.")] = None,
    method: Annotated[
        str | None, typer.Option(help="few_shot, ica, pba, pba_summary or pba_both; default: as --model, or ica.")
    ] = None,
    persona: Annotated[
        str, typer.Option(help="Evidence to show: ugc, pair, demo, behaviour, mixed, all or none.")
    ] = "mixed",
    layout: shared.LayoutOption = None,
    model: Annotated[str | None, typer.Option(help="Model whose chat template is applied.")] = None,
    template: shared.TemplateOption = None,
    max_prompt_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="Longest prompt in tokens; the oldest evidence is dropped first. Needs --model."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed of --persona mixed, as in eval.")] = 0,
    space: shared.SpaceOption = None,
    directions: shared.ModelDirectionsOption = None,
    annotator: shared.AnnotatorOption = None,
    summaries: shared.SummariesOption = None,
    json: shared.JsonOption = False,
) -> None:
    """Print the prompt for one record.

    Print it as messages or, with --model, as text in the chat template of that model.

    It shows the prompt of `eval`, which uses only the record's own evidence. `train` samples from all records of
    the user.
    """
    made = run_prompt(
        data=data,
        record=record,
        method=method,
        persona=persona,
        layout=layout,
        model=model,
        template=template,
        max_prompt_tokens=max_prompt_tokens,
        seed=seed,
        space=space,
        directions=directions,
        annotator=annotator,
        summaries=summaries,
        reporter=CONSOLE,
    )
    if json:
        values = {"record": made.record_id, "messages": as_dicts(made.messages), "shown": made.kept}
        result(as_json({**values, "dropped": made.dropped, "text": made.text, "tokens": made.tokens}))
    else:
        result(made.text or "\n\n".join(f"[{message.role}]\n{message.content}" for message in made.messages))


app.command("user")(reads_data(beliefs.user))
app.command("users")(reads_data(beliefs.users))


@app.command("space")
def space(
    name: Annotated[str, typer.Argument(help="Space name or .toml file.")] = "alignx90",
    json: shared.JsonOption = False,
) -> None:
    """Print the dimensions of a space.

    Each has two opposite preferences, its poles.
    """
    named = load_space(name)
    if json:
        listed = [
            {
                "index": index,
                "id": dimension.id,
                "group": dimension.group,
                "positive": dimension.positive,
                "negative": dimension.negative,
                "origin": dimension.origin,
                "withheld": bool(named.withheld[index]),
            }
            for index, dimension in enumerate(named.dimensions)
        ]
        result(as_json({"name": named.name, "digest": named.digest, "dimensions": listed}))
        return
    result(f"{named.name}: {len(named)} dimensions, digest {named.digest}")
    for index, one in enumerate(named.dimensions):
        note = "  (protected: nothing is concluded of it)" if named.withheld[index] else ""
        result(f"{index:>3}  {one.id:<24} {one.group:<9} + {one.positive}  |  - {one.negative}{note}")
