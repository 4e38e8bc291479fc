"""Fits the annotator over an encoder on items that carry directions.

A part of the people is held out, on whom it is set how sure a reading is (`doubt`), so that 0.8 means four of five; how
doubt grows with novelty is set by a first fit, without some words. Both are measured: either half of the people, or of
those who use these words, with doubt that was set on the other half.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from penchant.encoder.base import Encoder, Progress
from penchant.errors import TrainingError
from penchant.infer.doubt import NEW_CLAUSE, NO_DOUBT, Doubt, fit_doubt, frequent_clauses, left_out_mask
from penchant.infer.encoder import BATCH, EncoderAnnotator, flatten_clauses, unit
from penchant.infer.head import Clauses, Head, Poles
from penchant.infer.heldout import HeldOut, figures
from penchant.infer.labelled import Labelled
from penchant.infer.pieces import Parts, parts
from penchant.infer.voice import fit_voice
from penchant.persona import Comment
from penchant.population import learn_prior
from penchant.posterior import EVEN, Prior, Tally, kind_of
from penchant.space import Direction, PreferenceSpace

_RATE = 1e-2
_DECAY = 1e-2
_HELD_OUT = 0.1
"""Share of people on whom doubt is set, and who are measured."""
_EVERYDAY = 0.3
"""Everyday texts that a fit meets, as a share of its items."""
_STRANGE = 4_000
"""Items with words that were left out, on which the growth of doubt is set, at most."""


def fit_annotator(
    labelled: Sequence[Labelled],
    encoder: Encoder,
    space: PreferenceSpace,
    *,
    steps: int = 1500,
    seed: int = 0,
    embedding: Progress | None = None,
    progress: Callable[[int], None] | None = None,
) -> EncoderAnnotator:
    """An annotator from items whose directions are known; what none of them speaks of is read from its phrases alone.

    Args:
        embedding: told how many more clauses are embedded.
        progress: told after each step, of two fits where words can be left out.
    Raises:
        TrainingError: too few people to hold some out, no item that speaks of anything, or a loss that is no number.
        SpaceMismatch: an item is labelled in another space.
    """
    for one in labelled:
        one.direction.require(space, where=f"an item of '{one.person}'")
    spoken = np.any([one.direction.signs != 0 for one in labelled], axis=0) if labelled else np.zeros(0, dtype=bool)
    if spoken.any() and not spoken.all():
        # nobody labelled the others: fitted on as neutral, their very words would be learned to say nothing
        rest = space.subset([d.id for d, kept in zip(space.dimensions, spoken, strict=True) if kept], name=space.name)
        narrow = [replace(one, direction=Direction(rest, one.direction.signs[spoken])) for one in labelled]
        found = fit_annotator(narrow, encoder, rest, steps=steps, seed=seed, embedding=embedding, progress=progress)
        return replace(found, space=space, prior=_population(labelled, space, seed))
    people = sorted({one.person for one in labelled})
    random.Random(f"held out:{seed}").shuffle(people)
    held = set(people[: int(len(people) * _HELD_OUT)])
    if not held or not any(one.direction.signs.any() for one in labelled):
        raise TrainingError(
            f"labelled items of {len(people)} people; give those of ten people at least, with directions"
        )
    nothing_said = [Labelled("", Comment("", text), space.direction()) for text in everyday()]
    table = _Table.of([*labelled, *nothing_said], encoder, embedding)
    known_people = [i for i, one in enumerate(labelled) if one.person not in held]
    others = [i for i, one in enumerate(labelled) if one.person in held]
    silent = range(len(labelled), len(table.split))
    own = sorted({passage for i in known_people for passage in table.split[i].passages})
    voice = fit_voice(own, encoder, space, seed=seed)
    nothing = np.zeros((0, encoder.size), dtype=np.float32)
    bare = EncoderAnnotator(
        encoder, space, _fresh(encoder.size, seed), table.mean_E, voice, nothing, items=len(labelled)
    )

    def trained(places: Sequence[int]) -> EncoderAnnotator:
        head = _fresh(encoder.size, seed)
        # a head that never met a clause that says nothing reads a pole into every sentence
        beside = random.Random(f"everyday:{seed}").choices(silent, k=int(_EVERYDAY * len(places)))
        _train(head, bare.poles(), table, [*places, *beside], steps=steps, seed=seed, progress=progress)
        return replace(bare, head=head, known_CE=table.known([*places, *silent]))

    left_out = left_out_mask(table.split[: len(labelled)], seed)
    with one_thread():
        growth, new_words = _growth(trained, table, known_people, others, left_out, seed)
        final = trained(known_people)
        read = _read(final, table, others)
        doubt, held_out = read.doubt(growth), _measured(read, read, growth)
    prior = _population(labelled, space, seed)
    return replace(final, doubt=doubt, prior=prior, held_out=held_out, new_words=new_words)


@lru_cache
def everyday() -> Sequence[str]:
    """Short texts that say nothing lasting of their author."""
    found: list[str] = yaml.safe_load((files("penchant.infer") / "everyday.yaml").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class _Table:
    """Items' clauses and their vectors, and what the items truly say."""

    split: Sequence[Parts]
    kinds: Sequence[int]
    vectors: Mapping[str, NDArray[np.float32]]
    """Clause -> its unit vector."""
    mean_E: NDArray[np.float32]
    truth_ND: torch.Tensor
    """0 negative, 1 neutral, 2 positive."""
    people: Sequence[str]

    @classmethod
    def of(cls, labelled: Sequence[Labelled], encoder: Encoder, embedding: Progress | None) -> _Table:
        split = [parts(one.item) for one in labelled]
        texts = sorted({text for one in split for text in (*one.task, *one.own, *one.against)})
        vectors = encoder.layers(texts, progress=embedding).final
        mean = vectors.mean(0)
        truth = torch.from_numpy(np.stack([one.direction.signs for one in labelled]).astype(np.int64) + 1)
        return cls(
            split,
            [kind_of(one.item) for one in labelled],
            dict(zip(texts, unit(vectors - mean), strict=True)),
            mean,
            truth,
            [one.person for one in labelled],
        )

    def look(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([self.vectors[text] for text in texts], dtype=np.float32).reshape(-1, len(self.mean_E))

    def clauses(self, places: Sequence[int]) -> Clauses:
        return flatten_clauses([self.split[i] for i in places], [self.kinds[i] for i in places], self.look)

    def known(self, places: Sequence[int]) -> NDArray[np.float32]:
        return self.look(frequent_clauses([self.split[i] for i in places]))


class _Reading(NamedTuple):
    """What a head makes of some items before any doubt."""

    logits_ND3: torch.Tensor
    novelty_ND: torch.Tensor
    truth_ND: torch.Tensor
    people: Sequence[str]

    @classmethod
    def together(cls, *some: _Reading) -> _Reading:
        logits, novelty, truth, people = zip(*some, strict=True)
        return cls(torch.cat(logits), torch.cat(novelty), torch.cat(truth), [one for part in people for one in part])

    def doubt(self, growth: Doubt | None = None) -> Doubt:
        """The likeliest; with the growth that is given, if it is."""
        return fit_doubt(self.logits_ND3, self.novelty_ND, self.truth_ND, slopes=growth)

    def of(self, some: torch.Tensor) -> _Reading:
        """Of the items where a mask is set."""
        people = [person for person, kept in zip(self.people, some.tolist(), strict=True) if kept]
        return _Reading(self.logits_ND3[some], self.novelty_ND[some], self.truth_ND[some], people)


def _read(reader: EncoderAnnotator, table: _Table, places: Sequence[int]) -> _Reading:
    poles = reader.poles()
    with torch.no_grad():
        batches = [places[start : start + BATCH] for start in range(0, len(places), BATCH)]
        logits, novelty = zip(*(reader.logits(table.clauses(batch), poles) for batch in batches), strict=True)
    return _Reading(torch.cat(logits), torch.cat(novelty), table.truth_ND[places], [table.people[i] for i in places])


def _growth(
    trained: Callable[[Sequence[int]], EncoderAnnotator],
    table: _Table,
    known_people: Sequence[int],
    others: Sequence[int],
    left_out: NDArray[np.bool_],
    seed: int,
) -> tuple[Doubt, HeldOut | None]:
    """How doubt grows with novelty, from a first fit without some words; and how well those are read."""
    rest = [i for i in known_people if not left_out[i]]
    strange = np.flatnonzero(left_out).tolist()
    random.Random(f"strange:{seed}").shuffle(strange)
    strange = strange[:_STRANGE]
    if not strange or not bool(table.truth_ND[rest].ne(1).any()):
        return NO_DOUBT, None
    first = trained(rest)
    new = _read(first, table, strange)
    known = _read(first, table, [i for i in others if not left_out[i]] or others)
    return _Reading.together(known, new).doubt(), _measured(new, known, None)


def _measured(read: _Reading, beside: _Reading, growth: Doubt | None) -> HeldOut | None:
    """Figures of some people, each half with doubt that was set on the other; None for one person alone.

    Args:
        beside: other items that doubt is set on as well, unless it is `read` itself.
        growth: slopes that are given; without, they are set too, and only what is new is measured.
    """
    half = set(sorted(set(read.people))[::2])
    first = torch.tensor([person in half for person in read.people])
    if first.all() or not first.any():
        return None
    sure = torch.empty_like(read.logits_ND3)
    for some in (first, ~first):
        on = [read.of(~some)] + ([beside] if beside is not read else [])
        doubt = _Reading.together(*on).doubt(growth)
        sure[some] = doubt.apply(read.logits_ND3[some], read.novelty_ND[some]).softmax(-1)
    signs = read.truth_ND.numpy() - 1
    if growth is None:
        # what known clauses of the same items say is no figure of new words
        known = (read.novelty_ND < NEW_CLAUSE).numpy()
        signs = np.where(known, 0, signs)
        sure[torch.from_numpy(known)] = torch.tensor([0.0, 1.0, 0.0])
    return figures(sure.numpy(), signs, read.people)


def _population(labelled: Sequence[Labelled], space: PreferenceSpace, seed: int) -> Prior:
    """What the people that were labelled tell of anybody."""
    people: dict[str, Tally] = {}
    for one in labelled:
        tally = people.setdefault(one.person, Tally(len(space)))
        tally.add(one.direction, kind_of(one.item), replace(EVEN, half_life=None))
    return learn_prior(list(people.values()), EVEN, seed=seed)


def _fresh(size: int, seed: int) -> Head:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Head(size)


@contextmanager
def one_thread() -> Iterator[None]:
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
    table: _Table,
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
        batch = rng.sample(places, min(BATCH, len(places)))
        logits = head(table.clauses(batch), poles)
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, 3), table.truth_ND[batch].reshape(-1), reduction="sum"
        )
        loss = loss / len(batch)
        if not torch.isfinite(loss):
            raise TrainingError(f"the head's loss is not a number at step {step}; check the encoder's vectors")
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        if progress is not None:
            progress(1)
    head.eval()
