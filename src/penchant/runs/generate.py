"""Writes one answer for one person, with a decoder that needs no training; `penchant generate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from penchant.errors import ConfigError
from penchant.message import Message, conversation
from penchant.method import METHODS
from penchant.person import Person
from penchant.render import BRIDGES
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data, space_for
from penchant.runs.quiet import quiet_libraries
from penchant.runs.rank import evidence_of, person_of

if TYPE_CHECKING:
    from penchant.decode.blend import Voice
    from penchant.model.base import Sampling, Steps, Written

DECODERS: Final = ("plain", "guidance", "mixture", "judge")
"""`plain`: the person in the prompt. `guidance` and `mixture`: see `decode.formulas`, between the prompt alone and the
prompt with the person. `judge`: Persona-judge (`decode.judge`), where the two draft and judge in turns."""


@dataclass(frozen=True, slots=True)
class Generated:
    """An answer."""

    user_id: str
    text: str
    method: str
    decoder: str
    strength: float | None
    """None for decoders without a strength."""
    tokens: int
    finish: str
    """`stop`: the model ended its answer. `length`: no tokens were left."""
    acceptance: float | None = None
    """Share of drafted tokens that were accepted; None for decoders that draft none."""


def generate(
    prompt: str,
    *,
    user: str | Path,
    model: str,
    settings: Sampling,
    method: str = "ica",
    decoder: str = "plain",
    strength: float = 1.0,
    data: Path | Data | None = None,
    annotator: str | Path | None = None,
    space: str | None = None,
    template: str | None = None,
    piece: Callable[[str], None] = lambda _: None,
    reporter: Reporter = QUIET,
) -> Generated:
    """Writes an answer.

    Args:
        user: the JSON file of one person; with `data`, a user id.
        model: folder or Hub id of a model, or smollm2.
        method: how the person is told: a name of `METHODS`, such as ica (the history) or pba (inferred directions).
        decoder: one of `DECODERS`.
        strength: of guidance (0 is the prompt alone, 1 the prompt with the person, more goes further) or of a mixture
            (the share of tokens from the prompt with the person, at most 1).
        piece: receives the text as it is written; `judge` gives the whole answer at once.
    Raises:
        ConfigError: an unknown method or decoder, a strength that the decoder cannot have, or no such person.
        ModelError: the model cannot be loaded, or the prompt is longer than its context.
        RecordError: the method cannot show the person.
    """
    _require(prompt, method, decoder, strength)
    read_in = space_for(data or Path(user), space)
    user_id, evidence = evidence_of(user, data, read_in, reporter)
    bridged = METHODS[method].content in BRIDGES
    person = person_of(evidence, read_in, bridged=bridged, annotator=annotator, summaries=None, reporter=reporter)
    if not person.persona.items and not person.corrections:
        reporter.note(f"there is no evidence of '{user_id}': the answer is for anybody")
    voice = _voice(person, method)
    turns = conversation(prompt)
    voice(turns)  # what cannot be shown is refused before the model is loaded
    from penchant.model.local import LocalModel

    with quiet_libraries():
        steps = LocalModel.load(model, template=template)
    if decoder == "judge":
        written, acceptance = _judged(steps, voice, turns, settings)
        piece(written.text)
        return Generated(
            user_id, written.text, method, decoder, None, written.answer_tokens, written.finish, acceptance
        )
    for part in _streamed(steps, voice, turns, decoder, strength, settings):
        if isinstance(part, str):
            piece(part)
        else:
            written = part
    dial = None if decoder == "plain" else strength
    return Generated(user_id, written.text, method, decoder, dial, written.answer_tokens, written.finish)


def _require(prompt: str, method: str, decoder: str, strength: float) -> None:
    if not prompt.strip():
        raise ConfigError("the prompt is empty; give it as one text in quotes")
    if method not in METHODS:
        raise ConfigError(f"`method` {method}: choose from {', '.join(METHODS)}")
    if decoder not in DECODERS:
        raise ConfigError(f"`decoder` {decoder}: choose from {', '.join(DECODERS)}")
    if decoder == "guidance" and strength < 0:
        raise ConfigError(f"`strength` is {strength:g}; guidance takes 0 and more")
    if decoder == "mixture" and not 0 <= strength <= 1:
        raise ConfigError(f"`strength` is {strength:g}; a mixture takes a share from 0 to 1")


def _voice(person: Person, method: str) -> Voice:
    """The prompt with the person, as the method shows it."""
    return lambda prompt: METHODS[method].messages(person, prompt).messages


def _streamed(
    steps: Steps, voice: Voice, turns: Sequence[Message], decoder: str, strength: float, settings: Sampling
) -> Iterator[str | Written]:
    from penchant.decode.blend import Blend, as_asked
    from penchant.decode.formulas import guidance, mixture
    from penchant.model.write import stream

    if decoder == "plain":
        return stream(steps, voice(turns), settings)
    formula = guidance(strength) if decoder == "guidance" else mixture((1 - strength, strength))
    return stream(Blend(steps, (as_asked, voice), formula), turns, settings)


def _judged(steps: Steps, voice: Voice, turns: Sequence[Message], settings: Sampling) -> tuple[Written, float]:
    from penchant.decode.blend import as_asked
    from penchant.decode.judge import PersonaJudge

    judge = PersonaJudge(steps, as_asked, voice)
    (written,) = judge.write([turns], settings)
    return written, judge.tokens.acceptance
