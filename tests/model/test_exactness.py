"""Exactness of trees: log-probabilities, loss and gradients against float64, one sequence at a time."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from penchant.model.likelihood import answer_logprobs
from penchant.model.tree import Branch, collate, pack
from penchant.train.loss import Answers, pair_loss

FAMILIES = ["llama", "qwen2", "qwen3"]


def people() -> list[list[Branch]]:
    """Three people with personas of 30 to 170 tokens, up to four pairs each, all lengths unequal."""
    rng = random.Random(0)

    def draw(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.randrange(6, 61) for _ in range(rng.randint(low, high)))

    personas = [draw(30, 170) for _ in range(3)]
    return [
        [Branch(persona + draw(3, 40), (draw(5, 60), draw(5, 60))) for _ in range(pairs)]
        for persona, pairs in zip(personas, (4, 1, 3), strict=True)
    ]


def alone(model: Any) -> Tensor:
    sums = []
    for branch in (branch for user in people() for branch in user):
        for answer in branch.answers:
            ids = torch.tensor([[*branch.prompt, *answer]])
            logits = model(input_ids=ids).logits[0, len(branch.prompt) - 1 : -1]
            logprobs = torch.log_softmax(logits.to(torch.promote_types(logits.dtype, torch.float32)), -1)
            sums.append(logprobs[torch.arange(len(answer)), torch.tensor(answer)].sum())
    return torch.stack(sums)


def in_trees(model: Any) -> Tensor:
    return answer_logprobs(model, collate([pack(user) for user in people()]))


def loss_and_gradients(model: Any, score: Callable[[Any], Tensor]) -> tuple[float, dict[str, Tensor]]:
    """DPO against a reference that differs by a few nats, so that no pair has the loss log 2."""
    model.zero_grad()
    policy = score(model)
    offsets = torch.randn(len(policy), generator=torch.Generator().manual_seed(3), dtype=torch.float64).to(policy)
    reference, tokens = policy.detach() + 3 * offsets, torch.ones_like(policy)
    sides = [Answers(policy[side::2], reference[side::2], tokens[side::2]) for side in (0, 1)]
    loss = pair_loss(*sides, beta=0.1).loss
    torch.autograd.backward(loss)
    return loss.item(), {name: weight.grad.double().clone() for name, weight in model.named_parameters()}


def furthest(gradients: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    return max(float((gradients[name] - grad).norm() / grad.norm()) for name, grad in expected.items())


@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
@pytest.mark.parametrize("family", FAMILIES)
def test_float32_trees_are_as_exact_as_float32_sequences(tiny_model, family: str, tied: bool) -> None:
    exact = tiny_model(family, tied=tied, dtype=torch.float64)
    model = tiny_model(family, tied=tied)
    with torch.no_grad():
        truth = alone(exact)
        ours, theirs = ((score(model).double() - truth).abs().max() for score in (in_trees, alone))
    assert ours <= 2 * theirs
    loss, grads = loss_and_gradients(model, in_trees)
    expected_loss, expected = loss_and_gradients(model, alone)
    assert abs(loss - expected_loss) <= 2e-6
    assert furthest(grads, expected) <= 5e-6


@pytest.mark.parametrize("family", FAMILIES)
def test_float64_trees_are_exact(tiny_model, family: str) -> None:
    model = tiny_model(family, dtype=torch.float64)
    loss, grads = loss_and_gradients(model, in_trees)
    expected_loss, expected = loss_and_gradients(model, alone)
    assert abs(loss - expected_loss) <= 1e-12
    assert furthest(grads, expected) <= 1e-12


def test_bfloat16_trees_stay_as_near_to_float32_as_bfloat16_sequences_do(tiny_model) -> None:
    """A bfloat16 number has 8 bits: sums of some 30 tokens are off by a tenth of a nat, in a tree as in a sequence."""
    truth, model = tiny_model("llama"), tiny_model("llama").bfloat16()
    with torch.no_grad():
        expected = alone(truth)
        ours, theirs = ((score(model) - expected).abs() for score in (in_trees, alone))
    assert ours.mean() <= 1.5 * theirs.mean()
    assert (ours / expected.abs()).max() <= 0.01


@pytest.mark.parametrize("family", FAMILIES)
def test_under_autocast_trees_and_their_gradients_stay_near_to_float32(tiny_model, family: str) -> None:
    model = tiny_model(family)
    exact_loss, exact = loss_and_gradients(model, in_trees)

    def mixed(model: Any) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return in_trees(model)

    loss, grads = loss_and_gradients(model, mixed)
    assert abs(loss - exact_loss) <= 0.05
    assert furthest(grads, exact) <= 0.1
    assert all(grad.dtype == torch.float64 for grad in grads.values())
