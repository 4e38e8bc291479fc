"""Late interaction: how well each token of an answer is met by some token of what a person wrote or chose.

A text's one vector blurs what a person returns to: a name, a craft, a turn of phrase. Here every token looks for its
best partner, and the partners' nearness is averaged (MaxSim; Khattab & Zaharia 2020, arXiv:2004.12832).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from penchant.scorer.encoder.texts import Contexts, Items, Places, Texts

# Shapes: N rows, E encoder size; L tokens of an answer, K tokens of some items.

GROUPS = ("liked", "disliked", "comments", "posts", "told")
MEASURES = ("met", "meets", "met closely", "met best")
"""Mean nearness of the answer's tokens to their best partners; the items' tokens to theirs in the answer; the squared
nearness beyond `_CLOSE`, so that a few close partners count more; the `_BEST` nearest alone."""
NAMES = tuple(f"late: {group} {measure}" for group in GROUPS for measure in MEASURES)
_CLOSE = 0.5
_BEST = 5


def late(texts: Texts, contexts: Contexts, answers: Places) -> NDArray[np.float64]:
    """`NAMES` of one answer per row, (N, 20); 0 where a group has no items."""
    groups: Sequence[Items] = [getattr(contexts, group) for group in GROUPS]
    starts = [np.concatenate([[0], np.cumsum(items.counts)]) for items in groups]
    found = np.zeros((len(answers), len(GROUPS), len(MEASURES)))

    # a person's rows stand together and share their items, whose vectors are gathered once
    @lru_cache(maxsize=len(GROUPS))
    def gathered(places: tuple[int, ...]) -> NDArray[np.float32]:
        return _vectors(texts, places)

    for row, answer in enumerate(answers.tolist()):
        for place, (items, start) in enumerate(zip(groups, starts, strict=True)):
            theirs = tuple(items.places[start[row] : start[row + 1]].tolist())
            if theirs:
                key = (answer, theirs)
                if key not in texts.met:
                    texts.met[key] = _measures(_vectors(texts, [answer]), gathered(theirs))
                found[row, place] = texts.met[key]
    return found.reshape(len(answers), len(NAMES))


def _vectors(texts: Texts, places: Sequence[int]) -> NDArray[np.float32]:
    starts = texts.tokens.starts
    return np.concatenate([texts.tokens.vectors[starts[i] : starts[i + 1]] for i in places]).astype(np.float32)


def _measures(vectors_LE: NDArray[np.float32], theirs_KE: NDArray[np.float32]) -> tuple[float, ...]:
    near_LK = vectors_LE @ theirs_KE.T
    met_L = near_LK.max(axis=1)
    return (
        float(met_L.mean()),
        float(near_LK.max(axis=0).mean()),
        float((np.maximum(met_L - _CLOSE, 0) ** 2).mean()),
        float(np.sort(met_L)[-_BEST:].mean()),
    )
