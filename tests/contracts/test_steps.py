"""What every model that steps promises: contexts that grow, shrink and part ways as if each were alone."""

import numpy as np
import pytest

from penchant.errors import ConfigError
from penchant.message import Message
from penchant.model.base import Contexts, Sampling

PROMPTS: list[tuple[Message, ...]] = [
    (Message("user", "what about tea ?"),),
    (Message("system", "i like milk"), Message("user", "try hot milk or cold tea please " * 4)),
    (Message("user", "coffee"),),
]
pytestmark = pytest.mark.filterwarnings("ignore:.*is not exact in batches")


@pytest.fixture(params=["fake", "llama", "mamba"])
def model(request: pytest.FixtureRequest, open_model):
    return open_model(request.param)


def alone(model, row: int, *tokens: int) -> np.ndarray:
    contexts = model.open([PROMPTS[row]])
    contexts.append([tokens])
    return contexts.next_logprobs()[0]


def same(contexts: Contexts, expected: list[np.ndarray]) -> None:
    np.testing.assert_allclose(contexts.next_logprobs(), np.array(expected), atol=2e-5)


def test_log_probabilities_are_those_of_a_distribution(model) -> None:
    logprobs = model.open(PROMPTS).next_logprobs()
    assert logprobs.dtype == np.float32
    assert logprobs.shape[0] == 3
    np.testing.assert_allclose(np.exp(logprobs.astype(np.float64)).sum(1), 1, atol=1e-5)


def test_a_context_in_company_is_what_it_is_alone(model) -> None:
    contexts = model.open(PROMPTS)
    same(contexts, [alone(model, row) for row in range(3)])
    contexts.append([[6, 7], [], [8]])
    same(contexts, [alone(model, 0, 6, 7), alone(model, 1), alone(model, 2, 8)])
    contexts.append([[9], [6], []])
    contexts.append([[], [7], []])
    same(contexts, [alone(model, 0, 6, 7, 9), alone(model, 1, 6, 7), alone(model, 2, 8)])


def test_lengths_count_prompts_and_tokens(model) -> None:
    contexts = model.open(PROMPTS)
    before = contexts.lengths
    contexts.append([[6, 7], [], [8]])
    assert [new - old for new, old in zip(contexts.lengths, before, strict=True)] == [2, 0, 1]
    assert model.context is None or model.context >= max(before)


def test_a_draft_is_judged_at_every_token(model) -> None:
    contexts = model.open(PROMPTS)
    contexts.append([[6], [], []])
    first, second, third = contexts.verify([[7, 8, 9], [6], []])
    assert (len(first), len(second), len(third)) == (3, 1, 0)
    expected = [alone(model, 0, 6, 7), alone(model, 0, 6, 7, 8), alone(model, 0, 6, 7, 8, 9)]
    np.testing.assert_allclose(first, np.array(expected), atol=2e-5)
    same(contexts, [expected[-1], alone(model, 1, 6), alone(model, 2)])


def test_a_rejected_draft_leaves_no_trace(model) -> None:
    contexts = model.open(PROMPTS)
    start = contexts.lengths
    contexts.verify([[6, 7, 8], [6, 7], [9]])
    contexts.rollback([start[0] + 1, start[1], start[2] + 1])
    same(contexts, [alone(model, 0, 6), alone(model, 1), alone(model, 2, 9)])
    contexts.append([[9, 9], [8], []])
    same(contexts, [alone(model, 0, 6, 9, 9), alone(model, 1, 8), alone(model, 2, 9)])
    contexts.rollback([start[0] - 2, start[1], start[2]])
    assert contexts.lengths[0] == start[0] - 2


def test_a_rollback_beyond_either_end_is_refused(model) -> None:
    contexts = model.open(PROMPTS[:1])
    for length in (0, contexts.lengths[0] + 1):
        with pytest.raises(ConfigError, match="rolled back"):
            contexts.rollback([length])


def test_a_context_may_part_ways(model) -> None:
    contexts = model.open(PROMPTS)
    contexts.append([[6], [7], [8]])
    contexts.next_logprobs()
    contexts.select([2, 0, 0])
    same(contexts, [alone(model, 2, 8), alone(model, 0, 6), alone(model, 0, 6)])
    contexts.append([[], [7], [9]])
    same(contexts, [alone(model, 2, 8), alone(model, 0, 6, 7), alone(model, 0, 6, 9)])


def test_a_caller_may_change_the_array(model) -> None:
    contexts = model.open(PROMPTS[:1])
    contexts.next_logprobs()[:] = 0
    same(contexts, [alone(model, 0)])


def test_greedy_answers_are_the_likeliest_steps(model) -> None:
    (answer,) = model.write(PROMPTS[:1], Sampling(temperature=0, max_tokens=5))
    contexts, tokens = model.open(PROMPTS[:1]), []
    while len(tokens) < 5 and not model.ends.intersection(tokens):
        tokens.append(int(contexts.next_logprobs()[0].argmax()))
        contexts.append([tokens[-1:]])
    assert answer.answer_tokens == len(tokens)
    assert answer.text == model.decode([token for token in tokens if token not in model.ends]).strip()


def test_no_contexts_have_no_probabilities(model) -> None:
    contexts = model.open([])
    assert contexts.lengths == ()
    assert len(contexts.next_logprobs()) == 0
