"""`penchant eval`: one command per question, made from the inputs that it needs and takes, and `report`."""

from __future__ import annotations

import inspect
from copy import copy
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from penchant.cli import options as shared
from penchant.cli.output import CONSOLE, as_json, command_line, options_given, result, written
from penchant.cli.reading import READING, data_of, reads_data
from penchant.cli.tables import names
from penchant.errors import ConfigError
from penchant.eval.questions import QUESTIONS
from penchant.eval.questions.base import Question

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure models, one question per command.")

ModelsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="MODELS", help="Folders of models or scorers; METHOD=ORG/MODEL for the Hub."),
]
PoliciesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="MODELS", help="Folders of models; METHOD=ORG/MODEL for the Hub.")
]
_DATA: dict[str, tuple[Any, Any]] = {
    "data": (shared.DataOption, inspect.Parameter.empty),
    **{name: (kind, None) for name, kind in READING.items()},
    "split": (shared.SplitOption, None),
    "attribute": (shared.AttributeOption, None),
    "limit": (shared.LimitOption, None),
    "space": (shared.SpaceOption, None),
    "directions": (shared.ModelDirectionsOption, None),
    "rejected": (shared.RejectedOption, None),
    "seed": (shared.SeedOption, 0),
    "json": (shared.JsonOption, False),
}
"""Options of every question: type and default."""
_MODELS: dict[str, tuple[Any, Any]] = {
    "models": (ModelsArgument, None),
    "base": (shared.BaseOption, None),
    "template": (shared.TemplateOption, None),
    "layout": (shared.LayoutOption, None),
    "max_prompt_tokens": (shared.BudgetOption, None),
}
"""Options of questions about models."""
_NEEDS: dict[str, tuple[Any, Any]] = {
    "decoders": (Annotated[str | None, typer.Option(help="Decoders of the base: judge,guidance:1.5,…")], None),
    "annotator": (shared.AnnotatorOption, None),
    "neutral": (shared.NeutralOption, False),
    "personas": (Annotated[str | None, typer.Option(help="Evidence: ugc,pair,demo,behaviour,mixed,all.")], None),
    "draws": (Annotated[int, typer.Option(min=0, help="Also average pba over so many drawn directions.")], 0),
    "summaries": (shared.SummariesOption, None),
    "fit_data": (Annotated[Path | None, typer.Option(help="Training data; shows which dimensions are new.")], None),
    "judge": (Annotated[str | None, typer.Option(help="Recipe of the language model that judges.")], None),
    "recipe": (Annotated[str | None, typer.Option(help="Recipe of the few training steps; default: adapt.")], None),
}
"""Options of single questions."""


def parameters(question: Question) -> dict[str, tuple[Any, Any]]:
    """The options of a question's command: name -> type and default."""
    needs = (*question.needs, *question.takes)
    kept = {*_DATA, *needs, *(_MODELS if "models" in needs else ())}
    options = {**_DATA, **_MODELS, **_NEEDS}
    if "scorers" not in needs:
        options["models"] = (PoliciesArgument, None)
    return {
        name: _required(option) if name in question.needs else option
        for name, option in options.items()
        if name in kept
    }


def _required(option: tuple[Any, Any]) -> tuple[Any, Any]:
    """The option, whose help says that the question cannot be asked without it."""
    type_, default = option
    return _helped(type_, f"{get_args(type_)[1].help}  [required]"), default


def _helped(type_: Any, text: str) -> Any:
    """An annotated option or argument with another help text."""
    plain, info = get_args(type_)
    info = copy(info)
    info.help = text
    return Annotated[plain, info]


def command_of(question: Question) -> Any:
    """The function behind `penchant eval QUESTION`, with a signature that typer reads."""

    def run(*, json: bool, personas: str | None = None, **settings: Any) -> None:
        from penchant.runs.evaluate import evaluate

        kinds = names(personas)
        if personas is not None and not kinds:
            raise ConfigError(f"`personas` {personas}: give names, separated by commas")
        settings |= {name: settings.get(name) or () for name in ("models", "decoders")}
        settings["data"] = data_of(settings["data"], settings)
        found = evaluate(question.name, personas=kinds, reporter=CONSOLE, **settings)
        if json:
            result(as_json(found.as_json()))
        else:
            result(found.text())
            rows = found.measurement.results
            if more := len(rows.rows) - len(rows.main):
                CONSOLE.note(
                    f"{more} more rows, of subsets and other readings of the margins, are in the output of `json`"
                )

    typed = parameters(question)
    kind = inspect.Parameter.KEYWORD_ONLY
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, kind, default=default, annotation=type_) for name, (type_, default) in typed.items()]
    )
    run.__annotations__ = {name: type_ for name, (type_, _) in typed.items()}
    run.__doc__ = question.asks
    return run


for _question in QUESTIONS.values():
    app.command(_question.name)(command_of(_question))


@app.command("report")
@reads_data
def report(
    context: typer.Context,
    data: shared.DataOption,
    out: Annotated[Path, typer.Option(help="Folder for report.html, results.json, results.jsonl.")],
    models: PoliciesArgument = None,
    base: shared.BaseOption = None,
    template: shared.TemplateOption = None,
    layout: shared.LayoutOption = None,
    max_prompt_tokens: shared.BudgetOption = None,
    annotator: shared.AnnotatorOption = None,
    neutral: shared.NeutralOption = False,
    fit_data: Annotated[Path | None, typer.Option(help="Training data; shows which people are new.")] = None,
    split: shared.SplitOption = None,
    attribute: shared.AttributeOption = None,
    limit: shared.LimitOption = None,
    space: shared.SpaceOption = None,
    directions: shared.ModelDirectionsOption = None,
    rejected: shared.RejectedOption = None,
    seed: shared.SeedOption = 0,
    overwrite: shared.OverwriteOption = False,
    json: shared.JsonOption = False,
) -> None:
    """Write one HTML page with everything.

    Accuracy, limited, control, bias, cost, and the worst mistakes.
    """
    from penchant.eval.rows import table
    from penchant.runs.report import PAGE, write_report
    from penchant.runs.scorers import scorer_card

    typed = options_given(context)

    def alone(question: str) -> str:
        """The command that asks one question of the report by itself."""
        read = parameters(QUESTIONS[question])
        options = {name: value for name, value in typed.items() if name in read}
        if "scorers" not in QUESTIONS[question].takes:
            options["models"] = [model for model in models or () if scorer_card(Path(model)) is None]
        return written(f"penchant eval {question}", options)

    found = write_report(
        data=data,
        models=models or (),
        out=out,
        base=base,
        template=template,
        layout=layout,
        max_prompt_tokens=max_prompt_tokens,
        annotator=annotator,
        neutral=neutral,
        fit_data=fit_data,
        split=split,
        attribute=attribute,
        limit=limit,
        space=space,
        directions=directions,
        rejected=rejected,
        seed=seed,
        overwrite=overwrite,
        command=command_line(context),
        command_of=alone,
        reporter=CONSOLE,
    )
    if json:
        result(as_json(found.as_json()))
        return
    result(table(found.measurement.results.main))
    result(f"\nresults: {out / 'results.json'}\nreport:  {out / PAGE}")
