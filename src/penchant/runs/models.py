"""Finds out from a folder's card whether the folder holds a model or a scorer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from penchant.errors import ConfigError
from penchant.method import METHODS
from penchant.record import Record, people_digest
from penchant.render import Layout, layout_named
from penchant.reporter import Reporter
from penchant.runs.scorers import scorer_card

_TRAINED = tuple(name for name, method in METHODS.items() if method.trained)


@dataclass(frozen=True, slots=True)
class Sources:
    """Locations of models and scorers."""

    base: str | None
    """Folder or Hub id of the base that the policies were aligned from; None with scorers alone."""
    policies: Mapping[str, str] = field(default_factory=dict)
    """Method -> folder or Hub id of its model."""
    scorers: tuple[Path, ...] = ()
    """Folders of learned scorers."""


def sources_of(models: Sequence[str], base: str | None = None) -> Sources:
    """The models and scorers of some paths.

    Args:
        models: folders whose cards say what they hold, or METHOD=FOLDER, or METHOD=ORG/MODEL for the Hub.
        base: folder or Hub id of the base, where no card names it.
    Raises:
        ConfigError: a path without a card, two models of one method, or no base.
        ModelError: a folder that holds no model.
    """
    from penchant.model.load import require_model

    policies: dict[str, str] = {}
    scorers: list[Path] = []
    for text in models:
        if (method_source := _prefixed(text)) is None and scorer_card(Path(text)) is not None:
            scorers.append(Path(text))
            continue
        method, source = method_source or (_method_of(Path(text)), text)
        if method in policies:
            raise ConfigError(f"{policies[method]} and {source} are both aligned by {method}; give one of them")
        policies[method] = source
    resolved = _base_of(policies, base)
    for source in (*filter(None, (resolved,)), *policies.values()):
        require_model(source)
    return Sources(resolved, policies, tuple(scorers))


def base_template(sources: Sources, template: str | None) -> str | None:
    """The chat template that the base reads: the one given, else that of a model aligned from it, else its own.

    A base without a template is aligned with one that was given, and the aligned model keeps it.
    """
    saved = (Path(source) / "chat_template.jinja" for source in sources.policies.values())
    return template or next((str(file) for file in saved if file.is_file()), None)


class Prompts(NamedTuple):
    """How prompts are made."""

    layout: Layout
    directions: str


def as_trained(models: Iterable[str], layout: str | None, directions: str | None, *, reporter: Reporter) -> Prompts:
    """How prompts are made for some models: as stated, else as the models were trained, else the usual way.

    Args:
        models: folders of aligned models, whose cards say how their prompts were made.
        layout, directions: what the user asks for; None leaves it to the cards.
    Raises:
        ConfigError: the models were trained with different values, or there is no such layout.
    """
    folders = list(models)
    chosen = _as_trained(folders, "layout", layout, usual="user_first", reporter=reporter)
    return Prompts(
        layout_named(chosen), _as_trained(folders, "directions", directions, usual="given", reporter=reporter)
    )


def _as_trained(models: Sequence[str], setting: str, stated: str | None, *, usual: str, reporter: Reporter) -> str:
    from penchant.model.card import prompts_of

    cards = {source: value for source in models if (value := prompts_of(Path(source)).get(setting)) is not None}
    if stated is not None:
        for source in (name for name, value in cards.items() if value != stated):
            reporter.note(f"{source} was trained with {setting} {cards[source]}, and is asked with {stated}")
        return stated
    if len(set(cards.values())) > 1:
        each = ", ".join(f"{source} with {value}" for source, value in cards.items())
        raise ConfigError(f"the models were trained with different {setting} ({each}); choose with `{setting}`")
    value = next(iter(cards.values()), usual)
    if value != usual:
        reporter.note(f"{setting}: {value}, as the cards of the models say")
    return value


def method_of_card(model: str | Path | None) -> str | None:
    """The one method that the card of a model names; None without a card, or if it names none or several."""
    from penchant.model.card import tags

    methods = [] if model is None else [name for name in _TRAINED if name in tags(Path(model))]
    return methods[0] if len(methods) == 1 else None


def _prefixed(text: str) -> tuple[str, str] | None:
    """(method, source) of `METHOD=SOURCE`; None for a plain path."""
    method, separator, source = text.partition("=")
    if not separator or Path(text).exists():
        return None
    if method not in _TRAINED or not source:
        raise ConfigError(f"{text}: write METHOD=FOLDER or METHOD=ORG/MODEL; methods are {', '.join(_TRAINED)}")
    return method, source


def _method_of(folder: Path) -> str:
    """The method that the card of a model names."""
    from penchant.infer.fitted import CARD as ANNOTATOR_CARD
    from penchant.model.card import tags

    if not folder.is_dir():
        raise ConfigError(
            f"there is no folder {folder}; check the path, or write METHOD=ORG/MODEL for a model of the Hub, "
            f"for instance ica={folder}"
        )
    if (folder / ANNOTATOR_CARD).is_file():
        raise ConfigError(f"{folder} holds an annotator; name it with `annotator`")
    if (method := method_of_card(folder)) is not None:
        return method
    methods = [name for name in _TRAINED if name in tags(folder)]
    why = f"names {' and '.join(methods)}" if methods else "names no method, or is missing (README.md)"
    raise ConfigError(f"{folder}: its card {why}; write METHOD={folder}, for instance ica={folder}")


def _base_of(policies: Mapping[str, str], base: str | None) -> str | None:
    from penchant.model.card import base_of

    if base is not None or not policies:
        return base
    named = {source: base_of(Path(source)) for source in policies.values()}
    bases = {str(Path(name).resolve()): name for name in named.values() if name is not None}
    if not bases:
        raise ConfigError(f"no card says which base {', '.join(named)} was aligned from; name it with `base`")
    if len(bases) > 1:
        each = ", ".join(f"{source} from {name}" for source, name in named.items())
        raise ConfigError(f"the models were aligned from different bases ({each}); name one with `base`")
    return next(iter(bases.values()))


def report_mismatches(sources: Sources, records: Sequence[Record], *, reporter: Reporter) -> None:
    """Notes where a card disagrees with how its model is measured: method, base, or people it was trained on."""
    from penchant.model.card import base_of, tags, trained_on

    people = people_digest(records)
    for method, source in sources.policies.items():
        folder = Path(source)
        others = [name for name in _TRAINED if name in tags(folder) and name != method]
        if others and method not in tags(folder):
            reporter.note(f"{source} was aligned by {', '.join(others)} as its card says, and is measured as {method}")
        base = base_of(folder)
        if base is not None and sources.base is not None and Path(base).resolve() != Path(sources.base).resolve():
            reporter.note(f"{source} was aligned from {base} as its card says, and is measured against {sources.base}")
        if people in trained_on(folder):
            reporter.note(
                f"{source} was aligned to just these people as its card says: this is no measure of new people"
            )
