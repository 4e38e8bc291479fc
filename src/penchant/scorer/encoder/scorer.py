"""The encoder scorer: a frozen sentence encoder, style counts, optional beliefs, and a logistic regression.

The margin is w · (g(A) - g(B)) with g from `scorer.encoder.features`: no bias and no centring, so it is antisymmetric
by construction. For a person without evidence it uses the features that read no persona.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Encoder
from penchant.errors import ModelError
from penchant.message import Conversation, conversation
from penchant.person import Person
from penchant.persona import Persona
from penchant.record import Record
from penchant.scorer.belief import BeliefScorer
from penchant.scorer.encoder.features import (
    FEATURES,
    IMPERSONAL,
    MANNER,
    TEXT,
    Beliefs,
    Lens,
    Space,
    contrast,
    features,
)
from penchant.scorer.encoder.identity import Identity
from penchant.scorer.encoder.texts import Contexts, Texts, texts_of

Parts = Literal["both", "text", "style", "none"]
PARTS: Mapping[Parts, tuple[str, ...]] = {
    "both": FEATURES,
    "text": TEXT,
    "style": MANNER,
    "none": IMPERSONAL,
}
"""Which features a scorer weighs: all, those of the persona's texts, of the persona's style, or of no persona."""
NAMES: Mapping[Parts, str] = {
    "both": "encoder",
    "text": "encoder_text",
    "style": "encoder_style",
    "none": "encoder",
}
"""Names in tables; `none` is the row `encoder` with the persona `none`."""

CARD, _WEIGHTS = "scorer.json", "scorer.safetensors"
_FORMAT = "penchant encoder scorer 4"


@dataclass(frozen=True, slots=True)
class EncoderScorer:
    """Fitted weights over a fitted lens; see `scorer.base.Scorer`."""

    encoder: Encoder
    lens: Lens
    weights: NDArray[np.float64]
    """(features,); 0 for features that `parts` leaves out."""
    parts: Parts
    records: int
    """Number of records it was fitted on."""
    people: int
    """Number of people it was fitted on."""
    people_digest: str
    """Digest of the people it was fitted on; see `record.people_digest`."""
    believer: BeliefScorer | None = None
    """Reads directions from evidence and answers; None: the scorer uses no beliefs."""

    @property
    def name(self) -> str:
        """See NAMES."""
        return NAMES[self.parts]

    @property
    def choices_only(self) -> bool:
        """False: it reads comments and descriptions too."""
        return False

    def margins(self, records: Sequence[Record], personas: Sequence[Persona]) -> NDArray[np.float64]:
        """Score of the chosen answer minus that of the rejected one, log-odds, (records,); embeds the texts."""
        return self.table_margins(Texts.of(texts_of(records, personas), self.encoder), records, personas)

    def table_margins(
        self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]
    ) -> NDArray[np.float64]:
        """See `TableScorer.table_margins`; in log-odds."""
        return self.weigh(pair_features(self.lens, texts, records, personas, self.believer))

    def score(self, person: Person, prompt: str | Conversation, answers: Sequence[str]) -> NDArray[np.float64]:
        """See `Scorer.score`; in log-odds, up to a constant that depends on the prompt.

        The score of an answer does not depend on the other answers; the difference of two scores is their margin.
        """
        task = conversation(prompt)[-1].content
        texts = Texts.of([task, *answers, *texts_of((), [person.persona])], self.encoder)
        prompts, personas = [task] * len(answers), [person.persona] * len(answers)
        belief = self.believer.score(person, task, answers) if self.believer else None
        contexts = Contexts.of(prompts, personas, texts)
        return self.weigh(features(self.lens.view(texts), contexts, texts.find(answers), belief))

    def weigh(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted sum of features or of contrasts, (rows, features) -> (rows,)."""
        # not `@`: its rounding may depend on neighbouring rows, and swapped answers must negate a margin exactly
        return np.asarray((values * self.weights).sum(axis=1))

    def save(self, folder: Path) -> None:
        """Writes `scorer.safetensors`, then the card `scorer.json`; the encoder is named, not copied."""
        from safetensors.numpy import save_file  # installed by the extra that installs an encoder

        folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: np.ascontiguousarray(value) for name, value in _arrays(self.lens).items()}
        save_file({**tensors, "weights": self.weights}, folder / _WEIGHTS)
        card = {
            "format": _FORMAT,
            "encoder": self.encoder.name,
            "parts": self.parts,
            "records": self.records,
            "people": self.people,
            "people_digest": self.people_digest,
            "annotator": self.believer.annotator.name if self.believer else None,
            "features": FEATURES,
        }
        # the card last: its presence means the weights are complete
        (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: Encoder, believer: BeliefScorer | None = None) -> EncoderScorer:
        """Loads a saved scorer; the encoder and the annotator must be those it was fitted with.

        Raises:
            ModelError: the folder holds no complete scorer, a scorer of another format or with other features, or one
                that was fitted with another encoder or annotator.
        """
        card, tensors = _read(folder)
        if card["encoder"] != encoder.name:
            raise ModelError(
                f"{folder}: fitted with encoder '{card['encoder']}', loaded with '{encoder.name}'; fit anew"
            )
        annotator = believer.annotator.name if believer else None
        if card["annotator"] != annotator:
            raise ModelError(
                f"{folder}: fitted with annotator '{card['annotator']}', loaded with '{annotator}'; give the same one"
            )
        return cls(
            encoder=encoder,
            lens=_lens(tensors),
            weights=tensors["weights"],
            parts=card["parts"],
            records=card["records"],
            people=card["people"],
            people_digest=card["people_digest"],
            believer=believer,
        )


