"""The annotator over a frozen encoder: a head that reads any dimension from its pole phrases, with calibrated doubt.

Fitted on items that carry directions (`fitting`). A dimension it was not fitted on is read from its phrases; labelled
examples of one, if there are some, move its poles towards them. What is not in its author's own voice, or in words that
the encoder does not know, states nothing; the further it is from all that was fitted on, the less sure it is (`doubt`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from penchant.encoder.base import Encoder, Progress
from penchant.errors import ModelError
from penchant.infer.base import NOT_OWN, UNFAMILIAR, Readings, Reason
from penchant.infer.doubt import NO_DOUBT, Doubt, novelty
from penchant.infer.head import Clauses, Head, Poles
from penchant.infer.heldout import HeldOut
from penchant.infer.labelled import Labelled
from penchant.infer.pieces import Parts, parts
from penchant.infer.read import STATED
from penchant.infer.voice import Voice
from penchant.persona import Evidence
from penchant.posterior import EVEN, Prior, kind_of
from penchant.space import PreferenceSpace

BATCH = 128
FAMILIAR = 0.6
"""Share of words that the encoder must know for an item to be read as it stands. Of real English texts one in a hundred
has less (all-MiniLM-L6-v2 on three files of them), of other European languages nearly all: .1 to .5."""
CARD, _WEIGHTS = "annotator.json", "annotator.safetensors"
_FORMAT = "penchant encoder annotator 3"
_TOLD_CELLS = 200
"""Fewer say too little of how new wordings are read."""


@dataclass(frozen=True)
class EncoderAnnotator:
    """A fitted head over an encoder; see `infer.base.Annotator`."""

    encoder: Encoder
    space: PreferenceSpace
    head: Head
    mean_E: NDArray[np.float32]
    """Mean vector of the clauses it was fitted on, from which all are reckoned."""
    voice: Voice
    """Tells whether a passage is its author's own."""
    known_CE: NDArray[np.float32]
    """Vectors of the most frequent clauses it was fitted on, rows of length 1: what is far from all of them is new.
    They are made from people's texts; an annotator goes when their data has to go."""
    doubt: Doubt = NO_DOUBT
    items: int = 0
    """How many it was fitted on."""
    prior: Prior = EVEN
    """What the people it was fitted on tell of anybody; of its own space only."""
    held_out: HeldOut | None = None
    """How well it reads people it was not fitted on; None when too few were held out, or it was saved without."""
    new_words: HeldOut | None = None
    """How well it reads words that it was not fitted on; None where no word could be left out."""
    examples: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=dict)
    """Dimension id -> mean vectors of labelled clauses for the positive and for the negative pole."""

    @property
    def name(self) -> str:
        """What cards call it."""
        return f"encoder head over {self.encoder.name}"

    def annotate(self, items: Sequence[Evidence], *, progress: Progress | None = None) -> Readings:
        """See `Annotator.annotate`."""
        read = np.empty((len(items), len(self.space), 3), dtype=np.float32)
        poles = self.poles()
        with torch.inference_mode():
            for start in range(0, len(items), BATCH):
                batch = items[start : start + BATCH]
                split = [parts(item) for item in batch]
                kinds, heard = [kind_of(item) for item in batch], self._heard(split)
                found = self._probabilities(heard, kinds, poles)
                # what is taken back or doubted is as likely meant as not
                torn = [place for place, one in enumerate(heard) if any(one.hedged)]
                if torn:
                    plain = self._probabilities([heard[i].plain() for i in torn], [kinds[i] for i in torn], poles)
                    found[torn] = (found[torn] + plain) / 2
                found[:, :, ::2] *= _trust(self._familiarity(split))[:, None, None]
                found[:, :, 1] = np.maximum(0, 1 - found[:, :, 0] - found[:, :, 2])
                read[start : start + len(batch)] = found
                if progress is not None:
                    progress(len(batch))
        return read

    def _probabilities(self, split: Sequence[Parts], kinds: Sequence[int], poles: Poles) -> NDArray[np.float32]:
        """(items, D, 3), of clauses that count."""
        logits = self.logits(flatten_clauses(split, kinds, self._vectors), poles)
        return np.asarray(self.doubt.apply(*logits).softmax(-1).numpy())

    def logits(self, clauses: Clauses, poles: Poles) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits before any doubt, (N, D, 3), and novelty, (N, D)."""
        sided = clauses.vectors_PE[clauses.side_P != 0]
        return self.head.read(clauses, poles, novelty(sided, torch.from_numpy(self.known_CE)))

    def set_aside(self, items: Sequence[Evidence]) -> list[Reason | None]:
        """See `Annotator.set_aside`."""
        split = [parts(item) for item in items]
        shares = self._familiarity(split)
        mute = [not any((*kept.own, *kept.against)) for kept in self._heard(split)]
        why: list[Reason | None] = [
            UNFAMILIAR if share < FAMILIAR else NOT_OWN if silent else None
            for share, silent in zip(shares, mute, strict=True)
        ]
        # where words were taken for somebody else's that would state nothing anyway, that is no reason
        unheard = [i for i, one in enumerate(split) if why[i] == NOT_OWN and any((*one.own, *one.against))]
        if unheard:
            loud = replace(self, voice=self.voice.accepting_all()).annotate([items[i] for i in unheard])
            for i, stated in zip(unheard, (loud[..., ::2].max((1, 2)) >= STATED).tolist(), strict=True):
                why[i] = NOT_OWN if stated else None
        return why

    def caution(self) -> str | None:
        """See `Annotator.caution`."""
        if self.new_words is None or self.new_words.cells < _TOLD_CELLS:
            return "how this annotator reads wordings that it was not fitted on is not known; it may be sure and wrong"
        side, found = 100 * self.new_words.side, 100 * self.new_words.recall
        return (
            f"in new wordings of the kind of text that it was fitted on, this annotator finds {found:.0f} % of what is "
            f"said and takes {100 - side:.0f} % for the other pole, by its card ({self.new_words.cells:,} cells); "
            "texts of another kind, as real ones are to one fitted on simulated people, it reads worse, and may be sure"
        )

    def _familiarity(self, split: Sequence[Parts]) -> NDArray[np.float64]:
        """(items,): share of the words each item is judged by that the encoder knows; see `Encoder.familiarity`."""
        return self.encoder.familiarity([" ".join((*one.own, *one.against)) for one in split])

    def over(self, space: PreferenceSpace) -> EncoderAnnotator:
        """The same head for another space, read from its phrases alone."""
        return replace(self, space=space, examples={}, prior=EVEN, held_out=None, new_words=None)

    def with_examples(self, labelled: Sequence[Labelled]) -> EncoderAnnotator:
        """The poles of the dimensions that some labelled items speak of, moved half way towards their clauses."""
        found: dict[str, tuple[list[str], list[str]]] = {}
        for one in labelled:
            split = parts(one.item)
            for dimension, sign in one.direction.poles():
                positive, negative = found.setdefault(dimension.id, ([], []))
                (positive if sign > 0 else negative).extend(split.own)
                (negative if sign > 0 else positive).extend(split.against)
        means = {
            name: (self._vectors(sides[0]).mean(0), self._vectors(sides[1]).mean(0))
            for name, sides in found.items()
            if all(sides)
        }
        # what was told is no longer new
        told = self._vectors(sorted({text for sides in found.values() for side in sides for text in side}))
        return replace(self, examples={**self.examples, **means}, known_CE=np.concatenate([self.known_CE, told]))

    def save(self, folder: Path) -> None:
        """Writes `annotator.safetensors`, then the card `annotator.json`; the encoder is named, not copied."""
        folder.mkdir(parents=True, exist_ok=True)
        known = {"prior.positive": self.prior.positive, "prior.loadings": self.prior.loadings}
        arrays = {
            "mean": self.mean_E,
            "known": self.known_CE.astype(np.float16),
            **self.voice.arrays(),
            **{name: value for name, value in known.items() if value is not None},
        }
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
            "held_out": self.held_out.as_card() if self.held_out else None,
            "new_words": self.new_words.as_card() if self.new_words else None,
        }
        # the card last: its presence means the weights are complete
        (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: Encoder, space: PreferenceSpace) -> EncoderAnnotator:
        """A saved annotator, for any space.

        Raises:
            ModelError: no complete annotator there, or fitted over another encoder.
        """
        card, tensors = _read(folder)
        if card["encoder"] != encoder.name:
            raise ModelError(f"{folder}: fitted over '{card['encoder']}', opened with '{encoder.name}'; fit it anew")
        head = Head(encoder.size)
        mean, clauses = tensors.pop("mean").numpy(), unit(tensors.pop("known").float().numpy())
        voice = Voice.of({name: tensors.pop(name).numpy() for name in Voice.NAMES})
        known = [tensors.pop(name, None) for name in ("prior.positive", "prior.loadings")]
        positive, loadings = (None if value is None else value.numpy() for value in known)
        own = space.digest == card["digest"]
        prior = Prior(positive=positive, loadings=loadings) if own else EVEN
        try:
            # cards of annotators that were saved before there were figures do not have them
            held_out, new_words = (
                HeldOut.from_card(card[name]) if own and card.get(name) else None for name in ("held_out", "new_words")
            )
            doubt = Doubt(**card["doubt"])
            head.load_state_dict(tensors)
        except TypeError as error:
            raise ModelError(f"{folder / CARD}: other figures than today's ({error}); fit it anew") from error
        except RuntimeError as error:
            raise ModelError(f"{folder}: weights of another head ({error}); fit it anew") from error
        found = encoder, space, head.eval(), mean, voice, clauses
        return cls(*found, doubt, card["items"], prior, held_out, new_words)

    def poles(self) -> Poles:
        """The space's poles as the head takes them."""
        phrases = [[getattr(d, part) for d in self.space.dimensions] for part in ("positive", "negative", "name")]
        positive, negative, name = (self._vectors(texts) for texts in phrases)
        for dimension, (towards, against) in self.examples.items():
            place = self.space.index(dimension)
            positive[place] = unit((positive[place] + towards) / 2)
            negative[place] = unit((negative[place] + against) / 2)
        return Poles(*map(torch.from_numpy, (positive, negative, name)))

    def _heard(self, split: Sequence[Parts]) -> list[Parts]:
        """Without what people wrote in a voice that is not their own."""
        heard = self.voice.heard([passage for one in split for passage in one.passages], self.encoder)
        return [
            one._replace(
                **{
                    name: tuple(compress(getattr(one, name), map(heard.__getitem__, one.passages)))
                    for name in ("own", "hedged", "passages")
                }
            )
            if one.passages
            else one
            for one in split
        ]

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return unit(self.encoder.embed(texts) - self.mean_E)


