"""Shows the exact prompt that a model receives for one record; `penchant show prompt`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.errors import ConfigError
from penchant.manner import measured
from penchant.message import Message
from penchant.method import METHODS
from penchant.model.budget import prompt_budget
from penchant.person import meet_record
from penchant.persona import PERSONA_KINDS, Persona, PersonaKind
from penchant.record import Question, Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.annotators import annotator_for, read_evidence, report_caution
from penchant.runs.data import Data, find, space_for
from penchant.runs.models import as_trained, method_of_card
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.model.chat import ChatTokenizer


@dataclass(frozen=True, slots=True)
class RecordPrompt:
    """The prompt that a method makes for one record."""

    record_id: str
    messages: tuple[Message, ...]
    kept: int
    """Evidence items in the prompt."""
    dropped: int
    """Evidence items that the budget left out."""
    text: str | None
    """The messages in the chat template of a model; None without a model."""
    tokens: int | None
    """Tokens of that text; None without a model."""


def prompt(
    *,
    data: Path | Data,
    record: str | None = None,
    method: str | None = None,
    persona: str = "mixed",
    layout: str | None = None,
    model: str | None = None,
    template: str | None = None,
    max_prompt_tokens: int | None = None,
    seed: int = 0,
    space: str | None = None,
    directions: str | None = None,
    annotator: str | Path | None = None,
    summaries: str | Path | None = None,
    reporter: Reporter = QUIET,
) -> RecordPrompt:
    """The prompt of one record, with the record's own evidence, as in evaluation.

    Training samples anew from all evidence of a user instead.

    Args:
        record: id of the record; None is the first record.
        method: see `method.METHODS`; None: that of `model`, else ica.
        persona: the part of the evidence that is shown, see `persona.PERSONA_KINDS`.
        layout: see `render.LAYOUTS`; None: as `model` was trained.
        model: folder or Hub id of the model whose chat template is applied.
        template: chat template in place of that of `model`: chatml, plain, or a file.
        max_prompt_tokens: evidence beyond this many tokens of `model` is dropped; None: beyond the model's context.
        seed: of the draw of a mixed persona, as in evaluation.
        directions: of evidence, see `runs.data.DIRECTIONS`; None: as `model` was trained.
        annotator: what reads the evidence for a method that shows directions, see `runs.annotators.open_annotator`;
            None: penchant's own, if the data states none.
        summaries: recipe of a language model that writes the summary.
    Raises:
        ConfigError: an unknown method, persona or layout, or a budget without a model.
        DataError, SpaceMismatch: see `runs.data.find`.
        RecordError: the method cannot show the evidence, or the prompt alone exceeds the budget.
        ModelError: the model's tokenizer cannot be loaded.
    """
    method = method or method_of_card(model) or "ica"
    if method not in METHODS:
        raise ConfigError(f"`method` {method}: choose from {', '.join(METHODS)}")
    aligned = [] if model is None else [model]
    kind = _kind(persona)
    written, directions = as_trained(aligned, layout, directions, reporter=reporter)
    read_in = space_for(data, space, directions=directions)
    chosen = find(data, read_in, record)
    if directions == "measured":
        chosen = replace(chosen, persona=measured(chosen.persona))
    selected = chosen.persona.select(kind, seed=f"{seed}:{chosen.person_id}")
    if METHODS[method].bridged and directions != "measured":
        selected = _read(selected, annotator, read_in, stated=chosen.profile is not None, reporter=reporter)
    summary = _summary(summaries, selected, reporter)
    person = meet_record(chosen, selected, read_in, summary=summary)
    _report_selection(chosen, selected, kind, seed=seed, reporter=reporter)
    chat = _tokenizer(model, template)
    if template is not None and chat is None:
        raise ConfigError("`template` is applied to the prompt of a model; name it with `model`")
    if max_prompt_tokens is not None and chat is None:
        raise ConfigError("`max_prompt_tokens` counts tokens of a model; name it with `model`")
    answers = (chosen.chosen, chosen.rejected) if isinstance(chosen, Record) else ()
    budget = None if chat is None else prompt_budget(chat, answers, max_prompt_tokens=max_prompt_tokens)
    rendered = METHODS[method].record_messages(chosen, person, layout=written, budget=budget)
    return RecordPrompt(
        record_id=chosen.record_id,
        messages=rendered.messages,
        kept=rendered.kept,
        dropped=rendered.dropped,
        text=chat.prompt_text(rendered.messages) if chat else None,
        tokens=chat.count(rendered.messages) if chat else None,
    )


def _kind(persona: str) -> PersonaKind:
    for kind in PERSONA_KINDS:
        if kind == persona:
            return kind
    raise ConfigError(f"`persona` {persona}: choose from {', '.join(PERSONA_KINDS)}")


def _read(
    persona: Persona, annotator: str | Path | None, space: PreferenceSpace, *, stated: bool, reporter: Reporter
) -> Persona:
    """The persona with the directions that an annotator reads from it, if there is one."""
    annotator = annotator_for(annotator, persona.evidence, stated=stated, reporter=reporter)
    if annotator is None:
        return persona
    read = read_evidence(annotator, persona.evidence, space, reporter=reporter)
    report_caution(read.caution, reporter=reporter)
    return persona.rewritten(lambda item: read.items[item])


def _summary(recipe: str | Path | None, persona: Persona, reporter: Reporter) -> str | None:
    if recipe is None:
        return None
    from penchant.runs.language_models import summaries_of

    return summaries_of(recipe, [persona], reporter=reporter)(persona)


def _report_selection(
    record: Record | Question, selected: Persona, kind: PersonaKind, *, seed: int, reporter: Reporter
) -> None:
    """Notes where no evidence is shown, or only some of it."""
    if not selected.evidence and kind != "none":
        reporter.note(
            f"record '{record.record_id}' has no evidence for persona '{kind}': the model sees the bare prompt"
        )
    if kind == "mixed" and len(selected) < len(record.persona):
        reporter.note(
            f"{len(selected)} of the {len(record.persona)} items that record '{record.record_id}' has are shown, as "
            f"'mixed' draws them with seed {seed}; `persona` all shows each"
        )


def _tokenizer(model: str | None, template: str | None) -> ChatTokenizer | None:
    if model is None:
        return None
    from penchant.model.load import load_tokenizer

    return load_tokenizer(model, template=template)
