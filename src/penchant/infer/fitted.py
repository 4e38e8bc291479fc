"""The fitted annotator: a head over an encoder, which infers any dimension from the phrases of its two poles.

A pole is one side of a dimension. `penchant.fit.annotator` fits the head on items with known directions. For a
dimension outside the fit, the head uses the pole phrases; labelled examples of the dimension, if there are any, move
its poles towards the examples. An item gets no pole if it is not in its author's own voice, or if the encoder does not
know its words. Probabilities are calibrated (`doubt`): confidence falls with the distance from the clauses of the fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from penchant.encoder import low_rank
from penchant.encoder.base import Encoder, Progress
from penchant.encoder.low_rank import UPDATE
from penchant.errors import ModelError
from penchant.infer.annotate import STATED
from penchant.infer.base import NOT_OWN, UNFAMILIAR, Readings, Reason
from penchant.infer.bilinear import BilinearHead
from penchant.infer.calibration import NO_DOUBT, Doubt, novelty
from penchant.infer.cosine import CosineHead
from penchant.infer.head import Clauses, Head, Poles, flatten_clauses
from penchant.infer.heldout import HeldOut
from penchant.infer.labelled import Labelled
from penchant.infer.pieces import Parts, parts
from penchant.infer.voice import Voice
from penchant.persona import Evidence
from penchant.posterior import kind_of
from penchant.space import PreferenceSpace

BATCH = 128
"""Items of a step of a fit."""
_AT_ONCE = 512
"""Items that are read at once: many enough that sentences of equal length fill the encoder's batches."""
FAMILIAR = 0.6
"""Minimum share of words that the encoder must know for an item to be read in full. One in a hundred real English texts
has less (all-MiniLM-L6-v2 on three files of them); nearly all texts in other European languages do: 0.1 to 0.5."""
CARD, _WEIGHTS = "annotator.json", "annotator.safetensors"
_FORMAT = "penchant encoder annotator 3"
_COSINE = "cosine"
"""Name of the head of a tuned encoder on cards; cards of older annotators name none."""
_MIN_CELLS = 200
"""With fewer cells, figures of new wordings are too uncertain to report."""


