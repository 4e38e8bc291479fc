"""The user tree gives what one sequence at a time gives: values and gradients."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from penchant.model import tree
from penchant.model.tree import Branch, answer_logprobs, collate, pack, shared_prefix, token_logprobs

VOCABULARY = 61
UNEQUAL = [
    [Branch((7, 8, 9, 10, 11, 12), ((13, 5), (14, 15, 16, 5))), Branch((7, 8, 9, 20, 21), ((22, 23, 5), (24, 5)))],
    [Branch((30, 31, 32), ((33, 34, 35, 36, 37, 5), (38, 5)))],
    [
        Branch((40, 41, 42, 43), ((44, 5), (45, 5))),
        Branch((40, 41, 42, 43, 46, 47, 48), ((49, 50, 5), (51, 5))),
        Branch((40, 52), ((53, 54, 5), (53, 55, 5), (56, 5))),
    ],
]


def one_at_a_time(model: Any, users: Sequence[Sequence[Branch]]) -> Tensor:
    """Each prompt with each answer as a sequence of its own, by the model's plain forward pass."""
    sums = []
    for branch in (branch for user in users for branch in user):
        for answer in branch.answers:
            ids = torch.tensor([[*branch.prompt, *answer]])
            logits = model(input_ids=ids).logits[0, len(branch.prompt) - 1 : -1]
            picked = torch.log_softmax(logits, -1)[torch.arange(len(answer)), torch.tensor(answer)]
            sums.append(picked.sum())
    return torch.stack(sums)


def in_trees(model: Any, users: Sequence[Sequence[Branch]], *, pad_id: int = 0) -> Tensor:
    dtype = next(model.parameters()).dtype
    return answer_logprobs(model, collate([pack(user) for user in users], pad_id=pad_id), dtype=dtype)


def loss_of(sums: Tensor) -> Tensor:
    weights = torch.linspace(-1, 2, len(sums), dtype=sums.dtype)
    return (weights * torch.tanh(sums / 20)).sum()


