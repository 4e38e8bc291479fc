"""The two passes: the same answers from a forest, through its trees and one sequence at a time."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from penchant.errors import ModelError
from penchant.model import attention
from penchant.model.passes import in_sequences, through_trees
from penchant.model.tree import Branch, Forest, collate, pack


def story(turns: int) -> Forest:
    """A conversation asked about at each turn, and another person."""
    told = tuple(range(6, 56))
    asked = [Branch(told[: 20 * (1 + turn)], (told[20 * (1 + turn) :][:4], (9, 5))) for turn in range(turns)]
    return collate([pack(asked), pack([Branch((30, 31, 32), ((33, 34, 5), (38, 5)))])])


def test_sequences_are_those_of_the_forest_with_gradients(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("qwen3", dtype=torch.float64)
    both = [compute(model, story(2)) for compute in (through_trees, in_sequences)]
    assert torch.allclose(*both, rtol=1e-12)
    grads = [torch.autograd.grad(torch.sin(values).sum(), list(model.parameters())) for values in both]
    assert all(torch.allclose(one, other, rtol=1e-9, atol=1e-12) for one, other in zip(*grads, strict=True))


@pytest.mark.parametrize("reentrant", [False, True])
def test_activations_that_are_computed_again_are_computed_through_trees(tiny_model, reentrant: bool) -> None:
    model = tiny_model("llama", dtype=torch.float64)
    expected = torch.autograd.grad(through_trees(model, story(2)).sum(), list(model.parameters()))
    model.train()
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": reentrant})
    function = model.model.layers[0]._gradient_checkpointing_func
    grads = torch.autograd.grad(through_trees(model, story(2)).sum(), list(model.parameters()))
    assert all(torch.allclose(one, other, rtol=1e-12) for one, other in zip(grads, expected, strict=True))
    assert model.model.layers[0]._gradient_checkpointing_func is function


def test_some_answers_only(tiny_model: Callable[..., Any]) -> None:
    model, forest = tiny_model("llama"), story(2)
    with torch.no_grad():
        whole, part = in_sequences(model, forest), in_sequences(model, forest, answers=(1, 4))
    assert torch.equal(part, whole[(forest.answer_A == 1) | (forest.answer_A == 4)])


def test_a_longer_sequence_before_it_changes_no_number_of_a_model_with_dynamic_scaling() -> None:
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    rope = {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 4.0}
    config = LlamaConfig(
        vocab_size=61, max_position_embeddings=16, rope_parameters=rope, initializer_range=0.2, **shape
    )
    model = LlamaForCausalLM(config).eval()
    short = collate([pack([Branch(tuple(range(6, 24)), ((7, 8), (9, 5)))])])
    with torch.no_grad():
        before = in_sequences(model, short)
        model(input_ids=torch.arange(60)[None])
        assert torch.equal(in_sequences(model, short), before)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"s_aux": torch.zeros(4)}, "uses 's_aux', which shared"),
        ({"softcap": 30.0}, "uses 'softcap', which shared"),
        ({"sliding_window": 4}, "window of 4 tokens"),
        ({"dropout": 0.1}, r"it uses attention dropout \(0\.1\)"),
        ({"is_causal": False}, "is not causal"),
        ({"never_seen": torch.zeros(4)}, "uses 'never_seen', which shared"),
    ],
)
def test_what_attention_would_leave_out_is_refused(tiny_model, monkeypatch, request_: dict, reason: str) -> None:
    refuse = attention._refuse
    monkeypatch.setattr(attention, "_refuse", lambda requests, longest: refuse({**requests, **request_}, longest))
    model = tiny_model("llama")
    with pytest.raises(ModelError, match=reason):
        through_trees(model, story(1))
    assert model.config._attn_implementation == "sdpa"


def test_what_changes_nothing_is_not_refused(tiny_model: Callable[..., Any]) -> None:
    neutral = {"s_aux": None, "softcap": None, "sliding_window": 50, "dropout": 0.0, "position_ids": torch.zeros(3)}
    attention._refuse({**neutral, "is_causal": True, "output_attentions": False}, 50)