def annotator_of(folder: Path) -> str | None:
    """The name of the annotator that a saved scorer was fitted with; None for a scorer without one.

    Raises:
        ModelError: the folder holds no complete scorer.
    """
    card, _ = _read(folder)
    return None if card["annotator"] is None else str(card["annotator"])


def pair_features(
    lens: Lens,
    texts: Texts,
    records: Sequence[Record],
    personas: Sequence[Persona],
    believer: BeliefScorer | None = None,
) -> NDArray[np.float64]:
    """Contrasts of records under a lens, (records, features); several scorers over one lens can weigh them."""
    contexts = Contexts.of([record.task for record in records], personas, texts)
    chosen, rejected = (texts.find(answers) for answers in answers_of(records))
    return contrast(lens.view(texts), contexts, chosen, rejected, belief_features(records, personas, believer))


def belief_features(records: Sequence[Record], personas: Sequence[Persona], believer: BeliefScorer | None) -> Beliefs:
    """How well the chosen and the rejected answers suit the belief about each person; None without a believer."""
    if believer is None:
        return None, None
    prompts = [record.task for record in records]
    chosen, rejected = (believer.suits(prompts, personas, answers) for answers in answers_of(records))
    return chosen, rejected


def answers_of(records: Sequence[Record]) -> tuple[list[str], list[str]]:
    """The chosen answers of the records, and their rejected answers."""
    return [record.chosen for record in records], [record.rejected for record in records]


_SPACE_TENSORS = ("mean", "turn", "spread", "axes")
_IDENTITY_TENSORS = ("mean", "turn", "people")


def _arrays(lens: Lens) -> dict[str, NDArray[np.float64]]:
    """The tensors of a lens under their names on disk."""
    arrays = {"style.mean": lens.style_mean, "style.spread": lens.style_spread}
    for name, space in (("final", lens.final), ("first", lens.first)):
        values = (space.mean_E, space.turn_EP, space.spread_P, space.axes_PA)
        arrays |= {f"{name}.{part}": value for part, value in zip(_SPACE_TENSORS, values, strict=True)}
    metric = (lens.identity.mean_E, lens.identity.turn_EM, lens.identity.people_CM)
    return arrays | {f"identity.{part}": value for part, value in zip(_IDENTITY_TENSORS, metric, strict=True)}


def _lens(tensors: Mapping[str, NDArray[np.float64]]) -> Lens:
    """The lens of `_arrays`."""
    return Lens(
        final=_space(tensors, "final"),
        first=_space(tensors, "first"),
        style_mean=tensors["style.mean"],
        style_spread=tensors["style.spread"],
        identity=Identity(
            mean_E=tensors["identity.mean"],
            turn_EM=tensors["identity.turn"],
            people_CM=tensors["identity.people"],
        ),
    )


def _space(tensors: Mapping[str, NDArray[np.float64]], name: str) -> Space:
    return Space(
        mean_E=tensors[f"{name}.mean"],
        turn_EP=tensors[f"{name}.turn"],
        spread_P=tensors[f"{name}.spread"],
        axes_PA=tensors[f"{name}.axes"],
    )


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        tensors = load_file(folder / _WEIGHTS)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, SafetensorError) as error:
        raise ModelError(f"{folder}: no complete encoder scorer ({error}); save it anew") from error
    if not isinstance(card, dict) or (card.get("format"), card.get("features")) != (_FORMAT, list(FEATURES)):
        raise ModelError(f"{folder / CARD}: not a card of '{_FORMAT}' with today's features; fit and save it anew")
    missing = [
        key for key in ("encoder", "parts", "records", "people", "people_digest", "annotator") if key not in card
    ]
    missing += sorted({"weights", "style.mean", "style.spread"} - set(tensors))
    missing += sorted({f"identity.{part}" for part in _IDENTITY_TENSORS} - set(tensors))
    of_spaces = [f"{space}.{part}" for space in ("final", "first") for part in _SPACE_TENSORS]
    missing += [key for key in of_spaces if key not in tensors]
    if missing or card["parts"] not in PARTS or tensors["weights"].shape != (len(FEATURES),):
        raise ModelError(f"{folder}: card and weights do not fit each other ({', '.join(missing)}); save it anew")
    # a spread may be infinite, where the training data never varied; NaN is always damage
    if any(np.isnan(values).any() for values in tensors.values()):
        raise ModelError(f"{folder / _WEIGHTS}: weights that are not numbers; fit and save it anew")
    return card, tensors
