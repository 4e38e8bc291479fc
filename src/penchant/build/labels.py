"""Labels of a sample: one annotator, such as a language model, reads a sample of the replies; another reads the rest.

Which replies are in the sample depends on the seed and their ids, not on their order or the number of workers.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.build.draws import draw
from penchant.build.stages.folder import BuildFolder, save_array
from penchant.build.stages.link import replies_of
from penchant.infer.annotate import directions
from penchant.infer.base import Annotator, Readings
from penchant.persona import Comment, Demographics
from penchant.space import Direction


class Sampled(NamedTuple):
    """A reply of the sample."""

    author: str
    item: Comment


def sample(folder: BuildFolder, size: int) -> list[Sampled]:
    """So many replies of a build, or all if there are fewer; each distinct text under a post once."""
    drawn: dict[int, Sampled] = {}
    for bucket in range(folder.buckets):
        found = {
            draw(folder.recipe.seed, "label", reply.post.id): Sampled(reply.post.author, reply.comment())
            for reply in replies_of(folder, bucket)[0]
        }
        drawn |= found
        drawn = {key: drawn[key] for key in heapq.nsmallest(size, drawn)}
    return list({one.item: one for one in drawn.values()}.values())


@dataclass(frozen=True)
class Labels:
    """What the first annotator read."""

    keys_N: NDArray[np.uint64]
    """A number of each item, see `key_of`; in ascending order."""
    readings: Readings
    """(N, dimensions, 3)."""

    @classmethod
    def of(cls, items: Sequence[Comment], readings: Readings) -> Labels:
        """The labels of some items."""
        keys = np.array([key_of(item) for item in items], dtype=np.uint64)
        order = np.argsort(keys)
        return cls(keys[order], readings[order])

    def save(self, path: Path) -> None:
        """Writes two files: `path`.keys.npy and `path`.npy."""
        save_array(path.with_suffix(".keys.npy"), self.keys_N)
        save_array(path.with_suffix(".npy"), self.readings)

    @classmethod
    def load(cls, path: Path) -> Labels:
        """The labels that `save` wrote."""
        return cls(np.load(path.with_suffix(".keys.npy")), np.load(path.with_suffix(".npy")))

    def directions(self, items: Sequence[Comment | Demographics], reader: Annotator) -> list[Direction]:
        """The directions of items: those of the labels, and of a reader where an item has no label."""
        keys = np.array([key_of(item) for item in items], dtype=np.uint64)
        places = np.minimum(np.searchsorted(self.keys_N, keys), max(0, len(self.keys_N) - 1))
        labelled = self.keys_N[places] == keys if len(self.keys_N) else np.zeros(len(items), bool)
        readings = np.empty((len(items), *self.readings.shape[1:]), dtype=np.float32)
        readings[labelled] = self.readings[places[labelled]]
        readings[~labelled] = reader.annotate([items[row] for row in np.flatnonzero(~labelled).tolist()])
        return directions(readings, reader.space)


def key_of(item: Comment | Demographics) -> int:
    """A number of 64 bits, equal for equal texts under equal posts; descriptions have others."""
    prompt = ("reply", item.prompt) if isinstance(item, Comment) else ("description",)
    return draw(0, "labelled", *prompt, item.text)
