"""Annotators whose encoder is tuned, on a tiny network with random weights."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from penchant.encoder.fake import FakeEncoder
from penchant.encoder.low_rank import UPDATE, load
from penchant.errors import ModelError, TrainingError
from penchant.fit.tuned import tune_annotator
from penchant.fit.tuning import Tuning
from penchant.infer.fitted import CARD, EncoderAnnotator
from penchant.persona import Comment
from penchant.space import PreferenceSpace


def test_an_annotator_with_a_tuned_encoder_reads_and_is_read_back(encoder, items, tiny, tuning, tmp_path: Path) -> None:
    annotator = tune_annotator(items, encoder, tiny, tuning)
    asked = [item.item for item in items]
    readings = annotator.annotate(asked)
    truth = np.stack([item.direction.signs for item in items])
    spoken = truth != 0
    assert (np.sign(readings[..., 2] - readings[..., 0]) == truth)[spoken].mean() > 0.9
    annotator.save(tmp_path)
    again = EncoderAnnotator.load(tmp_path, encoder.tuned(load(tmp_path / UPDATE)), tiny)
    np.testing.assert_allclose(again.annotate(asked), readings, atol=5e-3)
    assert again.by_sentence
    with pytest.raises(ModelError, match="fitted over"):
        EncoderAnnotator.load(tmp_path, encoder, tiny)
    card = json.loads((tmp_path / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps({**card, "learned": {"depth": card["learned"]["depth"]}}))
    with pytest.raises(ModelError, match="its poles do not fit its card"):
        EncoderAnnotator.load(tmp_path, encoder.tuned(load(tmp_path / UPDATE)), tiny)


def test_poles_learned_for_one_space_hold_in_another_that_has_the_dimension(encoder, items, tiny, tuning) -> None:
    annotator = tune_annotator(items, encoder, tiny, tuning)
    other = tiny.subset(["depth", "humour"], name="other")
    moved = annotator.for_space(other)
    assert set(moved.learned) <= {"depth", "humour"}
    item = [Comment("", "I want steam engines each day.")]
    np.testing.assert_allclose(
        moved.annotate(item)[0, other.index("depth")], annotator.annotate(item)[0, tiny.index("depth")], atol=1e-6
    )


def test_other_encoders_cannot_be_tuned(items, tiny) -> None:
    with pytest.raises(TrainingError, match="cannot be tuned"):
        tune_annotator(items, FakeEncoder(), tiny, Tuning())


def test_poles_learned_for_other_phrases_are_not_used(encoder, items, tiny, tuning, tmp_path: Path) -> None:
    annotator = tune_annotator(items, encoder, tiny, tuning)
    annotator.save(tmp_path)
    turned = PreferenceSpace(
        "turned",
        tuple(replace(d, positive=d.negative, negative=d.positive) if d.id == "depth" else d for d in tiny.dimensions),
    )
    for moved in (
        annotator.for_space(turned),
        EncoderAnnotator.load(tmp_path, encoder.tuned(load(tmp_path / UPDATE)), turned),
    ):
        assert "depth" not in moved.learned
        assert "length" in moved.learned
