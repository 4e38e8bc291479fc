"""A decoder by its name is a model that reads the person from the prompt, and steers against the prompt without."""

import numpy as np
import pytest

from penchant.decode.decoders import DECODERS, decoded, decoder_named, stepping, strength_of
from penchant.decode.formulas import guidance
from penchant.errors import ConfigError
from penchant.message import conversation
from penchant.method import METHODS
from penchant.model.base import Candidates, Sampling
from penchant.model.fake import FakeModel


def test_every_decoder_is_a_model(ann) -> None:
    messages = METHODS["ica"].messages(ann, "hot tea with milk").messages
    settings = Sampling(temperature=0.5, max_tokens=8, seed=1)
    for name in DECODERS:
        model = decoded(FakeModel(), name)
        assert model.name
        assert model.count(messages) > 4
        (written,) = model.write([messages], settings)
        assert list(model.stream(messages, settings))[-1] == written
        ((one, other),) = model.logprobs([Candidates(messages, ("hot tea", "cold milk every day"))])
        assert one.logprob <= 0
        assert other.tokens == one.tokens + 2


def test_the_voice_without_the_person_is_the_prompt_that_was_asked(ann) -> None:
    messages = METHODS["ica"].messages(ann, "hot tea").messages
    model = FakeModel()
    contexts = decoded(model, "guidance", 2.5).open([messages])
    voices = model.open([conversation("hot tea"), messages]).next_logprobs().astype(np.float64)
    assert np.allclose(contexts.next_logprobs()[0], guidance(2.5)(voices), atol=1e-5)


def test_strengths_are_checked_and_have_a_usual_value() -> None:
    assert strength_of("guidance", None) == 1.5
    assert strength_of("judge", None) == 1.0
    for name, strength, sentence in (
        ("mixture", 1.5, "mixture takes 0 to 1"),
        ("guidance", -0.1, "guidance takes 0 and more"),
        ("guidance", float("nan"), "guidance takes 0 and more"),
        ("plain", 1.0, "plain has none"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            strength_of(name, strength)
    with pytest.raises(ConfigError, match="choose from plain, guidance"):
        decoder_named("beam")


def test_a_model_behind_an_api_is_refused() -> None:
    class Remote:
        name = "gpt"

    with pytest.raises(ConfigError, match="gpt gives no probabilities"):
        stepping(Remote())