@dataclass(frozen=True)
class EncoderAnnotator:
    """A fitted head over an encoder; see `infer.base.Annotator`."""

    encoder: Encoder
    space: PreferenceSpace
    head: Head
    mean_E: NDArray[np.float32]
    """Mean vector of the clauses of the fit; it is subtracted from every vector."""
    voice: Voice
    """Decides whether a passage is in its author's own voice."""
    known_CE: NDArray[np.float32]
    """Vectors of the most frequent clauses of the fit, rows of length 1; novelty is the distance to them. They are
    computed from people's texts: delete an annotator together with its data."""
    doubt: Doubt = NO_DOUBT
    items: int = 0
    """Number of items of the fit."""
    held_out: HeldOut | None = None
    """Reading quality on people outside the fit; None if too few were held out, or the card has no figures."""
    new_words: HeldOut | None = None
    """Reading quality on words outside the fit; None if no word could be left out."""
    examples: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=dict)
    """Dimension id -> mean vectors of labelled clauses for the positive and for the negative pole."""
    learned: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=dict)
    """Dimension id -> vectors of its poles, positive and negative, fitted together with the encoder (`fit.tuning`). The
    poles of other dimensions, and of one whose phrases are others than in the fit, are the vectors of their phrases."""
    phrase_scale: float = 1.0
    """Length of the poles of dimensions that are not in `learned`; learned poles are longer than 1, too."""
    by_sentence: bool = False
    """Whether whole sentences are read, in place of clauses; see `pieces.parts`."""

    credits: tuple[str, ...] = ()
    """Sources, with licences, of texts without labels that the annotator learned from."""

    @property
    def name(self) -> str:
        """The annotator's name on cards."""
        return f"encoder head over {self.encoder.name}"

    def annotate(self, items: Sequence[Evidence], *, progress: Progress | None = None) -> Readings:
        """See `Annotator.annotate`."""
        read = np.empty((len(items), len(self.space), 3), dtype=np.float32)
        poles = self.poles()
        with torch.inference_mode():
            for start in range(0, len(items), _AT_ONCE):
                batch = items[start : start + _AT_ONCE]
                split = [self.parts(item) for item in batch]
                kinds, own = [kind_of(item) for item in batch], self._own_voice(split)
                probabilities = self._probabilities(own, kinds, poles)
                # a hedged clause is as likely meant as not: average the readings with it and without it
                hedged = [row for row, clauses in enumerate(own) if any(clauses.hedged) and not self.by_sentence]
                if hedged:
                    plain = self._probabilities([own[i].plain() for i in hedged], [kinds[i] for i in hedged], poles)
                    probabilities[hedged] = (probabilities[hedged] + plain) / 2
                probabilities[:, :, ::2] *= _trust(self._familiarity(split))[:, None, None]
                probabilities[:, :, 1] = np.maximum(0, 1 - probabilities[:, :, 0] - probabilities[:, :, 2])
                read[start : start + len(batch)] = probabilities
                if progress is not None:
                    progress(len(batch))
        return read

    def _probabilities(self, split: Sequence[Parts], kinds: Sequence[int], poles: Poles) -> NDArray[np.float32]:
        """P(negative), P(neutral), P(positive) of each item, (items, D, 3)."""
        logits, novelty_ND = self.logits(flatten_clauses(split, kinds, self._vectors), poles)
        return np.asarray(self.doubt.apply(logits, novelty_ND).softmax(-1).numpy())

    def parts(self, item: Evidence) -> Parts:
        """The clauses or sentences of an item, by their part in it."""
        return parts(item, by_sentence=self.by_sentence)

    def logits(self, clauses: Clauses, poles: Poles) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits before doubt, (N, D, 3), and novelty, (N, D)."""
        sided = clauses.vectors_PE[clauses.side_P != 0]
        return self.head.read(clauses, poles, novelty(sided, torch.from_numpy(self.known_CE)))

    def set_aside(self, items: Sequence[Evidence]) -> list[Reason | None]:
        """See `Annotator.set_aside`."""
        split = [self.parts(item) for item in items]
        shares = self._familiarity(split)
        silent = [not any((*clauses.own, *clauses.against)) for clauses in self._own_voice(split)]
        reasons: list[Reason | None] = [
            UNFAMILIAR if share < FAMILIAR else NOT_OWN if is_silent else None
            for share, is_silent in zip(shares, silent, strict=True)
        ]
        # another voice is a reason only if the words would state a pole as the author's own
        rejected = [i for i, clauses in enumerate(split) if reasons[i] == NOT_OWN and any(_sided(clauses))]
        if rejected:
            accepting = replace(self, voice=self.voice.accepting_all())
            readings = accepting.annotate([items[i] for i in rejected])
            for i, stated in zip(rejected, (readings[..., ::2].max((1, 2)) >= STATED).tolist(), strict=True):
                reasons[i] = NOT_OWN if stated else None
        return reasons

    def caution(self) -> str | None:
        """See `Annotator.caution`."""
        if self.new_words is None or self.new_words.cells < _MIN_CELLS:
            return "the quality of this annotator on new wordings is unknown; its readings may be confident and wrong"
        side, recall = 100 * self.new_words.side, 100 * self.new_words.recall
        if self.by_sentence:
            return (
                f"of {self.new_words.cells:,} poles in held-out sentences this annotator finds {recall:.0f} % and "
                f"leans to the opposite pole in {100 - side:.0f} %, stated or not (by its card); easy texts are "
                "read better, and any reading may be confident and wrong"
            )
        return (
            f"in new wordings of the kind of text that it was fitted on, this annotator finds {recall:.0f} % of the "
            f"poles and reads {100 - side:.0f} % as the opposite pole, by its card ({self.new_words.cells:,} cells); "
            "it reads other kinds of text worse (real ones, if it was fitted on simulated people), and may be "
            "confident and wrong"
        )

    def _familiarity(self, split: Sequence[Parts]) -> NDArray[np.float64]:
        """Share of the words of each item's sided clauses that the encoder knows, (items,)."""
        return self.encoder.familiarity([" ".join(_sided(clauses)) for clauses in split])

    def for_space(self, space: PreferenceSpace) -> EncoderAnnotator:
        """The same head for another space, whose dimensions are read from their phrases alone."""
        learned = {name: self.learned[name] for name in _unchanged(_phrases(self.space), space) if name in self.learned}
        return replace(self, space=space, examples={}, learned=learned, held_out=None, new_words=None)

    def with_examples(self, labelled: Sequence[Labelled]) -> EncoderAnnotator:
        """Moves the poles of the labelled dimensions half way towards the labelled clauses.

        A dimension moves only if both of its poles have clauses.
        """
        texts: dict[str, tuple[list[str], list[str]]] = {}
        for example in labelled:
            clauses = self.parts(example.item)
            for dimension, sign in example.direction.poles():
                positive, negative = texts.setdefault(dimension.id, ([], []))
                (positive if sign > 0 else negative).extend(clauses.own)
                (negative if sign > 0 else positive).extend(clauses.against)
        means = {
            name: (self._vectors(positive).mean(0), self._vectors(negative).mean(0))
            for name, (positive, negative) in texts.items()
            if positive and negative
        }
        # labelled clauses are no longer new
        added = self._vectors(sorted({text for sides in texts.values() for side in sides for text in side}))
        return replace(self, examples={**self.examples, **means}, known_CE=np.concatenate([self.known_CE, added]))

    def save(self, folder: Path) -> None:
        """Writes `annotator.safetensors`, then the card `annotator.json`.

        The encoder is named, not copied; if it was tuned, the update of its weights is written too.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / UPDATE).unlink(missing_ok=True)
        if (update := getattr(self.encoder, "update", None)) is not None:
            low_rank.save(update, folder / UPDATE)
        arrays = {
            "mean": self.mean_E,
            "known": self.known_CE.astype(np.float16),
            **self.voice.arrays(),
        }
        if self.learned:
            names = [name for name in _phrases(self.space) if name in self.learned]
            arrays["poles"] = np.array([self.learned[name] for name in names], dtype=np.float16)
        tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}
        save_file({**self.head.state_dict(), **tensors}, folder / _WEIGHTS)
        card = {
            "format": _FORMAT,
            "encoder": self.encoder.name,
            "source": self.encoder.source,
            "space": self.space.name,
            "digest": self.space.digest,
            "doubt": asdict(self.doubt),
            "items": self.items,
            "head": _COSINE if isinstance(self.head, CosineHead) else "bilinear",
            "learned": {name: phrases for name, phrases in _phrases(self.space).items() if name in self.learned},
            "phrase_scale": self.phrase_scale,
            "by_sentence": self.by_sentence,
            "credits": list(self.credits),
            "held_out": self.held_out.as_card() if self.held_out else None,
            "new_words": self.new_words.as_card() if self.new_words else None,
        }
        # the card last: its presence means the weights are complete
        (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: Encoder, space: PreferenceSpace) -> EncoderAnnotator:
        """Loads a saved annotator.

        Args:
            encoder: the encoder of the fit.
            space: any space. Figures are kept only if it is the space of the fit.
        Raises:
            ModelError: the folder holds no complete annotator, or one that was fitted over another encoder.
        """
        card, tensors = _read(folder)
        if card["encoder"] != encoder.name:
            raise ModelError(f"{folder}: fitted over '{card['encoder']}', opened with '{encoder.name}'; fit it anew")
        head: Head = CosineHead() if card.get("head") == _COSINE else BilinearHead(encoder.size)
        mean, known_CE = tensors.pop("mean").numpy(), unit(tensors.pop("known").float().numpy())
        names = card.get("learned", {})
        vectors = tensors.pop("poles").float().numpy() if "poles" in tensors else np.zeros((0, 2, encoder.size))
        if len(vectors) != len(names):
            raise ModelError(f"{folder}: no complete annotator (its poles do not fit its card); fit it anew")
        by_name = dict(zip(names, vectors, strict=True))
        learned = {name: (by_name[name][0], by_name[name][1]) for name in _unchanged(names, space)}
        voice = Voice.from_arrays({name: tensors.pop(name).numpy() for name in Voice.NAMES})
        for name in ("prior.positive", "prior.loadings"):  # of older annotators; beliefs have one prior for everybody
            tensors.pop(name, None)
        same_space = space.digest == card["digest"]
        try:
            # cards of older annotators have no figures
            held_out, new_words = (
                HeldOut.from_card(card[name]) if same_space and card.get(name) else None
                for name in ("held_out", "new_words")
            )
            doubt = Doubt(**card["doubt"])
            head.load_state_dict(tensors)
        except TypeError as error:
            raise ModelError(
                f"{folder / CARD}: figures of another version ({error}); fit the annotator anew"
            ) from error
        except RuntimeError as error:
            raise ModelError(f"{folder}: weights of another head ({error}); fit the annotator anew") from error
        return cls(
            encoder=encoder,
            space=space,
            head=head.eval(),
            mean_E=mean,
            voice=voice,
            known_CE=known_CE,
            doubt=doubt,
            items=card["items"],
            held_out=held_out,
            new_words=new_words,
            learned=learned,
            phrase_scale=float(card.get("phrase_scale", 1.0)),
            by_sentence=bool(card.get("by_sentence", False)),
            credits=tuple(card.get("credits", ())),
        )

    def poles(self) -> Poles:
        """Vectors of the space's poles and names, the input of the head."""
        phrases = [[getattr(d, part) for d in self.space.dimensions] for part in ("positive", "negative", "name")]
        positive, negative, name = (self._vectors(texts) for texts in phrases)
        scale = np.float32(self.phrase_scale)
        positive, negative = positive * scale, negative * scale
        for dimension, poles in self.learned.items():
            row = self.space.index(dimension)
            positive[row], negative[row] = poles
        for dimension, (towards, against) in self.examples.items():
            row = self.space.index(dimension)
            positive[row], negative[row] = _moved(positive[row], towards), _moved(negative[row], against)
        return Poles(torch.from_numpy(positive), torch.from_numpy(negative), torch.from_numpy(name))

    def _own_voice(self, split: Sequence[Parts]) -> list[Parts]:
        """The parts without own clauses whose passage is in another voice."""
        passages = [passage for clauses in split for passage in clauses.passages]
        is_own = self.voice.are_own(passages, self.encoder, by_sentence=self.by_sentence)
        return [_kept(clauses, [is_own[passage] for passage in clauses.passages]) for clauses in split]

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return unit(self.encoder.embed(texts) - self.mean_E)


