"""The annotator over a frozen encoder: a head that reads any dimension from its pole phrases, with calibrated doubt.

Fitted on items that carry directions. A part of the people is held out, on which two numbers are set (a temperature
and a shift against neutral), so that 0.8 means four of five. They are measured too, either half of them with numbers
that were set on the other half alone. A dimension it was not fitted on is read from its phrases;
labelled examples of one, if there are some, move its poles towards them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from penchant.encoder.base import Encoder, Progress
from penchant.errors import ModelError, TrainingError
from penchant.infer.base import Readings
from penchant.infer.head import Clauses, Head, Poles
from penchant.infer.heldout import HeldOut, figures
from penchant.infer.labelled import Labelled
from penchant.infer.pieces import Parts, parts
from penchant.infer.read import LEAST
from penchant.persona import Evidence
from penchant.population import learned
from penchant.posterior import EVEN, Prior, Tally, kind_of
from penchant.space import PreferenceSpace

_BATCH = 128
_RATE = 1e-2
_DECAY = 1e-2
_HELD_OUT = 0.1
"""Share of people on whom the temperature is set, and who are measured."""
FAMILIAR = 0.6
"""Share of words that the encoder must know for an item to be read as it stands. Of real English texts one in a hundred
has less (all-MiniLM-L6-v2 on three files of them), of other European languages nearly all: .1 to .5."""
CARD, _WEIGHTS = "annotator.json", "annotator.safetensors"
_FORMAT = "penchant encoder annotator 1"


@dataclass(frozen=True)
class EncoderAnnotator:
    """A fitted head over an encoder; see `infer.base.Annotator`."""

    encoder: Encoder
    space: PreferenceSpace
    head: Head
    mean_E: NDArray[np.float32]
    """Mean vector of the clauses it was fitted on, from which all are reckoned."""
    temperature: float = 1.0
    shift: float = 0.0
    """Added to both poles after division by the temperature."""
    items: int = 0
    """How many it was fitted on."""
    prior: Prior = EVEN
    """What the people it was fitted on tell of anybody; of its own space only."""
    held_out: HeldOut | None = None
    """How well it reads people it was not fitted on; None when too few were held out, or it was saved without."""
    examples: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=dict)
    """Dimension id -> mean vectors of labelled clauses for the positive and for the negative pole."""

    @property
    def name(self) -> str:
        """What cards call it."""
        return f"encoder head over {self.encoder.name}"

    def annotate(self, items: Sequence[Evidence], *, progress: Progress | None = None) -> Readings:
        """See `Annotator.annotate`."""
        read = np.empty((len(items), len(self.space), 3), dtype=np.float32)
        poles = self._poles()
        with torch.inference_mode():
            for start in range(0, len(items), _BATCH):
                batch = items[start : start + _BATCH]
                logits = self.head(self._clauses(batch), poles)
                found = _doubted(logits, self.temperature, self.shift).softmax(-1).numpy()
                found[:, :, ::2] *= _trust(self.familiarity(batch))[:, None, None]
                found[:, :, 1] = 1 - found[:, :, 0] - found[:, :, 2]
                read[start : start + len(batch)] = found
                if progress is not None:
                    progress(len(batch))
        return read

    def familiarity(self, items: Sequence[Evidence]) -> NDArray[np.float64]:
        """(items,): share of the words each item is judged by that the encoder knows; see `Encoder.known`."""
        split = [parts(item) for item in items]
        return self.encoder.known([" ".join((*one.own, *one.against)) for one in split])

    def unfamiliar(self, items: Sequence[Evidence]) -> list[bool]:
        """See `Annotator.unfamiliar`."""
        return [bool(share < FAMILIAR) for share in self.familiarity(items)]

    def over(self, space: PreferenceSpace) -> EncoderAnnotator:
        """The same head for another space, read from its phrases alone."""
        return replace(self, space=space, examples={}, prior=EVEN, held_out=None)

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
        return replace(self, examples={**self.examples, **means})

    def save(self, folder: Path) -> None:
        """Writes `annotator.safetensors`, then the card `annotator.json`; the encoder is named, not copied."""
        folder.mkdir(parents=True, exist_ok=True)
        known = {"prior.positive": self.prior.positive, "prior.loadings": self.prior.loadings}
        arrays = {"mean": self.mean_E, **{name: value for name, value in known.items() if value is not None}}
        tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}
        save_file({**self.head.state_dict(), **tensors}, folder / _WEIGHTS)
        card = {
            "format": _FORMAT,
            "encoder": self.encoder.name,
            "source": self.encoder.source,
            "space": self.space.name,
            "digest": self.space.digest,
            "temperature": self.temperature,
            "shift": self.shift,
            "items": self.items,
            "held_out": asdict(self.held_out) if self.held_out else None,
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
        mean = tensors.pop("mean")
        known = [tensors.pop(name, None) for name in ("prior.positive", "prior.loadings")]
        positive, loadings = (None if value is None else value.numpy() for value in known)
        own = space.digest == card["digest"]
        prior = Prior(positive=positive, loadings=loadings) if own else EVEN
        try:
            # cards of annotators that were saved before there were figures do not have them
            held_out = HeldOut(**card["held_out"]) if own and card.get("held_out") else None
            head.load_state_dict(tensors)
        except TypeError as error:
            raise ModelError(f"{folder / CARD}: other figures under 'held_out' ({error}); fit it anew") from error
        except RuntimeError as error:
            raise ModelError(f"{folder}: weights of another head ({error}); fit it anew") from error
        doubt = card["temperature"], card["shift"]
        return cls(encoder, space, head.eval(), mean.numpy(), *doubt, card["items"], prior, held_out)

    def _poles(self) -> Poles:
        phrases = [[getattr(d, part) for d in self.space.dimensions] for part in ("positive", "negative", "name")]
        positive, negative, name = (self._vectors(texts) for texts in phrases)
        for dimension, (towards, against) in self.examples.items():
            place = self.space.index(dimension)
            positive[place] = _unit((positive[place] + towards) / 2)
            negative[place] = _unit((negative[place] + against) / 2)
        return Poles(*map(torch.from_numpy, (positive, negative, name)))

    def _clauses(self, items: Sequence[Evidence]) -> Clauses:
        return _flat([parts(item) for item in items], [kind_of(item) for item in items], self._vectors)

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return _unit(self.encoder.embed(texts) - self.mean_E)


def _trust(familiarity: NDArray[np.float64]) -> NDArray[np.float32]:
    """What probabilities of poles are multiplied by: 1, or below `FAMILIAR` so little that none is stated."""
    return np.where(familiarity < FAMILIAR, LEAST * familiarity / FAMILIAR, 1.0).astype(np.float32)


def encoder_of(folder: Path) -> str:
    """What the encoder of a saved annotator is opened by.

    Raises:
        ModelError: no complete annotator there.
    """
    return str(_read(folder)[0]["source"])


def fit(
    labelled: Sequence[Labelled],
    encoder: Encoder,
    space: PreferenceSpace,
    *,
    steps: int = 1500,
    seed: int = 0,
    embedding: Progress | None = None,
    progress: Callable[[int], None] | None = None,
) -> EncoderAnnotator:
    """An annotator from items whose directions are known.

    Args:
        embedding: told how many more clauses are embedded.
        progress: told after each step.
    Raises:
        TrainingError: too few people to hold some out, no item that speaks of anything, or a loss that is no number.
        SpaceMismatch: an item is labelled in another space.
    """
    for one in labelled:
        one.direction.require(space, where=f"an item of '{one.person}'")
    people = sorted({one.person for one in labelled})
    random.Random(f"held out:{seed}").shuffle(people)
    held = set(people[: int(len(people) * _HELD_OUT)])
    if not held or not any(one.direction.signs.any() for one in labelled):
        raise TrainingError(
            f"labelled items of {len(people)} people; give those of ten people at least, with directions"
        )
    split = [parts(one.item) for one in labelled]
    texts = sorted({text for found in split for part in found for text in part})
    vectors = encoder.layers(texts, progress=embedding).final
    mean = vectors.mean(0)
    table = dict(zip(texts, _unit(vectors - mean), strict=True))
    kinds = [kind_of(one.item) for one in labelled]
    truth = torch.from_numpy(np.stack([one.direction.signs for one in labelled]).astype(np.int64) + 1)
    places = [[i for i, one in enumerate(labelled) if (one.person in held) == wanted] for wanted in (False, True)]
    size = vectors.shape[1]

    def clauses(chosen: Sequence[int]) -> Clauses:
        return _flat(
            [split[i] for i in chosen],
            [kinds[i] for i in chosen],
            lambda found: np.array([table[text] for text in found], dtype=np.float32).reshape(-1, size),
        )

    bare = EncoderAnnotator(encoder, space, _fresh(size, seed), mean, items=len(labelled))
    poles = bare._poles()
    with _one_thread():
        _train(bare.head, poles, clauses, truth, places[0], steps=steps, seed=seed, progress=progress)
        logits, held_truth = _logits(bare.head, poles, clauses, places[1]), truth[places[1]]
        temperature, shift = _calibrated(logits, held_truth)
        held_out = _measured(logits, held_truth, [labelled[i].person for i in places[1]])
    prior = _population(labelled, space, seed)
    return replace(bare, temperature=temperature, shift=shift, prior=prior, held_out=held_out)


def _population(labelled: Sequence[Labelled], space: PreferenceSpace, seed: int) -> Prior:
    """What the people that were labelled tell of anybody."""
    people: dict[str, Tally] = {}
    for one in labelled:
        tally = people.setdefault(one.person, Tally(len(space)))
        tally.add(one.direction, EVEN.weights[kind_of(one.item)], None)
    return learned(list(people.values()), EVEN, seed=seed)


def _fresh(size: int, seed: int) -> Head:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Head(size)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Steps this small gain nothing by threads, and lose minutes by them where another process wants the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _train(
    head: Head,
    poles: Poles,
    clauses: Callable[[Sequence[int]], Clauses],
    truth_ND: torch.Tensor,
    places: Sequence[int],
    *,
    steps: int,
    seed: int,
    progress: Callable[[int], None] | None,
) -> None:
    scales = [head.near, head.bias, head.about]
    rest = [*head.left, *head.right]
    groups = [
        {"params": scales, "scale": 10.0, "weight_decay": 0.0},
        {"params": rest, "scale": 1.0, "weight_decay": _DECAY},
    ]
    optimizer = torch.optim.AdamW(groups, lr=_RATE)
    rng = random.Random(f"batches:{seed}")
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = group["scale"] * _RATE * min(1.0, step / 30) * (1 - 0.99 * step / steps)
        batch = rng.sample(places, min(_BATCH, len(places)))
        logits = head(clauses(batch), poles)
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, 3), truth_ND[batch].reshape(-1), reduction="sum")
        loss = loss / len(batch)
        if not torch.isfinite(loss):
            raise TrainingError(f"the head's loss is not a number at step {step}; check the encoder's vectors")
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        if progress is not None:
            progress(1)
    head.eval()


def _logits(
    head: Head, poles: Poles, clauses: Callable[[Sequence[int]], Clauses], places: Sequence[int]
) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([head(clauses(places[i : i + _BATCH]), poles) for i in range(0, len(places), _BATCH)])


def _measured(logits_ND3: torch.Tensor, truth_ND: torch.Tensor, people: Sequence[str]) -> HeldOut | None:
    """Figures of the people held out, each half with what was set on the other; None for one person alone."""
    half = set(sorted(set(people))[::2])
    first = torch.tensor([person in half for person in people])
    if first.all():
        return None
    read = torch.empty_like(logits_ND3)
    for some in (first, ~first):
        read[some] = _doubted(logits_ND3[some], *_calibrated(logits_ND3[~some], truth_ND[~some])).softmax(-1)
    return figures(read.numpy(), truth_ND.numpy() - 1, people)


def _calibrated(logits_ND3: torch.Tensor, truth_ND: torch.Tensor) -> tuple[float, float]:
    """Temperature and shift of the greatest likelihood on people held out (Guo et al. 2017, arXiv:1706.04599)."""
    logits, truth = logits_ND3.reshape(-1, 3), truth_ND.reshape(-1)
    log_t, shift = torch.zeros((), requires_grad=True), torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([log_t, shift], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(_doubted(logits, log_t.exp(), shift), truth)
        torch.autograd.backward(value)
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return float(log_t.detach().exp()), float(shift.detach())


def _doubted(logits: torch.Tensor, temperature: float | torch.Tensor, shift: float | torch.Tensor) -> torch.Tensor:
    return logits / temperature + shift * torch.tensor([1.0, 0.0, 1.0])


def _flat(
    split: Sequence[Parts], kinds: Sequence[int], vectors: Callable[[Sequence[str]], NDArray[np.float32]]
) -> Clauses:
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


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
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
    missing = [key for key in ("encoder", "source", "digest", "temperature", "shift", "items") if key not in card]
    if card.get("format") != _FORMAT or missing or "mean" not in tensors:
        raise ModelError(f"{folder / CARD}: not a card of '{_FORMAT}'; fit the annotator anew")
    return card, tensors
