"""How often a model ranks two answers as the person does, compared with every control (a rule without a model)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from penchant.errors import ConfigError, RecordError
from penchant.eval.bench import draw_condition
from penchant.eval.measured import Measured
from penchant.eval.questions.base import Answer, Inputs, Question
from penchant.eval.score import Scored
from penchant.method import METHODS
from penchant.persona import PersonaKind

PERSONAS: tuple[PersonaKind, ...] = ("ugc", "pair", "demo", "mixed")
"""Kinds of evidence to measure if the user names none."""
CHOICES: tuple[PersonaKind, ...] = ("ugc", "pair", "demo", "behaviour", "mixed", "all")


def measure(inputs: Inputs) -> Answer:
    """Margins of the models, of learned scorers, and of every control, under each kind of evidence.

    Raises:
        ConfigError: an unknown kind of evidence, or nothing to measure.
        RecordError: fewer than two people, or evidence that a method cannot show.
    """
    personas = _kinds(inputs.personas) if inputs.personas else _usual(inputs)
    bench = inputs.bench
    if bench.reference is None and not inputs.scorers:
        raise ConfigError("there is nothing to measure; give models, or a `base`")
    note_bare(inputs, personas)
    # with one kind of evidence, another person's evidence is of the same kind, so that only the person differs
    bench.swapped = personas[0] if len(personas) == 1 else "mixed"
    with inputs.passes(bench.passes(personas)):
        scored = tuple(bench.score(inputs.records, personas))
    return Answer(measured=Measured(bench.setting, (*scored, *_of_scorers(inputs, personas))))


def _usual(inputs: Inputs) -> tuple[PersonaKind, ...]:
    """The usual kinds of evidence, less those of which no record has any; all of them if there is none at all."""
    if not any(record.persona.items for record in inputs.records):
        return PERSONAS
    kinds = available(inputs, PERSONAS)
    if missing := [kind for kind in PERSONAS if kind not in kinds]:
        inputs.reporter.note(f"nobody has evidence of kind {' or '.join(missing)}, which is left out")
    return kinds


def available(inputs: Inputs, personas: Sequence[PersonaKind]) -> tuple[PersonaKind, ...]:
    """The kinds of evidence that at least one record shows.

    Raises:
        RecordError: no record shows any.
    """
    seed = inputs.seed
    kinds = tuple(k for k in personas if any(draw_condition(inputs.records, k, seed=seed).personas))
    if not kinds:
        dataset = inputs.bench.setting.dataset
        raise RecordError(f"no record of {dataset} shows any evidence of a person; there is nothing to align to")
    return kinds


def note_bare(inputs: Inputs, personas: Sequence[str]) -> None:
    """Notes how many records show no evidence under a condition."""
    for persona in personas:
        drawn = draw_condition(inputs.records, persona, seed=inputs.seed)
        bare = sum(not one.evidence for one in drawn.personas)
        if bare:
            inputs.reporter.note(
                f"{bare:,} of {len(inputs.records):,} records show nothing under '{persona}': "
                "they are asked the bare prompt"
            )


def _of_scorers(inputs: Inputs, personas: Sequence[str]) -> Iterator[Scored]:
    if not inputs.scorers:
        return
    from penchant.encoder.sentence import load_encoder
    from penchant.eval.table_scorers import scores_of
    from penchant.scorer.encoder.texts import Texts, texts_of

    records = inputs.records
    distinct = texts_of(records, [record.persona for record in records])
    with inputs.reporter.bar(len(distinct), "embedding texts") as advance:
        texts = Texts.of(distinct, load_encoder(), progress=advance)
    yield from scores_of(inputs.bench, records, personas, scorers=inputs.scorers, texts=texts)


def _kinds(personas: Sequence[str]) -> tuple[PersonaKind, ...]:
    kinds = tuple(kind for name in dict.fromkeys(personas) for kind in CHOICES if kind == name)
    if not kinds or len(kinds) < len(set(personas)):
        raise ConfigError(f"`personas` {','.join(personas)}: choose from {', '.join(CHOICES)}")
    return kinds


def _check(inputs: Mapping[str, Any]) -> None:
    for name in inputs.get("models") or ():
        if name not in METHODS:
            raise ConfigError(f"no method is called '{name}'; there are {', '.join(METHODS)}")
    if personas := inputs.get("personas"):
        _kinds(personas)


ACCURACY = Question(
    name="accuracy",
    asks="How often do models prefer the answer that the person chose?",
    title="How accurate is it?",
    needs=(),
    takes=("models", "scorers", "decoders", "annotator", "neutral", "personas", "draws", "summaries"),
    measure=measure,
    check=_check,
)