def _trust(familiarity: NDArray[np.float64]) -> NDArray[np.float32]:
    """Factor of the probabilities of poles: 1, or below `FAMILIAR` so small that no pole is stated."""
    return np.where(familiarity < FAMILIAR, STATED * familiarity / FAMILIAR, 1.0).astype(np.float32)


def _moved(pole_E: NDArray[np.float32], towards_E: NDArray[np.float32]) -> NDArray[np.float32]:
    """A pole half way towards other vectors; its length stays."""
    length = np.float32(np.linalg.norm(pole_E))
    return unit((unit(pole_E) + towards_E) / np.float32(2)) * length


def _sided(clauses: Parts) -> tuple[str, ...]:
    return (*clauses.own, *clauses.against)


def _kept(clauses: Parts, keep: Sequence[bool]) -> Parts:
    """The parts with only some own clauses; unchanged if they have no passages."""
    if not clauses.passages:
        return clauses
    return clauses._replace(
        own=tuple(compress(clauses.own, keep)),
        passages=tuple(compress(clauses.passages, keep)),
        hedged=tuple(compress(clauses.hedged, keep)),
    )


def encoder_of(folder: Path) -> str:
    """The encoder of a saved annotator, as the source that `open_encoder` takes.

    Raises:
        ModelError: the folder holds no complete annotator.
    """
    return str(_read(folder)[0]["source"])


