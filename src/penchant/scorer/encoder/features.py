"""The features of the encoder scorer: numbers g of one answer for one person. A pair's margin weighs g(A) - g(B).

Texts are compared in three spaces: `raw` (the final embedding), `final` (the same, PCA-whitened) and `first` (the mean
of the first layer, whitened: words, punctuation, length). Both whitened spaces have `axes`, learned in closed form:
directions of the embeddings on which one person's choices agree with each other. `identity` measures authorship, `late`
compares token by token, and `belief` is how well the answer suits the directions inferred by an annotator, if there is
one. Every feature reads one answer alone, so swapping two answers negates the margin exactly, whatever the weights are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import TrainingError
from penchant.scorer.encoder.identity import NAMES, PEOPLE, Identity, identity_features, own_texts
from penchant.scorer.encoder.late import NAMES as LATE
from penchant.scorer.encoder.late import late_features
from penchant.scorer.encoder.texts import Contexts, Ids, Items, Texts
from penchant.style import STYLE

# Shapes: N rows, T texts, E encoder size, P whitened dimensions, A axes, F features.

DIMENSIONS = 64
"""P. A larger space memorises texts: 128 and more gain on people with training texts, and lose on unseen texts."""
AXES = 4
"""A."""
PARTS = 3
"""Groups of people for cross-fitting: the axes of a training row are learned from the other groups."""
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
"""Groups of features, in order; the features of a group share one weight decay."""
FEATURES = tuple(name for names in BLOCKS.values() for name in names)
"""The names of all F features, in order."""
GROUPS = tuple(block for block, names in BLOCKS.items() for _ in names)
"""The block of each feature."""


def _names(*blocks: str) -> tuple[str, ...]:
    return tuple(name for block in blocks for name in BLOCKS[block])


IMPERSONAL = _names("prompt", "style", "people")
"""Features that read no persona."""
TEXT = _names("raw", "final", "final axes", "first", "first axes", "identity", "late")
"""Features that read the persona's texts."""
MANNER = _names("choices", "comments")
"""Features that read the style of the persona's texts."""


def _columns(*blocks: str) -> NDArray[np.int64]:
    return np.array([FEATURES.index(name) for name in _names(*blocks)])


_FINAL_AXES, _FIRST_AXES, _IDENTITY = _columns("final axes"), _columns("first axes"), _columns("identity", "people")


@dataclass(frozen=True, slots=True)
class Space:
    """A whitened space and the axes learned in it."""

    mean_E: NDArray[np.float64]
    turn_EP: NDArray[np.float64]
    """Maps a centred vector to P components of about unit variance."""
    spread_P: NDArray[np.float64]
    """Standard deviation of chosen less rejected; components are divided by it for the axes."""
    axes_PA: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lens:
    """Everything that is learned before the weights: both spaces, the scale of style, and the authorship metric."""

    final: Space
    first: Space
    style_mean: NDArray[np.float64]
    """(12,)."""
    style_spread: NDArray[np.float64]
    """(12,): standard deviation of chosen less rejected."""
    identity: Identity

    def view(self, texts: Texts) -> Views:
        """All texts of a table in every space of this lens."""
        return Views(
            texts=texts,
            raw_TE=texts.final,
            final=View.of(self.final, texts.final),
            first=View.of(self.first, texts.first),
            style=(texts.style - self.style_mean) / self.style_spread,
            identity_TM=self.identity.project(texts.final),
            people_CM=self.identity.people_CM,
        )


