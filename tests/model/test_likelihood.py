"""Log-probabilities that are right whatever a model is: through trees where they are sound, else in sequences."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch

from penchant.errors import ModelError
from penchant.model import likelihood, selfcheck
from penchant.model.likelihood import answer_logprobs, token_logprobs
from penchant.model.passes import in_sequences
from penchant.model.tree import Branch, Forest, collate, pack


@pytest.fixture(autouse=True)
def fresh(monkeypatch) -> None:
    monkeypatch.setattr(selfcheck, "_WARNED", set())


def forest() -> Forest:
    users = [
        [Branch((7, 8, 9, 10, 11, 12), ((13, 5), (14, 15, 16, 5))), Branch((7, 8, 9, 20, 21), ((22, 23, 5), (24, 5)))],
        [Branch((30, 31, 32), ((33, 34, 35, 36, 37, 5), (38, 5)))],
    ]
    return collate([pack(user) for user in users])


def test_a_conversation_beyond_the_models_window_is_computed_in_sequences(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("mistral", dtype=torch.float64, window=8)
    with torch.no_grad(), pytest.warns(UserWarning, match="MistralForCausalLM .* attention window of 8 tokens"):
        assert torch.equal(token_logprobs(model, forest()), in_sequences(model, forest()))


def test_within_its_window_the_same_model_goes_through_trees(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("mistral", dtype=torch.float64, window=32)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("error")
        trees, sequences = token_logprobs(model, forest()), in_sequences(model, forest())
    assert torch.allclose(trees, sequences, rtol=1e-12)
    assert not torch.equal(trees, sequences)


def test_dropout_of_attention_is_never_left_out_while_training(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("llama")
    model.config.attention_dropout = 0.5
    for layer in model.model.layers:
        layer.self_attn.attention_dropout = 0.5
    calm = answer_logprobs(model, forest())
    model.train()
    torch.manual_seed(3)
    with pytest.warns(UserWarning, match=r"it uses attention dropout \(0\.5\)"):
        drawn = answer_logprobs(model, forest())
    torch.manual_seed(3)
    assert torch.equal(drawn, likelihood.sum_answers(in_sequences(model, forest()), forest()))
    assert not torch.allclose(drawn, calm, rtol=1e-2)


def test_weights_shared_over_processes_are_refused_where_processes_would_wait_for_each_other(
    tiny_model: Callable[..., Any], monkeypatch
) -> None:
    monkeypatch.setattr(likelihood, "_is_sharded", lambda _model: True)
    model = tiny_model("mistral", window=8)
    with (
        pytest.warns(UserWarning, match="window"),
        pytest.raises(ModelError, match="does not work with sharded weights; set `ica.distributed=ddp`"),
    ):
        token_logprobs(model, forest())