def _trust(familiarity: NDArray[np.float64]) -> NDArray[np.float32]:
    """What probabilities of poles are multiplied by: 1, or below `FAMILIAR` so little that none is stated."""
    return np.where(familiarity < FAMILIAR, STATED * familiarity / FAMILIAR, 1.0).astype(np.float32)


def encoder_of(folder: Path) -> str:
    """What the encoder of a saved annotator is opened by.

    Raises:
        ModelError: no complete annotator there.
    """
    return str(_read(folder)[0]["source"])


def space_of(folder: Path) -> str:
    """The name of the space that a saved annotator was fitted on.

    Raises:
        ModelError: no complete annotator there.
    """
    return str(_read(folder)[0]["space"])


def flatten_clauses(
    split: Sequence[Parts], kinds: Sequence[int], vectors: Callable[[Sequence[str]], NDArray[np.float32]]
) -> Clauses:
    """Items' clauses end to end, as the head takes them."""
    texts: list[str] = []
    owner: list[int] = []
    side: list[int] = []
    for item, found in enumerate(split):
        for sign, part in ((0, found.task), (1, found.own), (-1, found.against)):
            texts.extend(part)
            owner.extend([item] * len(part))
            side.extend([sign] * len(part))
    return Clauses(
        torch.from_numpy(vectors(texts)),
        torch.tensor(owner, dtype=torch.long),
        torch.tensor(side),
        torch.tensor(kinds, dtype=torch.long),
    )


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1."""
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
