"""Opens the remote language models that recipes name: an annotator, a writer of summaries, a judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.config import EndpointSection, JudgeSection, LLMAnnotatorSection, load_section, recipe_folder
from penchant.errors import ConfigError
from penchant.persona import Persona
from penchant.reporter import QUIET, Reporter
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.base import Annotator
    from penchant.model.remote import Endpoint


def language_annotator(recipe: str | Path, space: PreferenceSpace, *, reporter: Reporter = QUIET) -> Annotator:
    """The language model of a recipe as an annotator.

    Args:
        recipe: the name of a shipped recipe, or the path of a YAML file.
    Raises:
        ConfigError: the recipe cannot be used, or the package `openai` is missing.
    """
    settings = load_section(LLMAnnotatorSection, recipe)
    endpoint = _open(recipe, settings.endpoint)
    from penchant.infer.llm import LLMAnnotator

    return LLMAnnotator(endpoint, space, settings.orders, settings.samples, note=reporter.note)


def summaries_of(
    recipe: str | Path | None, personas: Iterable[Persona], *, reporter: Reporter = QUIET
) -> Callable[[Persona], str | None]:
    """Maps each of some personas to a summary that the language model of a recipe writes.

    The mapping returns None for any other persona, and for every persona where there is no recipe.

    Raises:
        ConfigError, ModelError: the recipe cannot be used, or as `Endpoint.ask`.
    """
    if recipe is None:
        return lambda _: None
    endpoint = _open(recipe, load_section(LLMAnnotatorSection, recipe).endpoint)
    from penchant.infer.summary import Summarizer

    distinct = [persona for persona in dict.fromkeys(personas) if persona.evidence]
    with reporter.bar(len(distinct), "writing summaries") as advance:
        return Summarizer(endpoint, note=reporter.note).write(distinct, progress=advance).get


def endpoint_of(recipe: str | Path) -> Endpoint:
    """The language model of a recipe, to write or to judge.

    Raises:
        ConfigError: the recipe cannot be used, or its key is not set.
    """
    endpoint = _open(recipe, load_section(JudgeSection, recipe).endpoint)
    endpoint.require_key()
    return endpoint


def _open(recipe: str | Path, settings: EndpointSection) -> Endpoint:
    try:
        from penchant.model.ledger import Ledger
        from penchant.model.remote import Endpoint
    except ModuleNotFoundError as error:
        raise ConfigError(f"{recipe} asks a language model; run pip install 'penchant[llm]' ({error})") from error
    # the ledger stays open until the process ends: every answer is on disk at once
    return Endpoint(settings, Ledger(recipe_folder(recipe) / settings.ledger))