@dataclass(frozen=True, slots=True)
class View:
    """T texts in one whitened space."""

    unit_TP: NDArray[np.float32]
    """Rows of length 1."""
    scaled_TP: NDArray[np.float64]
    """Components divided by `Space.spread_P`."""
    axes_PA: NDArray[np.float64]

    @classmethod
    def of(cls, space: Space, vectors_TE: NDArray[np.float32]) -> View:
        """Whitens the vectors, then scales them to unit length and, apart from that, to unit spread."""
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
    views: Views, contexts: Contexts, answers: Ids, belief_N: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """g of one answer per row: `FEATURES` by column, (N, F). Each row depends on its own answer and context only.

    Args:
        belief_N: how well each answer suits the belief about its person, see `BeliefScorer.suits`; None is 0 for all.
    """
    style = views.style[answers]
    lean = _lean(views.style, contexts)
    comment_style = contexts.comments.mean(views.style[contexts.comments.ids])
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
            identity_features(views.identity_TM, views.people_CM, contexts, answers),
            late_features(views.texts, contexts, answers),
            style * lean,
            style * comment_style,
            np.zeros((len(answers), 1)) if belief_N is None else belief_N[:, None],
        ]
    )


def contrast(
    views: Views, contexts: Contexts, chosen: Ids, rejected: Ids, beliefs: Beliefs = (None, None)
) -> NDArray[np.float64]:
    """g(chosen) - g(rejected), (N, F); exactly negated when the answers are swapped."""
    chosen_belief, rejected_belief = beliefs
    return features(views, contexts, chosen, chosen_belief) - features(views, contexts, rejected, rejected_belief)


Beliefs = tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]
"""`belief_N` of the chosen and of the rejected answers."""


def learn_lens(
    texts: Texts,
    contexts: Contexts,
    chosen: Ids,
    rejected: Ids,
    people: Sequence[str],
    beliefs: Beliefs = (None, None),
) -> tuple[Lens, NDArray[np.float64]]:
    """A lens from training rows, and the contrast of these rows, (N, F).

    The contrast is cross-fitted: its columns of the axes and of `identity` come from lenses of other people, so that no
    row sees what was learned from its own person.

    Args:
        texts, contexts: T texts, and the N training rows' prompts and personas among them.
        chosen, rejected: the answers' rows in `texts`, (N,).
        people: the person of each row; cross-fitting keeps all rows of a person in one group.
    Raises:
        TrainingError: fewer than three people, no two different answers, or vectors that are not finite.
    """
    names, owner = np.unique(np.asarray(people, dtype=np.str_), return_inverse=True)
    answers = np.unique(np.concatenate([chosen, rejected]))
    if len(names) < PARTS or len(answers) < 2:
        raise TrainingError(
            f"{len(chosen)} records of {len(names)} people to train on; "
            f"the encoder scorer needs {PARTS} people and two different answers"
        )
    if not (np.isfinite(texts.final).all() and np.isfinite(texts.first).all()):
        raise TrainingError("the encoder's vectors are not finite; get a clean copy of its weights")
    text_owner, own = own_texts(contexts, chosen, owner)
    lens = Lens(
        final=whitened(texts.final, answers, chosen, rejected),
        first=whitened(texts.first, answers, chosen, rejected),
        style_mean=texts.style[answers].mean(0),
        style_spread=np.maximum((texts.style[chosen] - texts.style[rejected]).std(0), 1e-6),
        identity=Identity.learn(texts.final, text_owner, own),
    )
    views = lens.view(texts)
    contrast_NF = contrast(views, contexts, chosen, rejected, beliefs)
    for part in range(PARTS):
        rows = np.flatnonzero(owner % PARTS == part)
        others = text_owner % PARTS != part
        identity = Identity.learn(texts.final, text_owner[others], own[others])
        projected_TM, group = identity.project(texts.final), contexts.of_rows(rows)
        chosen_features, rejected_features = (
            identity_features(projected_TM, identity.people_CM, group, side[rows]) for side in (chosen, rejected)
        )
        contrast_NF[np.ix_(rows, _IDENTITY)] = chosen_features - rejected_features
    final_axes, columns = _cross_fitted_axes(views.final, contexts, chosen, rejected, owner)
    contrast_NF[:, _FINAL_AXES] = columns
    first_axes, columns = _cross_fitted_axes(views.first, contexts, chosen, rejected, owner)
    contrast_NF[:, _FIRST_AXES] = columns
    final, first = replace(lens.final, axes_PA=final_axes), replace(lens.first, axes_PA=first_axes)
    return replace(lens, final=final, first=first), contrast_NF


