"""A classifier's term weighs the likeliest tokens by the text that each would make."""

import numpy as np
import pytest

from penchant.decode.classified import Classified
from penchant.errors import ConfigError
from penchant.message import conversation
from penchant.model.base import Candidates, Sampling
from penchant.model.write import stream, write

from .conftest import END, logprobs


def likes_b(prompt, answers) -> np.ndarray:
    return np.array([answer.count("b") - 2.0 * answer.count("aa") for answer in answers])


def by_hand(tokens: tuple[int, ...], weight: float, among: int) -> np.ndarray:
    own = logprobs("q", tokens).astype(np.float64)
    kept = np.argsort(own)[-among:]
    texts = ["".join("abc"[t] for t in (*tokens, token) if t != END) for token in range(4)]
    weights = np.zeros(4)
    weights[kept] = np.exp(own + weight * likes_b(None, texts))[kept]
    return weights / weights.sum()


@pytest.mark.parametrize("among", [1, 3, 4, 16])
@pytest.mark.parametrize("weight", [0.0, 1.5, -1.0])
def test_each_token_is_weighed_by_the_text_with_it(steps, weight: float, among: int) -> None:
    contexts = Classified(steps, likes_b, weight, among).open([conversation("q"), conversation("q")])
    contexts.append([[0], []])
    rows = contexts.next_logprobs()
    assert np.allclose(np.exp(rows[0]), by_hand((0,), weight, min(among, 4)), atol=1e-6)
    assert np.allclose(np.exp(rows[1]), by_hand((), weight, min(among, 4)), atol=1e-6)
    before = contexts.lengths
    verified = contexts.verify([[1, 0], [2]])
    assert np.allclose(np.exp(verified[0][1]), by_hand((0, 1, 0), weight, min(among, 4)), atol=1e-6)
    assert np.allclose(np.exp(verified[1][0]), by_hand((2,), weight, min(among, 4)), atol=1e-6)
    contexts.rollback(before)
    assert np.array_equal(contexts.next_logprobs(), rows)
    contexts.select([1])
    assert np.array_equal(contexts.next_logprobs(), rows[1:])


def test_more_weight_writes_more_of_what_suits(steps) -> None:
    settings = Sampling(temperature=1, top_p=1, max_tokens=10)
    prompts = [conversation(f"q{number}") for number in range(50)]
    counts = []
    for weight in (0.0, 1.0, 4.0):
        answers = Classified(steps, likes_b, weight).write(prompts, settings)
        counts.append(np.mean([answer.text.count("b") for answer in answers]))
    assert counts[0] < counts[1] < counts[2]


def test_a_batch_and_a_stream_are_as_one_alone_and_likelihoods_are_the_formula(steps) -> None:
    model = Classified(steps, likes_b, 1.0, 4)
    settings = Sampling(temperature=1, max_tokens=9, seed=2)
    prompts = [conversation(f"question {number}") for number in range(8)]
    together = model.write(prompts, settings)
    assert together == [write(model, [prompt], settings, rows=1)[0] for prompt in prompts]
    assert list(stream(model, prompts[0], settings))[-1] == list(model.stream(prompts[0], settings))[-1] == together[0]
    ((likelihood,),) = model.logprobs([Candidates(conversation("q"), ("ab",))])
    chances = [by_hand(tokens, 1.0, 4)[token] for tokens, token in (((), 0), ((0,), 1), ((0, 1), END))]
    assert np.exp(likelihood.logprob) == pytest.approx(np.prod(chances), rel=1e-4)


def test_what_cannot_weigh_is_refused(steps) -> None:
    with pytest.raises(ConfigError, match="give a finite number"):
        Classified(steps, likes_b, float("inf"))
    with pytest.raises(ConfigError, match="at least 1 token"):
        Classified(steps, likes_b, 1.0, 0)