def gradients(model: Any, loss: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    torch.autograd.backward(loss)
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_trees_equal_one_sequence_at_a_time_in_float64(tiny_model, family: str, tied: bool) -> None:
    model = tiny_model(family, tied=tied, dtype=torch.float64)
    plain, packed = one_at_a_time(model, UNEQUAL), in_trees(model, UNEQUAL)
    assert packed.dtype == torch.float64
    assert ((packed - plain).abs() / plain.abs()).max() <= 1e-12
    expected, found = gradients(model, loss_of(plain)), gradients(model, loss_of(in_trees(model, UNEQUAL)))
    assert {name for name, value in expected.items() if value.norm() > 0} == set(expected)
    for name, value in expected.items():
        assert (found[name] - value).norm() <= 1e-12 * max(1.0, value.norm()), name


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_trees_equal_one_sequence_at_a_time_in_float32(tiny_model, family: str) -> None:
    model = tiny_model(family)
    plain, packed = one_at_a_time(model, UNEQUAL), in_trees(model, UNEQUAL)
    assert (packed - plain).abs().max() < 1e-4
    expected, found = gradients(model, loss_of(plain)), gradients(model, loss_of(in_trees(model, UNEQUAL)))
    for name, value in expected.items():
        assert (found[name] - value).norm() <= 1e-4 * max(1e-3, value.norm()), name


ids = st.integers(6, VOCABULARY - 1)
answers = st.lists(st.lists(ids, min_size=1, max_size=4).map(tuple), min_size=1, max_size=3).map(tuple)
users = st.lists(
    st.builds(
        lambda persona, tasks: [Branch((*persona, *task), found) for task, found in tasks],
        st.lists(ids, max_size=6),
        st.lists(st.tuples(st.lists(ids, min_size=1, max_size=4), answers), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=25)
@given(users)
def test_any_trees_equal_one_sequence_at_a_time(tiny_model, users: list[list[Branch]]) -> None:
    model = tiny_model("llama", dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(in_trees(model, users), one_at_a_time(model, users), rtol=1e-12, atol=1e-12)


def test_a_tree_holds_what_is_shared_once(tiny_model: Callable[..., Any]) -> None:
    packed = pack([Branch((1, 2, 3, 4), ((9,), (8, 7))), Branch((1, 2, 5), ((6,),))])
    assert packed.ids == [1, 2, 3, 4, 9, 8, 7, 5, 6]
    assert packed.positions == [0, 1, 2, 3, 4, 4, 5, 2, 3]
    assert packed.target == [9, 8, 7, 6]
    assert packed.source == [3, 3, 5, 7]
    assert packed.answer == [0, 1, 1, 2]
    assert packed.answers == 3


def test_every_token_sees_its_ancestors_and_nothing_else() -> None:
    packed = pack([Branch((1, 2, 3, 4), ((9,), (8, 7))), Branch((1, 2, 5), ((6,),))])
    mask = collate([packed], pad_id=0).mask_U1NN[0, 0]
    ancestors = [
        {0},
        {0, 1},
        {0, 1, 2},
        {0, 1, 2, 3},
        {0, 1, 2, 3, 4},
        {0, 1, 2, 3, 5},
        {0, 1, 2, 3, 5, 6},
        {0, 1, 7},
        {0, 1, 7, 8},
    ]
    assert [set(row.nonzero().flatten().tolist()) for row in mask] == ancestors


def test_padding_sees_only_itself_so_that_no_row_of_attention_is_empty() -> None:
    batch = collate([pack([Branch((1, 2), ((3,),))]), pack([Branch((1, 2, 3, 4), ((5, 6),))])], pad_id=0)
    padded = batch.mask_U1NN[0, 0, 3:]
    assert [row.nonzero().flatten().tolist() for row in padded] == [[3], [4], [5]]
    assert batch.ids_UN[0].tolist() == [1, 2, 3, 0, 0, 0]


@pytest.mark.parametrize("pad_id", [0, 17])
def test_neither_padding_nor_company_changes_a_result(tiny_model: Callable[..., Any], pad_id: int) -> None:
    model = tiny_model("qwen2", dtype=torch.float64)
    with torch.no_grad():
        together = in_trees(model, UNEQUAL, pad_id=pad_id)
        alone = torch.cat([in_trees(model, [user]) for user in UNEQUAL])
        turned = in_trees(model, UNEQUAL[::-1], pad_id=pad_id)
    assert torch.allclose(together, alone, rtol=1e-13, atol=0)
    assert torch.allclose(turned, torch.cat([in_trees(model, [user]) for user in UNEQUAL[::-1]]), rtol=1e-13, atol=0)


def test_one_answer_does_not_hear_of_another(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("llama", dtype=torch.float64)
    with torch.no_grad():
        one = in_trees(model, [[Branch((7, 8, 9), ((10, 11), (12, 13)))]])
        other = in_trees(model, [[Branch((7, 8, 9), ((10, 11), (40, 41, 42)))]])
    assert one[0] == pytest.approx(other[0].item(), rel=1e-13)
    assert one[1] != pytest.approx(other[1].item(), rel=1e-3)


def test_logits_of_many_answer_tokens_are_made_in_chunks_with_one_result(tiny_model, monkeypatch) -> None:
    model = tiny_model("llama", dtype=torch.float64)
    batch = collate([pack(user) for user in UNEQUAL], pad_id=0)
    with torch.no_grad():
        whole = token_logprobs(model, batch)
        monkeypatch.setattr(tree, "_CHUNK_TOKENS", 5)
        assert torch.allclose(token_logprobs(model, batch), whole, rtol=1e-13, atol=0)
    assert len(whole) == len(batch.target_A) > 5


def test_half_precision_weights_give_float32_log_probabilities(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("llama", dtype=torch.bfloat16)
    with torch.no_grad():
        assert token_logprobs(model, collate([pack(UNEQUAL[1])], pad_id=0)).dtype == torch.float32


def test_the_shared_beginning_leaves_every_prompt_a_token_of_its_own() -> None:
    assert shared_prefix([(1, 2, 3), (1, 2, 3)]) == 2
    assert shared_prefix([(1, 2, 3), (1, 2)]) == 1
    assert shared_prefix([(1, 2, 3), (4, 2, 3)]) == 0
    assert shared_prefix([(1,), (1, 2)]) == 0
    assert shared_prefix([(1, 2, 3, 4)]) == 3


def test_a_batch_moves_with_all_its_parts() -> None:
    batch = collate([pack(UNEQUAL[0])], pad_id=0).to(torch.device("meta"))
    tensors = (batch.ids_UN, batch.positions_UN, batch.mask_U1NN, batch.source_A, batch.target_A, batch.answer_A)
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert batch.answers == 4
