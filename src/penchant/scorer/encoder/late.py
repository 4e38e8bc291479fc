"""Late interaction: how well each token of an answer matches some token in the texts that a person wrote or chose.

One vector for a whole text blurs details such as a name, a craft or a turn of phrase. Here every token gets its most
similar partner, and the similarities of the partners are averaged (MaxSim; Khattab & Zaharia 2020, arXiv:2004.12832).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from penchant.scorer.encoder.texts import Contexts, Ids, Texts

# Shapes: N rows, E encoder size; L tokens of an answer, K tokens of some items.

GROUPS = ("liked", "disliked", "comments", "posts", "told")
"""Groups of items, by their names in `Contexts.by_name`."""
MEASURES = ("met", "meets", "met closely", "met best")
"""Four means of token similarity, in this order: of the answer's tokens to their best partners among the items; of the
items' tokens to their best partners in the answer; of the squared excess over `_CLOSE`, so that a few close partners
count more; of the `_BEST` most similar tokens of the answer alone."""
NAMES = tuple(f"late: {group} {measure}" for group in GROUPS for measure in MEASURES)
_CLOSE = 0.5
_BEST = 5


def late_features(texts: Texts, contexts: Contexts, answers: Ids) -> NDArray[np.float64]:
    """`NAMES` of one answer per row, (N, 20); 0 where a group has no items."""
    by_name = contexts.by_name()
    groups = [by_name[name] for name in GROUPS]
    starts = [np.concatenate([[0], np.cumsum(items.counts)]) for items in groups]
    features = np.zeros((len(answers), len(GROUPS), len(MEASURES)))

    # consecutive rows of one person share their items, whose vectors are gathered once
    @lru_cache(maxsize=len(GROUPS))
    def gathered(ids: tuple[int, ...]) -> NDArray[np.float32]:
        return _vectors(texts, ids)

    for row, answer in enumerate(answers.tolist()):
        for group, (items, start) in enumerate(zip(groups, starts, strict=True)):
            ids = tuple(items.ids[start[row] : start[row + 1]].tolist())
            if ids:
                key = (answer, ids)
                if key not in texts.late_cache:
                    texts.late_cache[key] = _measures(_vectors(texts, [answer]), gathered(ids))
                features[row, group] = texts.late_cache[key]
    return features.reshape(len(answers), len(NAMES))


def _vectors(texts: Texts, ids: Sequence[int]) -> NDArray[np.float32]:
    starts = texts.tokens.starts
    return np.concatenate([texts.tokens.vectors[starts[i] : starts[i + 1]] for i in ids]).astype(np.float32)


def _measures(answer_LE: NDArray[np.float32], items_KE: NDArray[np.float32]) -> tuple[float, ...]:
    similarity_LK = answer_LE @ items_KE.T
    best_L = similarity_LK.max(axis=1)
    return (
        float(best_L.mean()),
        float(similarity_LK.max(axis=0).mean()),
        float((np.maximum(best_L - _CLOSE, 0) ** 2).mean()),
        float(np.sort(best_L)[-_BEST:].mean()),
    )
