"""What an encoder scorer sees of one answer to one person: numbers g, of which a pair's margin takes g(A) - g(B).

Texts are seen in three spaces: `raw` (the final embedding), `final` (the same, PCA-whitened) and `first` (the mean of
the first layer, whitened: words, punctuation, length). In the whitened ones `axes` are learned in closed form:
directions on which a person's choices agree with each other. Every feature is of one answer alone, so whatever
weights they get, swapping two answers negates the margin exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import TrainingError
from penchant.scorer.cases import Contexts, Items, Places, Texts
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
IMPERSONAL = (*(f"{space}: prompt" for space in ("raw", "final", "first")), *STYLE)
TEXT = (
    *(f"raw: {name}" for name in _SIMILARITIES),
    *(f"final: {name}" for name in (*_SIMILARITIES, *_AXES)),
    *(f"first: {name}" for name in (*_SIMILARITIES, *_AXES)),
)
MANNER = (*(f"choices: {name}" for name in STYLE), *(f"comments: {name}" for name in STYLE))
FEATURES = (*IMPERSONAL, *TEXT, *MANNER)
"""The names of all F features, in order."""
_FINAL_AXES, _FIRST_AXES = (
    slice(FEATURES.index(f"{space}: axis 0"), FEATURES.index(f"{space}: axes together") + 1)
    for space in ("final", "first")
)


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

    def look(self, texts: Texts) -> Views:
        """All texts as this lens shows them."""
        return Views(
            texts.final,
            View.of(self.final, texts.final),
            View.of(self.first, texts.first),
            (texts.style - self.style_mean) / self.style_spread,
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

    raw_TE: NDArray[np.float32]
    final: View
    first: View
    style: NDArray[np.float64]
    """(T, 12), centred and scaled."""


def features(views: Views, contexts: Contexts, answers: Places) -> NDArray[np.float64]:
    """g of one answer per row: `FEATURES` by column, (N, F). Each row depends on its own answer and context only."""
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
            style * lean,
            style * wrote,
        ]
    )


def contrast(views: Views, contexts: Contexts, chosen: Places, rejected: Places) -> NDArray[np.float64]:
    """g(chosen) - g(rejected), (N, F); exactly negated when the answers are swapped."""
    return features(views, contexts, chosen) - features(views, contexts, rejected)


def learn(
    texts: Texts, contexts: Contexts, chosen: Places, rejected: Places, people: list[str]
) -> tuple[Lens, NDArray[np.float64]]:
    """A lens from training rows, and their own contrast (N, F) with axes that were learned from other people.

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
    spaces = [_whitened(vectors, seen, chosen, rejected) for vectors in (texts.final, texts.first)]
    bare = Lens(spaces[0], spaces[1], texts.style[seen].mean(0), style_spread)
    views = bare.look(texts)
    contrast_NF = contrast(views, contexts, chosen, rejected)
    agreed = []
    for view, columns in ((views.final, _FINAL_AXES), (views.first, _FIRST_AXES)):
        target = view.scaled_TP[chosen] - view.scaled_TP[rejected]
        history = _lean(view.scaled_TP, contexts)
        agreed.append(_agreeing(target, history))
        for part in range(PARTS):
            here = owner % PARTS == part
            axes = _agreeing(target[~here], history[~here])
            ours, theirs = (_axis_products(view, axes, contexts, answers)[here] for answers in (chosen, rejected))
            contrast_NF[here, columns] = ours - theirs
    final, first = (replace(space, axes_PA=axes) for space, axes in zip(spaces, agreed, strict=True))
    return replace(bare, final=final, first=first), contrast_NF


def _whitened(vectors_TE: NDArray[np.float32], answers: Places, chosen: Places, rejected: Places) -> Space:
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
