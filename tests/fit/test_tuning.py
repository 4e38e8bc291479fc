"""Tuning an encoder together with a head, on a tiny network with random weights."""

import numpy as np
import pytest
import torch

from penchant.fit.tuning import Taught, Tuning, steps_of, tune


def test_a_tuned_encoder_is_another_and_the_first_one_is_unchanged(encoder, items, tiny, tuning) -> None:
    before = encoder.embed([items[0].item.text])
    done: list[int] = []
    tuned = tune(items, encoder, tiny, tuning, seed=0, progress=done.append)
    assert sum(done) == steps_of(len(items), tuning)
    np.testing.assert_array_equal(encoder.embed([items[0].item.text]), before)
    assert tuned.encoder.name != encoder.name
    assert set(tuned.poles) == {dimension.id for dimension in tiny.dimensions}
    assert not np.allclose(tuned.encoder.embed([items[0].item.text]), before, atol=1e-2)


def test_the_seed_decides_everything(encoder, items, tiny) -> None:
    short = Tuning(rank=2, epochs=3, rate=1e-3)
    one, same, other = (tune(items, encoder, tiny, short, seed=seed) for seed in (0, 0, 1))
    assert one.encoder.name == same.encoder.name != other.encoder.name


def test_a_teachers_readings_are_learned_where_there_are_no_labels(encoder, items, tiny, tuning) -> None:
    of_length = [item for item in items if item.direction.signs[tiny.index("length")]]
    of_depth = [item for item in items if item.direction.signs[tiny.index("depth")]]
    readings = np.eye(3, dtype=np.float32)[np.stack([item.direction.signs for item in of_depth]) + 1]
    taught = Taught([item.item for item in of_depth], readings)
    head_reads = tune(of_length, encoder, tiny, tuning, seed=0, taught=taught)
    asked = head_reads.encoder.embed([item.item.text for item in of_depth]) - head_reads.mean_E
    positive, negative = head_reads.poles["depth"]
    truth = np.array([item.direction.signs[tiny.index("depth")] for item in of_depth])
    assert (np.sign(asked @ (positive - negative)) == truth).mean() > 0.9


@pytest.mark.parametrize("known", [True, False])
def test_bfloat16_is_used_where_the_processor_knows_it(encoder, items, tiny, monkeypatch, known: bool) -> None:
    used: list[bool] = []
    plain = torch.autocast

    def autocast(*args, **options):
        used.append(options["enabled"])
        return plain(*args, **options)

    monkeypatch.setattr("penchant.fit.tuning.knows_bfloat16", lambda: known)
    monkeypatch.setattr("penchant.fit.tuning.torch.autocast", autocast)
    tuned = tune(items, encoder, tiny, Tuning(rank=2, epochs=1, rate=1e-3), seed=0)
    assert set(used) == {known}
    assert np.isfinite(tuned.encoder.embed([items[0].item.text])).all()
