"""Language models behind an endpoint, as a recipe names them: what `--annotator`, `--summaries` and `--judge` open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.output import bar, say
from penchant.config import EndpointSection, JudgeSection, LLMAnnotatorSection, load_section
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
JudgeOption = Annotated[
    Path | None,
    typer.Option("--judge", help="--suite judge: recipe of a language model that judges answers."),
]


def annotator_of(recipe: Path, space: PreferenceSpace) -> Annotator:
    """The language model of a recipe as an annotator."""
    settings = load_section(LLMAnnotatorSection, recipe)
    endpoint = _opened(recipe, settings.endpoint)
    from penchant.infer.llm import LLMAnnotator

    return LLMAnnotator(endpoint, space, settings.orders, settings.samples, note=say)


def summaries_of(recipe: Path | None, personas: Iterable[Persona]) -> Callable[[Persona], str | None]:
    """What the language model of a recipe writes of some personas; None for any other, and without a recipe."""
    if recipe is None:
        return lambda _: None
    endpoint = _opened(recipe, load_section(LLMAnnotatorSection, recipe).endpoint)
    from penchant.infer.summary import Summarizer

    asked = [persona for persona in dict.fromkeys(personas) if persona.evidence]
    with bar(len(asked), "writing summaries") as advance:
        return Summarizer(endpoint, note=say).write(asked, progress=advance).get


def judge_of(recipe: Path) -> Endpoint:
    """The language model of a recipe as a judge, with a key to ask it."""
    endpoint = _opened(recipe, load_section(JudgeSection, recipe).endpoint)
    endpoint.require_key()
    return endpoint


def _opened(recipe: Path, settings: EndpointSection) -> Endpoint:
    try:
        from penchant.model.ledger import Ledger
        from penchant.model.remote import Endpoint
    except ModuleNotFoundError as error:
        raise ConfigError(f"{recipe} asks a language model; run pip install 'penchant[llm]' ({error})") from error
    # open until the process ends: every answer is on disk at once
    return Endpoint(settings, Ledger(recipe.parent / settings.ledger))
