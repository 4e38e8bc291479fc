"""Language models behind an endpoint, as a recipe names them: what `--annotator` and `--summaries` open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.output import bar, say
from penchant.config import LLMAnnotatorSection, load_section
from penchant.errors import ConfigError
from penchant.persona import Persona
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.base import Annotator
    from penchant.model.remote import Endpoint

SummariesOption = Annotated[
    Path | None,
    typer.Option("--summaries", help="Recipe of a language model that writes what pba_summary and pba_both show."),
]


def annotator_of(recipe: Path, space: PreferenceSpace) -> Annotator:
    """The language model of a recipe as an annotator."""
    settings, endpoint = _opened(recipe)
    from penchant.infer.llm import LLMAnnotator

    return LLMAnnotator(endpoint, space, settings.orders, settings.samples, told=say)


def summaries_of(recipe: Path | None, personas: Iterable[Persona]) -> Callable[[Persona], str | None]:
    """What the language model of a recipe writes of some personas; None for any other, and without a recipe."""
    if recipe is None:
        return lambda _: None
    _, endpoint = _opened(recipe)
    from penchant.infer.summary import Summarizer

    asked = [persona for persona in dict.fromkeys(personas) if persona.evidence]
    with bar(len(asked), "writing summaries") as advance:
        return Summarizer(endpoint, told=say).write(asked, progress=advance).get


def _opened(recipe: Path) -> tuple[LLMAnnotatorSection, Endpoint]:
    settings = load_section(LLMAnnotatorSection, recipe)
    try:
        from penchant.model.ledger import Ledger
        from penchant.model.remote import Endpoint
    except ModuleNotFoundError as error:
        raise ConfigError(f"{recipe} asks a language model; run pip install 'penchant[llm]' ({error})") from error
    # open until the process ends: every answer is on disk at once
    return settings, Endpoint(settings.endpoint, Ledger(recipe.parent / settings.endpoint.ledger))
