"""What an encoder scorer sees of one answer to one person: numbers g, of which a pair's margin takes g(A) - g(B).

Texts are seen in three spaces: `raw` (the final embedding), `final` (the same, PCA-whitened) and `first` (the mean of
the first layer, whitened: words, punctuation, length). In the whitened ones `axes` are learned in closed form:
directions on which a person's choices agree with each other. `identity` tells whose text it might be, `late` compares
token by token, and `belief` is what is believed of the person, if an annotator is given. Every feature is of one answer
alone, so whatever weights they get, swapping two answers negates the margin exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import TrainingError
from penchant.scorer.encoder.identity import NAMES, PEOPLE, Identity, identity, owned
from penchant.scorer.encoder.late import NAMES as LATE
from penchant.scorer.encoder.late import late
from penchant.scorer.encoder.texts import Contexts, Items, Places, Texts
from penchant.style import STYLE

# Shapes: N rows, T texts, E encoder size, P whitened dimensions, A axes, F features.

DIMENSIONS = 64
"""P. Larger remembers texts: 128 and more gain on people whose texts were seen, and lose on unseen texts."""
AXES = 4
"""A."""
PARTS = 3
"""Into so many groups of people the training rows are cut, so that no row's axes were learned from itself."""
_FLOOR = 1e-3
"""Smallest variance that whitening scales up, as a share of the largest."""
_CHUNK = 16_384

_SIMILARITIES = (
    "liked mean",
    "liked max",
    "liked less disliked mean",
    "liked less disliked max",
    "comments mean",
    "comments max",
    "posts mean",
    "posts max",
    "told mean",
    "told max",
)
_AXES = (*(f"axis {k}" for k in range(AXES)), "axes together")
BELIEF = "belief"
BLOCKS: Mapping[str, tuple[str, ...]] = {
    "prompt": tuple(f"{space}: prompt" for space in ("raw", "final", "first")),
    "style": STYLE,
    "raw": tuple(f"raw: {name}" for name in _SIMILARITIES),
    "final": tuple(f"final: {name}" for name in _SIMILARITIES),
    "final axes": tuple(f"final: {name}" for name in _AXES),
    "first": tuple(f"first: {name}" for name in _SIMILARITIES),
    "first axes": tuple(f"first: {name}" for name in _AXES),
    "identity": NAMES,
    "people": PEOPLE,
    "late": LATE,
    "choices": tuple(f"choices: {name}" for name in STYLE),
    "comments": tuple(f"comments: {name}" for name in STYLE),
    "belief": (BELIEF,),
}
"""Features that are weighed together, in order."""
FEATURES = tuple(name for names in BLOCKS.values() for name in names)
"""The names of all F features, in order."""
GROUPS = tuple(block for block, names in BLOCKS.items() for _ in names)
"""The block of each."""


def _of(*blocks: str) -> tuple[str, ...]:
    return tuple(name for block in blocks for name in BLOCKS[block])


IMPERSONAL = _of("prompt", "style", "people")
TEXT = _of("raw", "final", "final axes", "first", "first axes", "identity", "late")
MANNER = _of("choices", "comments")


def _columns(*blocks: str) -> NDArray[np.int64]:
    return np.array([FEATURES.index(name) for name in _of(*blocks)])


_FINAL_AXES, _FIRST_AXES, _IDENTITY = _columns("final axes"), _columns("first axes"), _columns("identity", "people")


@dataclass(frozen=True, slots=True)
class Space:
    """A whitened space, and what was learned in it."""

    mean_E: NDArray[np.float64]
    turn_EP: NDArray[np.float64]
    """Centred vector -> P components of about unit variance."""
    spread_P: NDArray[np.float64]
    """Standard deviation of chosen less rejected, by which components are divided for the axes."""
    axes_PA: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lens:
    """Everything that is learned before the weights."""

    final: Space
    first: Space
    style_mean: NDArray[np.float64]
    """(12,)."""
    style_spread: NDArray[np.float64]
    """(12,): standard deviation of chosen less rejected."""
    identity: Identity

    def look(self, texts: Texts) -> Views:
        """All texts as this lens shows them."""
        return Views(
            texts,
            texts.final,
            View.of(self.final, texts.final),
            View.of(self.first, texts.first),
            (texts.style - self.style_mean) / self.style_spread,
            self.identity.look(texts.final),
            self.identity.people_CM,
        )


