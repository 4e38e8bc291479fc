"""Tree attention alone: values and gradients of every back end against a plain softmax."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from penchant.model.attention import attend
from penchant.model.tree import Branch, Forest, collate, pack


def forest(persona: int, tasks: list[list[int]]) -> Forest:
    """A forest of two trees: a user, and the same user with the first task only.

    Args:
        persona: tokens of the persona.
        tasks: per task, its tokens, then those of each answer.
    """
    branches = [
        Branch((*range(persona), *(1000 * (i + 1) + t for t in range(task))), tuple((7,) * n for n in answers))
        for i, (task, *answers) in enumerate(tasks)
    ]
    return collate([pack(branches), pack(branches[:1])])


def written_out(query: Tensor, key: Tensor, value: Tensor, forest: Forest, scale: float) -> Tensor:
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1)
    scores = scale * query @ key.transpose(-1, -2)
    return torch.softmax(scores.masked_fill(~forest.shape.mask(0, len(forest.ids_N)), -torch.inf), -1) @ value


def heads(size: int, *, heads: int = 4, groups: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(size)
    shapes = ((1, heads, size, 8), (1, groups, size, 8), (1, groups, size, 8))
    return [torch.randn(s, generator=generator, dtype=torch.float64).requires_grad_() for s in shapes]


lengths = st.lists(st.lists(st.integers(1, 9), min_size=2, max_size=4), min_size=1, max_size=4)


@settings(max_examples=30)
@given(st.integers(0, 20), lengths)
def test_blocks_and_their_gradients_equal_attention_written_out(persona: int, tasks: list[list[int]]) -> None:
    trees = forest(persona, tasks)
    ours, theirs = heads(len(trees.ids_N)), heads(len(trees.ids_N))
    out = attend(*ours, trees.shape, scale=0.3)
    expected = written_out(*theirs, trees, 0.3)
    assert torch.allclose(out, expected, rtol=1e-11, atol=1e-13)
    for output in (out, expected):
        torch.autograd.backward(torch.sin(output * torch.arange(8)).sum())
    for one, two in zip(ours, theirs, strict=True):
        assert torch.allclose(one.grad, two.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("backend", ["dense", "flex"])
def test_the_other_back_ends_agree(backend: str) -> None:
    trees = forest(13, [[3, 5, 2], [1, 4], [6, 1, 1, 9]])
    tensors = [tensor.detach() for tensor in heads(len(trees.ids_N))]
    out = attend(*tensors, trees.with_backend(backend).shape, scale=0.3)
    assert torch.allclose(out, written_out(*tensors, trees, 0.3), rtol=1e-11, atol=1e-13)


def test_large_scores_stay_finite_in_values_and_gradients() -> None:
    trees = forest(40, [[3, 30, 2], [20, 4]])
    tensors = [tensor.detach().mul(60).float().requires_grad_() for tensor in heads(len(trees.ids_N))]
    out = attend(*tensors, trees.shape, scale=1.0)
    torch.autograd.backward(out.sum())
    assert torch.isfinite(out).all()
    assert all(torch.isfinite(tensor.grad).all() for tensor in tensors)


def test_a_cut_mask_is_the_part_of_the_whole() -> None:
    trees = forest(5, [[2, 3, 1]])
    whole = trees.shape.mask(0, len(trees.ids_N))
    start, end = trees.shape.trees[1].start, trees.shape.trees[1].end
    assert torch.equal(trees.shape.mask(start, end), whole[start:end, start:end])
    assert not whole[start:end, :start].any()
