"""The contract of every model."""

import pytest

from penchant.message import Message
from penchant.model.base import Candidates, Model
from penchant.model.fake import FakeModel
from penchant.model.local import LocalModel

ASK: tuple[Message, ...] = (Message("user", "what about tea ?"),)
TELL: tuple[Message, ...] = (Message("system", "i like milk"), *ASK)


@pytest.fixture(params=["fake", "local"])
def model(request: pytest.FixtureRequest, local: LocalModel) -> Model:
    return FakeModel(weights={"tea": -0.5}) if request.param == "fake" else local


def test_there_is_one_likelihood_per_answer_in_the_order_given(model: Model) -> None:
    likelihoods = model.logprobs(
        [Candidates(ASK, ("hot tea", "milk", "cold coffee please")), Candidates(TELL, ("tea",))]
    )
    assert [len(part) for part in likelihoods] == [3, 1]
    alone = [model.logprobs([Candidates(ASK, (answer,))])[0][0] for answer in ("hot tea", "milk", "cold coffee please")]
    assert [one.logprob for one in likelihoods[0]] == pytest.approx([one.logprob for one in alone], rel=1e-5)
    assert [one.tokens for one in likelihoods[0]] == [one.tokens for one in alone]


def test_likelihoods_are_logarithms_of_probabilities_and_longer_answers_have_more_tokens(model: Model) -> None:
    ((short, long),) = model.logprobs([Candidates(ASK, ("tea", "tea please never cold"))])
    assert short.logprob < 0
    assert long.logprob < short.logprob
    assert 1 <= short.tokens < long.tokens


def test_more_messages_are_more_tokens(model: Model) -> None:
    assert 0 < model.count(ASK) < model.count(TELL)


def test_nothing_asked_is_nothing_answered(model: Model) -> None:
    assert model.logprobs([]) == []