@dataclass(frozen=True, slots=True)
class View:
    """T texts in one whitened space."""

    unit_TP: NDArray[np.float32]
    """Rows of length 1."""
    scaled_TP: NDArray[np.float64]
    axes_PA: NDArray[np.float64]

    @classmethod
    def of(cls, space: Space, vectors_TE: NDArray[np.float32]) -> View:
        """Whitened, then scaled in two ways."""
        white = (vectors_TE - space.mean_E) @ space.turn_EP
        length = np.maximum(np.linalg.norm(white, axis=1, keepdims=True), 1e-9)
        return cls((white / length).astype(np.float32), white / space.spread_P, space.axes_PA)


@dataclass(frozen=True, slots=True)
class Views:
    """T texts in every space."""

    texts: Texts
    raw_TE: NDArray[np.float32]
    final: View
    first: View
    style: NDArray[np.float64]
    """(T, 12), centred and scaled."""
    identity_TM: NDArray[np.float64]
    people_CM: NDArray[np.float64]


def features(
    views: Views, contexts: Contexts, answers: Places, belief_N: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """g of one answer per row: `FEATURES` by column, (N, F). Each row depends on its own answer and context only.

    Args:
        belief_N: what is believed of each row's person times what its answer says; None where nothing is believed.
    """
    style = views.style[answers]
    lean = _lean(views.style, contexts)
    wrote = contexts.comments.mean(views.style[contexts.comments.places])
    spaces = (views.raw_TE, views.final.unit_TP, views.first.unit_TP)
    raw, final, first = (_similarities(unit, contexts, answers) for unit in spaces)
    return np.hstack(
        [
            *(_dots(unit, answers, contexts.prompt)[:, None] for unit in spaces),
            style,
            raw,
            final,
            _axis_products(views.final, views.final.axes_PA, contexts, answers),
            first,
            _axis_products(views.first, views.first.axes_PA, contexts, answers),
            identity(views.identity_TM, views.people_CM, contexts, answers),
            late(views.texts, contexts, answers),
            style * lean,
            style * wrote,
            np.zeros((len(answers), 1)) if belief_N is None else belief_N[:, None],
        ]
    )


def contrast(
    views: Views, contexts: Contexts, chosen: Places, rejected: Places, beliefs: Beliefs = (None, None)
) -> NDArray[np.float64]:
    """g(chosen) - g(rejected), (N, F); exactly negated when the answers are swapped."""
    return features(views, contexts, chosen, beliefs[0]) - features(views, contexts, rejected, beliefs[1])


Beliefs = tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]
"""`belief_N` of the chosen and of the rejected answers."""


def learn(
    texts: Texts,
    contexts: Contexts,
    chosen: Places,
    rejected: Places,
    people: list[str],
    beliefs: Beliefs = (None, None),
) -> tuple[Lens, NDArray[np.float64]]:
    """A lens from training rows, and their own contrast (N, F) as lenses see it that were learned from other people.

    Args:
        texts, contexts: T texts, and the N training rows' prompts and personas among them.
        chosen, rejected: the answers' places, (N,).
        people: whose row each is; the groups of cross-fitting are of whole people.
    Raises:
        TrainingError: fewer than three people, no two different answers, or vectors that are not finite.
    """
    names, owner = np.unique(np.asarray(people, dtype=np.str_), return_inverse=True)
    seen = np.unique(np.concatenate([chosen, rejected]))
    if len(names) < PARTS or len(seen) < 2:
        raise TrainingError(
            f"{len(chosen)} records of {len(names)} people to train on; "
            f"the encoder scorer needs {PARTS} people and two different answers"
        )
    if not (np.isfinite(texts.final).all() and np.isfinite(texts.first).all()):
        raise TrainingError("the encoder's vectors are not finite; get a clean copy of its weights")
    style_spread = np.maximum((texts.style[chosen] - texts.style[rejected]).std(0), 1e-6)
    spaces = [whitened(vectors, seen, chosen, rejected) for vectors in (texts.final, texts.first)]
    whose, own = owned(contexts, chosen, owner)
    everybody = Identity.learn(texts.final, whose, own)
    bare = Lens(spaces[0], spaces[1], texts.style[seen].mean(0), style_spread, everybody)
    views = bare.look(texts)
    contrast_NF = contrast(views, contexts, chosen, rejected, beliefs)
    for part in range(PARTS):
        here = np.flatnonzero(owner % PARTS == part)
        others = whose % PARTS != part
        learned = Identity.learn(texts.final, whose[others], own[others])
        shown = learned.look(texts.final), learned.people_CM, contexts.of_rows(here)
        contrast_NF[np.ix_(here, _IDENTITY)] = identity(*shown, chosen[here]) - identity(*shown, rejected[here])
    agreed = []
    for view, columns in ((views.final, _FINAL_AXES), (views.first, _FIRST_AXES)):
        target = view.scaled_TP[chosen] - view.scaled_TP[rejected]
        history = _lean(view.scaled_TP, contexts)
        agreed.append(_agreeing(target, history))
        for part in range(PARTS):
            here = owner % PARTS == part
            axes = _agreeing(target[~here], history[~here])
            ours, theirs = (_axis_products(view, axes, contexts, answers)[here] for answers in (chosen, rejected))
            contrast_NF[np.ix_(here, columns)] = ours - theirs
    final, first = (replace(space, axes_PA=axes) for space, axes in zip(spaces, agreed, strict=True))
    return replace(bare, final=final, first=first), contrast_NF


