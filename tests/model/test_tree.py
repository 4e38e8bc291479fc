"""The user tree has the values and gradients of one sequence at a time."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model
from torch import Tensor

from penchant.model import tree
from penchant.model.attention import Backend
from penchant.model.likelihood import answer_logprobs, token_logprobs
from penchant.model.tree import Branch, collate, pack

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


def in_trees(model: Any, users: Sequence[Sequence[Branch]], *, backend: Backend = "blocks") -> Tensor:
    return answer_logprobs(model, collate([pack(user) for user in users]).with_backend(backend))


def loss_of(sums: Tensor) -> Tensor:
    weights = torch.linspace(-1, 2, len(sums), dtype=sums.dtype)
    return (weights * torch.tanh(sums / 20)).sum()


def gradients(model: Any, loss: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    torch.autograd.backward(loss)
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "mistral"])
def test_trees_equal_one_sequence_at_a_time_in_float64(tiny_model, family: str, tied: bool) -> None:
    model = tiny_model(family, tied=tied, dtype=torch.float64)
    plain, packed = one_at_a_time(model, UNEQUAL), in_trees(model, UNEQUAL)
    assert packed.dtype == torch.float64
    assert ((packed - plain).abs() / plain.abs()).max() <= 1e-12
    expected, packed_gradients = gradients(model, loss_of(plain)), gradients(model, loss_of(in_trees(model, UNEQUAL)))
    assert {name for name, value in expected.items() if value.norm() > 0} == set(expected)
    for name, value in expected.items():
        assert (packed_gradients[name] - value).norm() <= 1e-12 * max(1.0, value.norm()), name


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "mistral"])
def test_trees_equal_one_sequence_at_a_time_in_float32(tiny_model, family: str) -> None:
    model = tiny_model(family)
    plain, packed = one_at_a_time(model, UNEQUAL), in_trees(model, UNEQUAL)
    assert (packed - plain).abs().max() < 1e-4
    expected, packed_gradients = gradients(model, loss_of(plain)), gradients(model, loss_of(in_trees(model, UNEQUAL)))
    for name, value in expected.items():
        assert (packed_gradients[name] - value).norm() <= 1e-4 * max(1e-3, value.norm()), name


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


def conversation(turns: int) -> list[Branch]:
    """Each user turn of one conversation with all before it; the first answer is the one that the conversation has."""
    rng = random.Random(turns)

    def draw(count: int) -> tuple[int, ...]:
        return tuple(rng.randrange(6, VOCABULARY) for _ in range(count))

    prompt, branches = draw(30), []
    for turn in range(turns):
        answer = draw(18 + turn)
        branches.append(Branch((*prompt, 3), (answer, draw(5))))
        prompt = (*prompt, 3, *answer, *draw(20))
    return branches


NESTED = {
    "in order": [conversation(4)],
    "backwards": [conversation(4)[::-1], *UNEQUAL],
    "with strangers": [[*conversation(3)[1:], Branch((50, 51), ((52, 5),)), conversation(3)[0]]],
    "of two conversations": [[*conversation(3), *conversation(5)]],
    "asked twice": [conversation(4) + conversation(4)],
}


@pytest.mark.parametrize("users", NESTED.values(), ids=NESTED)
def test_conversations_asked_about_at_each_turn_equal_one_sequence_at_a_time(tiny_model, users: list) -> None:
    model = tiny_model("llama", dtype=torch.float64)
    plain = one_at_a_time(model, users)
    expected = gradients(model, loss_of(plain))
    with torch.no_grad():
        for backend in ("blocks", "dense", "flex"):
            assert torch.allclose(in_trees(model, users, backend=backend), plain, rtol=1e-12, atol=0), backend
    for name, value in gradients(model, loss_of(in_trees(model, users))).items():
        assert (value - expected[name]).norm() <= 1e-12 * max(1.0, expected[name].norm()), name


def test_earlier_turns_of_a_conversation_are_held_once() -> None:
    branches = conversation(6)
    packed = pack(branches)
    assert [depth for depth, _, _ in packed.groups] == sorted({len(b.prompt) - 1 for b in branches[:-1]}, reverse=True)
    # besides the longest prompt: the answers that were not given, the last two that were, as no two prompts share them,
    # and the last token of the prompts before these
    apart = [5] * 6 + [len(branch.answers[0]) for branch in branches[-2:]] + [1] * 5
    assert len(packed.ids) == len(branches[-1].prompt) + sum(apart)


def test_prompts_that_differ_by_few_tokens_hang_at_one_depth() -> None:
    persona = tuple(range(6, 40))
    packed = pack([Branch((*persona, *(7,) * n, 50 + n), ((9, 8),)) for n in range(10)])
    assert packed.root == len(persona)
    assert packed.groups == [(len(persona), len(persona), len(packed.ids))]


shared = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=6)


@settings(max_examples=25)
@given(shared)
def test_any_depths_equal_one_sequence_at_a_time(tiny_model, rows: list[tuple[int, int, int]]) -> None:
    model, story = tiny_model("llama", dtype=torch.float64), conversation(3)[-1].prompt
    user = [
        Branch((*story[:depth], *range(10, 10 + own)), ((11,) * n, story[depth : depth + n])) for depth, own, n in rows
    ]
    with torch.no_grad():
        assert torch.allclose(in_trees(model, [user]), one_at_a_time(model, [user]), rtol=1e-12, atol=1e-12)


def test_a_tree_holds_what_is_shared_once(tiny_model: Callable[..., Any]) -> None:
    packed = pack([Branch((1, 2, 3, 4), ((9,), (8, 7))), Branch((1, 2, 5), ((6,),))])
    assert packed.ids == [1, 2, 3, 4, 9, 8, 7, 5, 6]
    assert packed.positions == [0, 1, 2, 3, 4, 4, 5, 2, 3]
    assert packed.target == [9, 8, 7, 6]
    assert packed.source == [3, 3, 5, 7]
    assert packed.answer == [0, 1, 1, 2]
    assert packed.paths == [
        (range(2, 4), range(4, 5), True),
        (range(2, 4), range(5, 7), False),
        (range(7, 8), range(8, 9), True),
    ]


def test_every_token_sees_its_ancestors_and_nothing_else() -> None:
    packed = pack([Branch((1, 2, 3, 4), ((9,), (8, 7))), Branch((1, 2, 5), ((6,),))])
    mask = collate([packed]).shape.mask(0, 9)
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


@pytest.mark.parametrize("backend", ["blocks", "dense", "flex"])
def test_the_company_of_other_users_changes_no_result(tiny_model: Callable[..., Any], backend: Backend) -> None:
    model = tiny_model("qwen2", dtype=torch.float64)
    with torch.no_grad():
        together = in_trees(model, UNEQUAL, backend=backend)
        alone = torch.cat([in_trees(model, [user], backend=backend) for user in UNEQUAL])
        turned = in_trees(model, UNEQUAL[::-1], backend=backend)
        again = torch.cat([in_trees(model, [user], backend=backend) for user in UNEQUAL[::-1]])
    assert torch.allclose(together, alone, rtol=1e-13, atol=0)
    assert torch.allclose(turned, again, rtol=1e-13, atol=0)


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "mistral"])
def test_every_back_end_gives_what_one_sequence_at_a_time_gives(tiny_model, family: str) -> None:
    model = tiny_model(family, dtype=torch.float64)
    with torch.no_grad():
        plain = one_at_a_time(model, UNEQUAL)
        for backend in ("blocks", "dense", "flex"):
            assert torch.allclose(in_trees(model, UNEQUAL, backend=backend), plain, rtol=1e-12, atol=0), backend


def test_the_models_own_attention_is_put_back(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("llama")
    in_trees(model, UNEQUAL)
    assert model.config._attn_implementation == "sdpa"


def test_trees_work_through_adapters(tiny_model: Callable[..., Any]) -> None:
    plain = tiny_model("llama", dtype=torch.float64)
    model = get_peft_model(plain, LoraConfig(target_modules=["q_proj", "v_proj"], init_lora_weights=False)).double()
    expected = one_at_a_time(model, UNEQUAL)
    assert torch.allclose(in_trees(model, UNEQUAL), expected, rtol=1e-12, atol=0)
    model.zero_grad()
    torch.autograd.backward(loss_of(in_trees(model, UNEQUAL)))
    assert all(p.grad is not None for name, p in model.named_parameters() if "lora" in name)


def test_one_answer_does_not_hear_of_another(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("llama", dtype=torch.float64)
    with torch.no_grad():
        one = in_trees(model, [[Branch((7, 8, 9), ((10, 11), (12, 13)))]])
        other = in_trees(model, [[Branch((7, 8, 9), ((10, 11), (40, 41, 42)))]])
    assert one[0] == pytest.approx(other[0].item(), rel=1e-13)
    assert one[1] != pytest.approx(other[1].item(), rel=1e-3)


def test_half_precision_weights_give_float32_log_probabilities(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("llama", dtype=torch.bfloat16)
    with torch.no_grad():
        assert token_logprobs(model, collate([pack(UNEQUAL[1])])).dtype == torch.float32


@pytest.mark.parametrize(
    ("prompts", "root"),
    [
        ([(1, 2, 3), (1, 2, 3)], 2),
        ([(1, 2, 3), (1, 2)], 1),
        ([(1, 2, 3), (4, 2, 3)], 0),
        ([(1,), (1, 2)], 0),
        ([(1, 2, 3, 4)], 3),
    ],
)
def test_the_shared_beginning_leaves_every_prompt_a_token_of_its_own(prompts: list, root: int) -> None:
    assert pack([Branch(prompt, ((9,),)) for prompt in prompts]).root == root


def test_a_batch_moves_with_all_its_parts() -> None:
    batch = collate([pack(UNEQUAL[0])]).to(torch.device("meta"))
    shape = batch.shape
    tensors = [batch.ids_N, batch.positions_N, batch.source_A, batch.target_A, batch.answer_A, shape.last_N]
    tensors += [tensor for paths in shape.paths for tensor in (paths.index_LT, paths.counted_LT)]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert batch.answers == 4


def test_lengths_are_few_and_at_most_a_sixteenth_more() -> None:
    lengths = {count: tree._round_up(count) for count in range(1, 5000)}
    assert all(count <= length <= count * 17 / 16 for count, length in lengths.items())
    assert len({length for count, length in lengths.items() if count >= 2500}) <= 17


@pytest.mark.parametrize("backend", ["blocks", "dense"])
def test_filling_up_a_row_changes_no_result_and_no_gradient(tiny_model: Callable[..., Any], backend: Backend) -> None:
    model = tiny_model("llama", dtype=torch.float64)
    users = [[Branch((1, 2, 3, 4), ((9,) * 30, (8, 7))), Branch((1, 2, 5), ((6,) * 3,))]] * 2
    forest = collate([pack(branches) for branches in users]).with_backend(backend)
    filled = forest.rounded()
    assert (len(filled.ids_N), len(filled.target_A)) != (len(forest.ids_N), len(forest.target_A))
    results = []
    for one in (forest, filled):
        model.zero_grad()
        logprobs = token_logprobs(model, one)[: len(forest.target_A)]
        logprobs.sum().backward()
        results.append([logprobs.detach(), *(parameter.grad.clone() for parameter in model.parameters())])
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(*results, strict=True))


def test_bfloat16_on_a_cpu_computes_few_lengths_and_float32_the_very_length(tiny_model, monkeypatch) -> None:
    lengths: list[int] = []
    model = tiny_model("llama")
    model.model.register_forward_pre_hook(
        lambda _module, _arguments, options: lengths.append(options["input_ids"].shape[1]), with_kwargs=True
    )
    forests = [collate([pack([Branch((1,) * n, ((2, 3),))])]) for n in range(100, 140)]
    with torch.no_grad():
        token_logprobs(model, forests[-1])  # the self-check has lengths of its own
    lengths.clear()
    for forest in forests:
        with torch.no_grad():
            token_logprobs(model, forest)
    assert len(set(lengths)) == len(forests)
    lengths.clear()
    for forest in forests:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            assert token_logprobs(model, forest).shape == forest.target_A.shape
    assert len(set(lengths)) < 12
