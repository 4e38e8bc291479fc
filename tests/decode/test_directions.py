"""Each dimension of a belief is a voice, and a certain one steers harder."""

import numpy as np
import pytest

from penchant import Comment, Correction, Persona, meet
from penchant.decode.directions import blend, steered
from penchant.decode.formulas import product
from penchant.errors import ConfigError, RecordError
from penchant.message import conversation

from .conftest import logprobs


@pytest.fixture
def person(tiny):
    """Two comments for one pole and one for another; the third dimension is corrected."""
    short, joke = tiny.direction({"length": 1}), tiny.direction({"humour": -1})
    comments = [Comment("a", "b", short), Comment("c", "d", short), Comment("e", "f", joke)]
    return meet(Persona(tuple(comments)), tiny, corrections=(Correction("depth", 1),))


def test_the_more_certain_a_dimension_the_more_it_weighs(person, tiny) -> None:
    dimensions = steered(person, tiny, strength=2.0)
    leanings = person.leanings(tiny)
    wanted = {name: 2 * abs(leanings[tiny.index(name)]) for name in ("depth", "length", "humour")}
    assert [one.weight for one in dimensions] == pytest.approx([wanted["depth"], wanted["length"], wanted["humour"]])
    assert dimensions[0].weight == 2.0 > dimensions[1].weight > dimensions[2].weight > 0
    assert len(steered(person, tiny, most=2)) == 2
    told = dimensions[1].voice(conversation("Hello?"))[-1].content
    assert dimensions[1].pole in told
    assert dimensions[0].pole not in told


def test_the_blend_is_the_product_of_all_voices(steps, person, tiny) -> None:
    dimensions = steered(person, tiny, strength=0.7)
    contexts = blend(steps, dimensions).open([conversation("Hello?")])
    prompts = ["Hello?", *(one.voice(conversation("Hello?"))[-1].content for one in dimensions)]
    voices = np.stack([logprobs(prompt, ()) for prompt in prompts]).astype(np.float64)
    weights = [one.weight for one in dimensions]
    wanted = product((1 - sum(weights), *weights))(voices)
    assert np.allclose(contexts.next_logprobs()[0], wanted, atol=1e-5)


def test_strength_0_is_the_model_alone_and_nobody_cannot_steer(steps, person, tiny) -> None:
    alone = blend(steps, steered(person, tiny, strength=0)).open([conversation("Hello?")])
    assert np.array_equal(alone.next_logprobs()[0], logprobs("Hello?", ()))
    with pytest.raises(RecordError, match="nothing is believed"):
        steered(meet(Persona(), tiny), tiny)
    with pytest.raises(ConfigError, match="give 0 and more"):
        steered(person, tiny, strength=-1)
