"""A sample of the replies has the labels of one annotator; another reads the rest."""

from dataclasses import dataclass

import numpy as np

from penchant.build.labels import Labels
from penchant.persona import Comment
from penchant.space import PreferenceSpace

SEEN, OTHER, NEW = Comment("p", "seen"), Comment("p", "other"), Comment("p", "new")


@dataclass
class Reader:
    """Reads the negative pole of every dimension, and remembers what it was given."""

    space: PreferenceSpace

    def annotate(self, items):
        self.items = list(items)
        return np.tile(np.float32([0.9, 0.1, 0]), (len(items), len(self.space), 1))


def labels(space: PreferenceSpace) -> Labels:
    return Labels.of([SEEN, OTHER], np.tile(np.float32([0, 0.1, 0.9]), (2, len(space), 1)))


def test_labels_stand_and_the_reader_reads_the_rest(tiny: PreferenceSpace) -> None:
    reader = Reader(tiny)
    directions = labels(tiny).directions([NEW, OTHER, SEEN], reader)
    assert [set(direction.signs.tolist()) for direction in directions] == [{-1}, {1}, {1}]
    assert reader.items == [NEW]


def test_the_same_words_under_another_post_are_another_reply(tiny: PreferenceSpace) -> None:
    reader = Reader(tiny)
    labels(tiny).directions([Comment("q", "seen")], reader)
    assert reader.items == [Comment("q", "seen")]


def test_without_labels_the_reader_reads_all(tiny: PreferenceSpace) -> None:
    none = Labels.of([], np.zeros((0, len(tiny), 3), np.float32))
    assert none.directions([SEEN], Reader(tiny))[0].signs.tolist() == [-1] * len(tiny)


def test_labels_are_the_same_after_saving(tiny: PreferenceSpace, tmp_path) -> None:
    before = labels(tiny)
    before.save(tmp_path / "labels")
    after = Labels.load(tmp_path / "labels")
    assert np.array_equal(after.keys_N, before.keys_N)
    assert np.array_equal(after.readings, before.readings)
