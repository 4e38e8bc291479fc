"""Whose text is this: a metric in which texts of one person are near and those of two are not.

As speakers are told apart by their voice: what differs between texts of one person is whitened away (within-class
covariance normalisation; Hatch, Kajarekar & Stolcke 2006), and of what is left the directions are kept on which people
differ most. People it was not learned from are placed by what they wrote and chose. That an answer is just what some
other known person would write is told beside it, as a verifier of speakers reckons with a cohort: so the places of the
people it was learned from are part of it, without names. They are made from those people's texts; a scorer that is
saved goes when their data has to go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.scorer.encoder.texts import Contexts, Items, Places

# Shapes: N rows, T texts, E encoder size, M dimensions of the metric, C people it was learned from.

DIMENSIONS = 128
"""M, at most."""
_SHRINK = 0.3
"""How far the covariance within people is drawn to the same in all directions; a person has a few dozen texts."""
_SHARP = 8.0
"""How sharply the nearest of the known people stand out in the soft maximum over all of them."""
GROUPS = ("liked", "disliked", "comments", "posts")
OWN = ("liked", "comments", "posts")
"""Groups whose texts are taken for a person's own."""
NAMES = (*(f"identity: {group} {measure}" for group in GROUPS for measure in ("mean", "max")), "identity: all")
PEOPLE = ("people: nearest", "people: all")
"""How near an answer is to the nearest of the known people, and to all of them; these know no persona."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The metric, and where the people are whom it was learned from."""

    mean_E: NDArray[np.float64]
    turn_EM: NDArray[np.float64]
    people_CM: NDArray[np.float64]
    """Rows of length 1."""

    @classmethod
    def learn(cls, vectors_TE: NDArray[np.float32], owner: NDArray[np.int64], places: Places) -> Identity:
        """From texts and whose each is; both of the same length, some texts may be of several people."""
        texts = vectors_TE[places].astype(np.float64)
        mean = texts.mean(0)
        texts -= mean
        _, owner = np.unique(owner, return_inverse=True)
        counts = np.bincount(owner)
        people = np.zeros((len(counts), texts.shape[1]))
        np.add.at(people, owner, texts)
        people /= counts[:, None]
        apart = texts - people[owner]
        within = apart.T @ apart / len(texts)
        size = len(within)
        within = (1 - _SHRINK) * within + (_SHRINK * np.trace(within) / size + 1e-9) * np.eye(size)
        variance, turn = np.linalg.eigh(within)
        white = turn / np.sqrt(variance)
        between = people @ white
        _, most = np.linalg.eigh(between.T @ between / len(people))
        turn_EM = white @ most[:, ::-1][:, :DIMENSIONS]
        return cls(mean, turn_EM, unit(people @ turn_EM))

    def look(self, vectors_TE: NDArray[np.float32]) -> NDArray[np.float64]:
        """All texts in the metric, (T, M), rows of length 1."""
        return unit((vectors_TE - self.mean_E) @ self.turn_EM)


def unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length 1."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9))


def identity(
    unit_TM: NDArray[np.float64], people_CM: NDArray[np.float64], contexts: Contexts, answers: Places
) -> NDArray[np.float64]:
    """`NAMES`, then `PEOPLE`, of one answer per row, (N, 11); `NAMES` are 0 where there are no items."""
    groups: Sequence[Items] = [getattr(contexts, group) for group in GROUPS]
    mine = unit_TM[answers]
    columns = []
    for items in groups:
        centre = unit(items.mean(unit_TM[items.places]))
        cosines = (mine[items.owners()] * unit_TM[items.places]).sum(axis=1)
        columns += [(centre * mine).sum(axis=1), items.max(cosines)]
    own = [items for name, items in zip(GROUPS, groups, strict=True) if name in OWN]
    total = sum((items.mean(unit_TM[items.places]) * items.counts[:, None] for items in own), np.zeros_like(mine))
    near = mine @ people_CM.T
    everybody = np.log(np.exp(_SHARP * near).mean(axis=1)) / _SHARP
    return np.stack([*columns, (unit(total) * mine).sum(axis=1), near.max(axis=1), everybody], axis=1)


def owned(contexts: Contexts, chosen: Places, owner: NDArray[np.int64]) -> tuple[NDArray[np.int64], Places]:
    """Whose each own text of some rows is, and its place: what was chosen or written, each once per person."""
    groups: Sequence[Items] = [getattr(contexts, group) for group in OWN]
    whose = np.concatenate([owner, *(owner[items.owners()] for items in groups)])
    places = np.concatenate([chosen, *(items.places for items in groups)])
    both = np.unique(np.stack([whose, places], axis=1), axis=0)
    return both[:, 0], both[:, 1]
