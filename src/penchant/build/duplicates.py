"""Equal and nearly equal texts: MinHash signatures in bands (Broder 1997; Leskovec et al., Mining of Massive Datasets,
chapter 3). Of texts that are alike, the first one is kept.

Shapes: N texts, K = 64 numbers of a signature.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NUMBERS = 64
_ROWS = 4
"""Numbers of a band: two texts are compared if one of the 16 bands is equal. At a similarity of 0.8, 99.98 % are."""
_SHINGLE = 3
_SEED = 42
_WORD = re.compile(r"\w+")


def digest(text: str) -> int:
    """A number of 63 bits, equal for texts with the same words."""
    content = " ".join(_WORD.findall(text.lower())).encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> 1


def signatures(texts: Sequence[str]) -> NDArray[np.uint32]:
    """(N, K). The share of equal numbers of two signatures estimates the share of common runs of three words."""
    from rensa import RMinHash  # an extra

    made = np.empty((len(texts), NUMBERS), dtype=np.uint32)
    for row, text in enumerate(texts):
        words = _WORD.findall(text.lower())
        runs = [" ".join(words[start : start + _SHINGLE]) for start in range(max(1, len(words) - _SHINGLE + 1))]
        sketch = RMinHash(num_perm=NUMBERS, seed=_SEED)
        sketch.update(runs)
        made[row] = sketch.digest()
    return made


def repeated(digests_N: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether an earlier text has the same words, (N,)."""
    _, first = np.unique(digests_N, return_index=True)
    return ~np.isin(np.arange(len(digests_N)), first)


def nearly_repeated(signatures_NK: NDArray[np.uint32], similarity: float) -> NDArray[np.bool_]:
    """Whether an earlier text is nearly the same, (N,).

    Args:
        signatures_NK: may be a file in memory (`numpy.memmap`); one band of it is in memory at a time.
        similarity: least share of equal numbers.
    """
    count = len(signatures_NK)
    alike = np.zeros(count, dtype=bool)
    for start in range(0, NUMBERS, _ROWS):
        # two runs of 32 bits make the key of two numbers; two keys are mixed, as 128 bits have no type
        band = np.ascontiguousarray(signatures_NK[:, start : start + _ROWS]).view(np.uint64)
        key = band[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ band[:, 1]
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if count else np.zeros(0, int)
        sizes = np.diff(np.append(begins, count))
        first = np.repeat(order[begins], sizes)  # a stable order: the first of a group is its earliest text
        later = order != first
        for rows in np.array_split(np.flatnonzero(later), max(1, later.sum() // 100_000)):
            equal = (signatures_NK[order[rows]] == signatures_NK[first[rows]]).mean(1)
            alike[order[rows[equal >= similarity]]] = True
    return alike