def _cross_fitted_axes(
    view: View, contexts: Contexts, chosen: Ids, rejected: Ids, owner: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Axes of all rows, (P, A), and each row's contrast on the axes of other people, (N, A + 1)."""
    target = view.scaled_TP[chosen] - view.scaled_TP[rejected]
    history = _lean(view.scaled_TP, contexts)
    columns = np.zeros((len(chosen), AXES + 1))
    for part in range(PARTS):
        rows = owner % PARTS == part
        axes = _agreeing(target[~rows], history[~rows])
        ours, theirs = (_axis_products(view, axes, contexts, answers)[rows] for answers in (chosen, rejected))
        columns[rows] = ours - theirs
    return _agreeing(target, history), columns


def whitened(vectors_TE: NDArray[np.float32], answers: Ids, chosen: Ids, rejected: Ids) -> Space:
    """PCA whitening by the distinct training answers; its axes are all 0."""
    vectors = vectors_TE[answers].astype(np.float64)
    mean = vectors.mean(0)
    variance, turn = np.linalg.eigh(np.cov((vectors - mean).T))
    variance, turn = variance[::-1][:DIMENSIONS], turn[:, ::-1][:, :DIMENSIONS]
    turn = turn / np.sqrt(variance + max(_FLOOR * variance[0], 1e-12))
    white = (vectors_TE[chosen].astype(np.float64) - vectors_TE[rejected]) @ turn
    return Space(mean, turn, white.std(0) + 1e-6, np.zeros((turn.shape[1], AXES)))


def _agreeing(target_NP: NDArray[np.float64], history_NP: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions on which choices of one person agree, (P, A).

    These are the leading eigenvectors of the symmetrised covariance of target and history. The length of each is the
    square root of its eigenvalue.
    """
    together = target_NP.T @ history_NP / max(1, len(target_NP))
    values, vectors = np.linalg.eigh((together + together.T) / 2)
    best = np.argsort(-values)[:AXES]
    axes = np.zeros((len(values), AXES))
    axes[:, : len(best)] = vectors[:, best] * np.sqrt(np.maximum(values[best], 0))
    return axes


def _axis_products(view: View, axes_PA: NDArray[np.float64], contexts: Contexts, answers: Ids) -> NDArray[np.float64]:
    """On each axis the answer's coordinate times the person's lean, then the sum over axes, (N, A + 1)."""
    products = (view.scaled_TP @ axes_PA)[answers] * (_lean(view.scaled_TP, contexts) @ axes_PA)
    return np.hstack([products, products.sum(axis=1, keepdims=True)])


def _lean(values_TK: NDArray[np.float64], contexts: Contexts) -> NDArray[np.float64]:
    """Mean of the liked answers less mean of the disliked ones, (N, K)."""
    liked, disliked = contexts.liked, contexts.disliked
    return liked.mean(values_TK[liked.ids]) - disliked.mean(values_TK[disliked.ids])


def _similarities(unit_TK: NDArray[np.float32], contexts: Contexts, answers: Ids) -> NDArray[np.float64]:
    """Cosines of each answer with the items of its persona, as `_SIMILARITIES`, (N, 10)."""

    def near(items: Items) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        cosines = _dots(unit_TK, answers[items.owners()], items.ids)
        return items.mean(cosines), items.max(cosines)

    liked, disliked = near(contexts.liked), near(contexts.disliked)
    rest = (near(items) for items in (contexts.comments, contexts.posts, contexts.descriptions))
    difference = (ours - theirs for ours, theirs in zip(liked, disliked, strict=True))
    return np.stack([*liked, *difference, *(column for pair in rest for column in pair)], axis=1)


def _dots(unit_TK: NDArray[np.float32], left: Ids, right: Ids) -> NDArray[np.float32]:
    """Dot products row by row, (N,).

    They are elementwise and in chunks: a row never depends on its neighbours, and memory does not grow with N.
    """
    result = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), _CHUNK):
        part = slice(start, start + _CHUNK)
        result[part] = (unit_TK[left[part]] * unit_TK[right[part]]).sum(axis=1)
    return result