def whitened(vectors_TE: NDArray[np.float32], answers: Places, chosen: Places, rejected: Places) -> Space:
    """PCA whitening by the distinct training answers; axes are still nought."""
    seen = vectors_TE[answers].astype(np.float64)
    mean = seen.mean(0)
    variance, turn = np.linalg.eigh(np.cov((seen - mean).T))
    variance, turn = variance[::-1][:DIMENSIONS], turn[:, ::-1][:, :DIMENSIONS]
    turn = turn / np.sqrt(variance + max(_FLOOR * variance[0], 1e-12))
    white = (vectors_TE[chosen].astype(np.float64) - vectors_TE[rejected]) @ turn
    return Space(mean, turn, white.std(0) + 1e-6, np.zeros((turn.shape[1], AXES)))


def _agreeing(target_NP: NDArray[np.float64], history_NP: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions on which choices of one person agree, (P, A).

    The leading eigenvectors of the symmetrised covariance of target and history, each as long as its eigenvalue's root.
    """
    together = target_NP.T @ history_NP / max(1, len(target_NP))
    values, vectors = np.linalg.eigh((together + together.T) / 2)
    best = np.argsort(-values)[:AXES]
    axes = np.zeros((len(values), AXES))
    axes[:, : len(best)] = vectors[:, best] * np.sqrt(np.maximum(values[best], 0))
    return axes


def _axis_products(
    view: View, axes_PA: NDArray[np.float64], contexts: Contexts, answers: Places
) -> NDArray[np.float64]:
    """On each axis the answer's place times the person's lean, then the sum, (N, A + 1)."""
    products = (view.scaled_TP @ axes_PA)[answers] * (_lean(view.scaled_TP, contexts) @ axes_PA)
    return np.hstack([products, products.sum(axis=1, keepdims=True)])


def _lean(values_TK: NDArray[np.float64], contexts: Contexts) -> NDArray[np.float64]:
    """Mean of what was liked less mean of what was disliked, (N, K)."""
    liked, disliked = contexts.liked, contexts.disliked
    return liked.mean(values_TK[liked.places]) - disliked.mean(values_TK[disliked.places])


def _similarities(unit_TK: NDArray[np.float32], contexts: Contexts, answers: Places) -> NDArray[np.float64]:
    """Cosines of each answer with the items of its persona, as `_SIMILARITIES`, (N, 10)."""

    def near(items: Items) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        cosines = _dots(unit_TK, answers[items.owners()], items.places)
        return items.mean(cosines), items.max(cosines)

    liked, disliked = near(contexts.liked), near(contexts.disliked)
    rest = (near(items) for items in (contexts.comments, contexts.posts, contexts.told))
    apart = (ours - theirs for ours, theirs in zip(liked, disliked, strict=True))
    return np.stack([*liked, *apart, *(column for pair in rest for column in pair)], axis=1)


def _dots(unit_TK: NDArray[np.float32], left: Places, right: Places) -> NDArray[np.float32]:
    """Row-wise products; elementwise and in chunks, so that a row never depends on its neighbours, nor memory on N."""
    result = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), _CHUNK):
        part = slice(start, start + _CHUNK)
        result[part] = (unit_TK[left[part]] * unit_TK[right[part]]).sum(axis=1)
    return result
