"""Writes one answer for one person, with a decoder that needs no training; `penchant generate`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from penchant.errors import ConfigError
from penchant.message import conversation
from penchant.method import METHODS
from penchant.person import Person
from penchant.render import without_notes
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data, space_for
from penchant.runs.models import method_of_card
from penchant.runs.quiet import quiet_libraries
from penchant.runs.rank import evidence_of, person_of, scorer_of

if TYPE_CHECKING:
    from penchant.model.base import Sampling, Writes
    from penchant.scorer.base import Scorer

OF_PERSON: Final = ("directions", "best_of")
"""Decoders of `generate` beside `decode.decoders.DECODERS`. They need the person, not only a prompt with notes.
`directions`: a voice for each preference (`decode.directions`). `best_of`: the answer of several that suits best."""
_CANDIDATES = 4


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
    """`stop`: the model ended its answer. `length`: the token limit was reached."""


def generate(
    prompt: str,
    *,
    user: str | Path,
    model: str,
    settings: Sampling,
    method: str | None = None,
    decoder: str = "plain",
    strength: float | None = None,
    candidates: int | None = None,
    scorer: str | None = None,
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
        model: folder or Hub id of a model, or smollm2; or the YAML recipe of a model behind an API.
        method: what the model is told of the person: a name of `METHODS`, such as ica (the evidence, also for None) or
            pba (inferred directions). `directions` has voices of its own and takes none.
        decoder: a name of `decode.decoders.DECODERS`, or of OF_PERSON.
        strength: how hard the decoder steers; None takes its usual strength.
        candidates, scorer: of best_of, how many answers are written (4 for None), and the aligned model or learned
            scorer that ranks them (see `runs.rank`). Without one, the belief about the person does (`scorer.belief`).
        piece: receives the text as it is written; best_of gives the whole answer at once.
    Raises:
        ConfigError: an unknown method or decoder, a strength that the decoder cannot have, a model behind an API where
            probabilities are needed, or no such person.
        ModelError: the model cannot be loaded, or the prompt is longer than its context.
        RecordError: the method cannot show the person, or nothing is believed of them that could steer.
    """
    method = _require(prompt, method, decoder, strength)
    candidates = _candidates(decoder, candidates, scorer)
    read_in = space_for(data or Path(user), space)
    user_id, evidence = evidence_of(user, data, read_in, reporter)
    # the belief that ranks for best_of reads the evidence itself
    ranked_by = None if scorer is None else method_of_card(scorer)
    bridged = any(METHODS[name].bridged for name in (method, ranked_by) if name is not None)
    person = person_of(evidence, read_in, bridged=bridged, annotator=annotator, summaries=None, reporter=reporter)
    if not person.persona.items and not person.corrections:
        reporter.note(f"there is no evidence of '{user_id}': the answer is for anybody")
    turns = conversation(prompt)
    messages = METHODS[method].messages(person, turns).messages
    from penchant.decode.decoders import decoded, stepping, strength_of

    with quiet_libraries():
        loaded = _opened(model, template)
        if decoder == "best_of":
            ranker = scorer_of(scorer, person, read_in, annotator=annotator, template=template, reporter=reporter)
            writer: Writes = _best_of(loaded, ranker, person, candidates)
            dial = None
        elif decoder == "directions":
            from penchant.decode.directions import blend, steered

            dial = 1.0 if strength is None else strength
            dimensions = steered(person, read_in, strength=dial)
            poles = "; ".join(f"{one.pole} ({one.weight:.2f})" for one in dimensions)
            reporter.note(f"steered by: {poles}")
            writer, messages = blend(stepping(loaded), dimensions), turns
        else:
            writer = loaded if decoder == "plain" else decoded(loaded, decoder, strength)
            dial = None if strength is None and decoder in ("plain", "judge") else strength_of(decoder, strength)
    for part in writer.stream(messages, settings):
        if isinstance(part, str):
            piece(part)
        else:
            written = part
    return Generated(user_id, written.text, method, decoder, dial, written.answer_tokens, written.finish)


def _require(prompt: str, method: str | None, decoder: str, strength: float | None) -> str:
    """Refuses what cannot be asked; the name of the method otherwise."""
    from penchant.decode.decoders import DECODERS, strength_of

    if not prompt.strip():
        raise ConfigError("the prompt is empty; give it as one text in quotes")
    if method is not None and decoder == "directions":
        raise ConfigError("`method`: directions has a voice for each preference; leave it out")
    if method not in (None, *METHODS):
        raise ConfigError(f"`method` {method}: choose from {', '.join(METHODS)}")
    if decoder not in (*DECODERS, *OF_PERSON):
        raise ConfigError(f"`decoder` {decoder}: choose from {', '.join((*DECODERS, *OF_PERSON))}")
    if decoder == "best_of" and strength is not None:
        raise ConfigError("`strength`: best_of has none; set `candidates`")
    if decoder in DECODERS:
        strength_of(decoder, strength)
    return method or ("pba" if decoder == "directions" else "ica")


def _candidates(decoder: str, candidates: int | None, scorer: str | None) -> int:
    """How many answers best_of writes; other decoders take neither setting."""
    if decoder != "best_of":
        for name, value in (("candidates", candidates), ("scorer", scorer)):
            if value is not None:
                raise ConfigError(f"`{name}`: {decoder} has none; take best_of")
    if candidates is not None and candidates < 2:
        raise ConfigError(f"`candidates` is {candidates}; give at least 2 to choose from")
    return candidates or _CANDIDATES


def _opened(model: str, template: str | None) -> Any:
    """The model on this machine, or behind an API."""
    if Path(model).suffix in (".yaml", ".yml"):
        from penchant.runs.language_models import endpoint_of

        return endpoint_of(model)
    from penchant.model.local import LocalModel

    return LocalModel.load(model, template=template)


def _best_of(writer: Writes, scorer: Scorer, person: Person, candidates: int) -> Writes:
    from penchant.decode.best_of import BestOf

    return BestOf(
        writer, lambda prompt, answers: scorer.score(person, without_notes(prompt), answers), candidates
    )  # fmt: skip
