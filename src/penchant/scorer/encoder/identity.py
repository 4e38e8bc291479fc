"""Authorship: a metric in which texts by one person are near each other and texts by different people are not.

The method comes from recognising speakers by voice. Differences between texts by one person are whitened away
(within-class covariance normalisation; Hatch, Kajarekar & Stolcke 2006); then the directions on which people differ
most are kept. New people are placed by what they wrote and chose. Speaker recognition also compares with a cohort of
other speakers; likewise, two features give the distance between an answer and the training people. So the positions of
the training people are part of the metric, without names. They are made from those people's texts: delete a saved
scorer when their data has to be deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.scorer.encoder.texts import Contexts, Ids

# Shapes: N rows, T texts, E encoder size, M dimensions of the metric, C training people.

DIMENSIONS = 128
"""M, at most."""
_SHRINK = 0.3
"""How far the within-person covariance is shrunk to a multiple of the identity; a person has a few dozen texts."""
_SHARP = 8.0
"""Sharpness of the soft maximum over the training people."""
GROUPS = ("liked", "disliked", "comments", "posts")
OWN = ("liked", "comments", "posts")
"""Groups whose texts count as a person's own."""
NAMES = (*(f"identity: {group} {measure}" for group in GROUPS for measure in ("mean", "max")), "identity: all")
PEOPLE = ("people: nearest", "people: all")
"""How near an answer is to the nearest training person, and to all of them; these features read no persona."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The metric, and the positions of the training people in it."""

    mean_E: NDArray[np.float64]
    turn_EM: NDArray[np.float64]
    people_CM: NDArray[np.float64]
    """Rows of length 1."""

    @classmethod
    def learn(cls, vectors_TE: NDArray[np.float32], owner: NDArray[np.int64], ids: Ids) -> Identity:
        """Learns the metric.

        Args:
            owner: the person of each text.
            ids: the row of each text in `vectors_TE`, as long as `owner`; a text may occur for several people.
        """
        texts = vectors_TE[ids].astype(np.float64)
        mean = texts.mean(0)
        texts -= mean
        _, owner = np.unique(owner, return_inverse=True)
        counts = np.bincount(owner)
        people = np.zeros((len(counts), texts.shape[1]))
        np.add.at(people, owner, texts)
        people /= counts[:, None]
        residual = texts - people[owner]
        covariance = residual.T @ residual / len(texts)
        size = len(covariance)
        covariance = (1 - _SHRINK) * covariance + (_SHRINK * np.trace(covariance) / size + 1e-9) * np.eye(size)
        variance, turn = np.linalg.eigh(covariance)
        white = turn / np.sqrt(variance)
        between = people @ white
        _, axes = np.linalg.eigh(between.T @ between / len(people))
        turn_EM = white @ axes[:, ::-1][:, :DIMENSIONS]
        return cls(mean, turn_EM, unit(people @ turn_EM))

    def project(self, vectors_TE: NDArray[np.float32]) -> NDArray[np.float64]:
        """Texts in the metric, (T, M), rows of length 1."""
        return unit((vectors_TE - self.mean_E) @ self.turn_EM)


def unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows scaled to length 1."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9))


def identity_features(
    unit_TM: NDArray[np.float64], people_CM: NDArray[np.float64], contexts: Contexts, answers: Ids
) -> NDArray[np.float64]:
    """`NAMES`, then `PEOPLE`, of one answer per row, (N, 11); `NAMES` are 0 where there are no items."""
    groups = contexts.by_name()
    answer_NM = unit_TM[answers]
    columns = []
    for name in GROUPS:
        items = groups[name]
        centre = unit(items.mean(unit_TM[items.ids]))
        cosines = (answer_NM[items.owners()] * unit_TM[items.ids]).sum(axis=1)
        columns += [(centre * answer_NM).sum(axis=1), items.max(cosines)]
    own = [groups[name] for name in GROUPS if name in OWN]
    total = sum((items.mean(unit_TM[items.ids]) * items.counts[:, None] for items in own), np.zeros_like(answer_NM))
    near_NC = answer_NM @ people_CM.T
    everybody = np.log(np.exp(_SHARP * near_NC).mean(axis=1)) / _SHARP
    return np.stack([*columns, (unit(total) * answer_NM).sum(axis=1), near_NC.max(axis=1), everybody], axis=1)


def own_texts(contexts: Contexts, chosen: Ids, owner: NDArray[np.int64]) -> tuple[NDArray[np.int64], Ids]:
    """The texts that the people of N rows chose or wrote, each once per person.

    Args:
        chosen: the chosen answer of each row, (N,).
        owner: the person of each row, (N,).
    Returns:
        The person of each text, and its row in the table.
    """
    by_name = contexts.by_name()
    groups = [by_name[name] for name in OWN]
    text_owner = np.concatenate([owner, *(owner[items.owners()] for items in groups)])
    ids = np.concatenate([chosen, *(items.ids for items in groups)])
    distinct = np.unique(np.stack([text_owner, ids], axis=1), axis=0)
    return distinct[:, 0], distinct[:, 1]
