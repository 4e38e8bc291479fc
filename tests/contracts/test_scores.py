"""What every model that scores promises."""

import pytest

from penchant.message import Message
from penchant.model.base import Candidates, Scores
from penchant.model.cached import CachedModel

ASK: tuple[Message, ...] = (Message("user", "what about tea ?"),)
TELL: tuple[Message, ...] = (Message("system", "i like milk"), *ASK)


@pytest.fixture(params=["fake", "llama", "cached llama"])
def model(request: pytest.FixtureRequest, open_model) -> Scores:
    cached, kind = "cached" in request.param, request.param.split()[-1]
    return CachedModel(open_model(kind)) if cached else open_model(kind)


def test_there_is_one_likelihood_per_answer_in_the_order_given(model: Scores) -> None:
    likelihoods = model.logprobs(
        [Candidates(ASK, ("hot tea", "milk", "cold coffee please")), Candidates(TELL, ("tea",))]
    )
    assert [len(part) for part in likelihoods] == [3, 1]
    alone = [model.logprobs([Candidates(ASK, (answer,))])[0][0] for answer in ("hot tea", "milk", "cold coffee please")]
    assert [one.logprob for one in likelihoods[0]] == pytest.approx([one.logprob for one in alone], rel=1e-5)
    assert [one.tokens for one in likelihoods[0]] == [one.tokens for one in alone]


def test_likelihoods_are_logarithms_of_probabilities_and_longer_answers_have_more_tokens(model: Scores) -> None:
    ((short, long),) = model.logprobs([Candidates(ASK, ("tea", "tea please never cold"))])
    assert short.logprob < 0
    assert long.logprob < short.logprob
    assert 1 <= short.tokens < long.tokens


def test_more_messages_are_more_tokens(model: Scores) -> None:
    assert 0 < model.count(ASK) < model.count(TELL)


def test_no_candidates_have_no_likelihoods(model: Scores) -> None:
    assert model.logprobs([]) == []
    assert model.name