def space_of(folder: Path) -> str:
    """The name of the space of a saved annotator.

    Raises:
        ModelError: the folder holds no complete annotator.
    """
    return str(_read(folder)[0]["space"])


def _phrases(space: PreferenceSpace) -> dict[str, list[str]]:
    """Dimension id -> phrases of its poles."""
    return {dimension.id: [dimension.positive, dimension.negative] for dimension in space.dimensions}


def _unchanged(phrases: Mapping[str, list[str]], space: PreferenceSpace) -> list[str]:
    """The dimensions of some phrases that a space has with the same phrases; under other phrases they mean others."""
    return [name for name, own in _phrases(space).items() if phrases.get(name) == own]


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors, scaled to length 1."""
    length = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return np.asarray(vectors / length, dtype=np.float32)


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    if not (folder / CARD).is_file():
        raise ModelError(f"{folder} holds no annotator ({CARD} is missing); check the path, or fit one there")
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        tensors = load_file(folder / _WEIGHTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(f"{folder}: no complete annotator ({error}); fit it anew") from error
    missing = [key for key in ("encoder", "source", "space", "digest", "doubt", "items") if key not in card]
    if card.get("format") != _FORMAT or missing or not {"mean", "known", *Voice.NAMES} <= set(tensors):
        raise ModelError(f"{folder / CARD}: not a card of '{_FORMAT}'; fit the annotator anew")
    return card, tensors
