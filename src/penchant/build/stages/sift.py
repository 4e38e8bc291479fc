"""Repeated posts, and authors who write too much, are left out: the one stage that looks at all posts together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.build import duplicates
from penchant.build.counts import Counts, StepCounts
from penchant.build.spill import bucket_sizes, read_bucket
from penchant.build.stages.folder import BuildFolder, save_array

KEPT, _MANY, _SAME_ID, _EQUAL, _NEAR = range(5)


def sift(folder: BuildFolder) -> None:
    """Finds repeated posts and authors who write too much. In memory: some 100 bytes a post."""
    recipe, files = folder.recipe, folder.files("read", "keys.npy")
    keys = np.concatenate([np.load(file) for file in files]) if files else np.zeros((0, 3), np.int64)
    verdict = np.zeros(len(keys), dtype=np.uint8)
    _, owner, posts = np.unique(keys[:, 1], return_inverse=True, return_counts=True)
    verdict[posts[owner] > recipe.filters.posts_per_author] = _MANY
    for column, code in ((2, _SAME_ID), (0, _EQUAL)):
        rows = np.flatnonzero(verdict == KEPT)
        verdict[rows[duplicates.repeated(keys[rows, column])]] = code
    if recipe.duplicates.similarity < 1 and len(keys):
        rows = np.flatnonzero(verdict == KEPT)
        alike = duplicates.nearly_repeated(_joined(folder, rows), recipe.duplicates.similarity)
        verdict[rows[alike]] = _NEAR
    save_array(folder.file("sift", 0, "npy"), verdict)
    counts, dropped = _sift_counts(folder, verdict)
    folder.done("sift", 0, counts, dropped)


def _joined(folder: BuildFolder, rows: NDArray[Any]) -> NDArray[Any]:
    """The signatures of some posts, in one file that is mapped into memory."""
    path = folder.file("sift", 0, "signatures")
    path.parent.mkdir(parents=True, exist_ok=True)
    joined = np.memmap(path, dtype=np.uint32, mode="w+", shape=(max(1, len(rows)), duplicates.NUMBERS))
    start = first = 0
    for file in folder.files("read", "signatures.npy"):
        part = np.load(file, mmap_mode="r")
        last = int(np.searchsorted(rows, start + len(part)))
        joined[first:last] = part[rows[first:last] - start]
        start, first = start + len(part), last
    return joined[: len(rows)]


def _sift_counts(folder: BuildFolder, verdict: NDArray[Any]) -> tuple[Counts, list[tuple[str, str, str]]]:
    reasons = {
        _MANY: ("authors", f"author of more than {folder.recipe.filters.posts_per_author:,} posts"),
        _SAME_ID: ("ids", "a post before has the same id"),
        _EQUAL: ("duplicates", "a post before has the same words"),
        _NEAR: ("duplicates", "a post before is nearly the same"),
    }
    counts: Counts = {step: StepCounts() for step, _ in reasons.values()}
    left = len(verdict)
    for step, one in counts.items():
        one.rows_in = left
        for code, (of, reason) in reasons.items():
            if of == step:
                one.drop(reason, int((verdict == code).sum()))
        left -= sum(one.dropped.values())
        one.rows_out = left
    dropped, start = [], 0
    for file in folder.files("read", "arrow"):
        for bucket, size in enumerate(bucket_sizes(file, folder.buckets)):
            part = verdict[start : start + size]
            if part.any():
                origins = read_bucket([file], bucket)[0].column("origin").to_pylist()
                dropped += [(origins[row], *reasons[int(part[row])]) for row in np.flatnonzero(part)]
            start += size
    return counts, dropped
