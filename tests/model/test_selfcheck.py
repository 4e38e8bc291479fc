"""The self-check: what is tried, when, what is remembered, and that a wrong model does not pass."""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaForCausalLM

from penchant.model import selfcheck
from penchant.model.likelihood import token_logprobs
from penchant.model.passes import in_sequences
from penchant.model.selfcheck import sound
from penchant.model.tree import Branch, collate, pack


@pytest.fixture(autouse=True)
def tried(monkeypatch, tmp_path: Path) -> list[tuple[int, bool]]:
    """(tokens, with a gradient) of each try; nothing is remembered from before."""
    tries: list[tuple[int, bool]] = []
    difference = selfcheck._difference

    def noted(model: Any, tokens: int, *, learning: bool) -> str:
        tries.append((tokens, learning))
        return difference(model, tokens, learning=learning)

    monkeypatch.setattr(selfcheck, "_difference", noted)
    monkeypatch.setattr(selfcheck, "_cache_file", lambda: tmp_path / "cache" / "trees.json")
    monkeypatch.setattr(selfcheck, "_WARNED", set())
    return tries


class Mixing(LlamaForCausalLM):
    """A Llama whose last norm also mixes each token with the one before it, as a convolution would."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model.norm.register_forward_hook(lambda _module, _inputs, out: _mixed(out))


def _mixed(out_BTD: torch.Tensor) -> torch.Tensor:
    before = out_BTD.roll(1, 1) * (torch.arange(out_BTD.shape[1]) > 0)[None, :, None]
    return out_BTD + 0.1 * before


def mixing(tiny_model: Callable[..., Any]) -> Mixing:
    torch.manual_seed(0)
    return Mixing(tiny_model("llama").config).eval()


def forest():
    return collate([pack([Branch((7, 8, 9, 10), ((13, 5), (14, 15, 5))), Branch((7, 8, 20), ((22, 5), (24, 5)))])])


def test_a_model_that_mixes_tokens_elsewhere_is_computed_in_sequences_after_one_warning(tiny_model) -> None:
    models = [mixing(tiny_model), mixing(tiny_model)]
    with torch.no_grad(), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for model in models * 2:
            assert torch.equal(token_logprobs(model, forest()), in_sequences(model, forest()))
    (text,) = [str(warning.message) for warning in warned]
    assert "Mixing is computed one sequence at a time, which is right but slower" in text
    assert "differ by 0." in text


def test_a_model_whose_gradient_alone_is_wrong_is_caught(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("llama")

    class Halved(torch.autograd.Function):
        @staticmethod
        def forward(_ctx: Any, hidden: torch.Tensor) -> torch.Tensor:
            return hidden.clone()

        @staticmethod
        def backward(_ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * (0.5 if gradient.shape[1] > 60 else 1.0)

    model.model.layers[0].register_forward_hook(lambda _m, _i, out: Halved.apply(out))
    assert sound(model, 20)
    with pytest.warns(UserWarning, match="a gradient differs"):
        assert not sound(model, 20, learning=True)


def test_tries_follow_the_lengths_of_a_run_by_powers_of_two(tiny_model: Callable[..., Any], tried) -> None:
    model = tiny_model("llama")
    for longest in (10, 32, 33, 50, 64, 200, 100):
        assert sound(model, longest)
    assert tried == [(32, False), (64, False), (256, False)]
    assert sound(model, 300, learning=True)
    assert tried[3:] == [(32, True), (512, False)]


def test_a_try_stops_at_the_limits_of_a_model() -> None:
    assert selfcheck._rung(600, [None, None]) == (512, 1024)
    assert selfcheck._rung(600, [None, 1000]) == (512, 1000)
    assert selfcheck._rung(1010, [None, 1000]) == (1000, 1024)
    assert selfcheck._rung(600, [700, 1000]) == (512, 700)
    assert selfcheck._rung(5, [None, None]) == (0, 32)


def test_a_model_that_is_wrong_only_when_long_goes_through_trees_while_short(tiny_model) -> None:
    model = tiny_model("llama")
    norm = model.model.norm
    # as with scaled positions, what a token becomes depends on the longest in its company
    norm.register_forward_hook(lambda _m, _i, out: out * (1.5 if out.shape[1] > 130 else 1.0))
    assert sound(model, 60)
    with pytest.warns(UserWarning, match="differ"):
        assert not sound(model, 120)
    assert sound(model, 64)
    assert not sound(model, 65)


def test_each_part_is_left_as_it_was(tiny_model: Callable[..., Any]) -> None:
    model = tiny_model("llama").train()
    model.model.layers[0].eval()
    before = {name: module.training for name, module in model.named_modules()}
    assert sound(model, 20, learning=True)
    assert {name: module.training for name, module in model.named_modules()} == before
    assert all(weight.grad is None for weight in model.parameters())


def test_a_fresh_adapter_is_tried_with_its_gradient(tiny_model: Callable[..., Any], tried) -> None:
    model = get_peft_model(tiny_model("llama"), LoraConfig(target_modules=["q_proj", "v_proj"]))
    assert sound(model, 20, learning=True)
    assert tried == [(32, True)]


def test_autocast_around_a_run_does_not_blur_the_try(tiny_model: Callable[..., Any]) -> None:
    with torch.autocast("cpu", torch.bfloat16), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sound(tiny_model("llama"), 20, learning=True)


@pytest.fixture
def folder(tiny_model: Callable[..., Any], tmp_path: Path) -> Path:
    tiny_model("llama").save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def loaded(folder: Path) -> Any:
    return LlamaForCausalLM.from_pretrained(folder)


def test_the_same_weights_are_tried_once_over_processes(folder: Path, tried) -> None:
    assert sound(loaded(folder), 100, learning=True)
    tried.clear()
    assert sound(loaded(folder), 100, learning=True)  # another model object knows no more than another process
    assert not tried
    assert sound(loaded(folder), 200)
    assert tried == [(256, False)]


def test_another_weight_file_another_precision_and_another_config_are_tried_again(folder: Path, tried) -> None:
    sound(loaded(folder), 20)
    sound(loaded(folder).double(), 20)
    assert len(tried) == 2
    weights = folder / "model.safetensors"
    os.utime(weights, ns=(0, weights.stat().st_mtime_ns + 1))
    sound(loaded(folder), 20)
    assert len(tried) == 3
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 1e-3}))
    sound(loaded(folder), 20)
    assert len(tried) == 4


def test_an_unsound_model_is_remembered_with_its_reason(folder: Path, tiny_model, tried, monkeypatch) -> None:
    model = Mixing.from_pretrained(folder)
    with pytest.warns(UserWarning, match="differ by"):
        assert not sound(model, 20)
    monkeypatch.setattr(selfcheck, "_WARNED", set())
    with pytest.warns(UserWarning, match="differ by"):
        assert not sound(Mixing.from_pretrained(folder), 20)
    assert len(tried) == 1
    assert sound(loaded(folder), 20)  # the same weights in another class


@pytest.mark.parametrize("content", ["", "[]", '{"x": 1', "\x00"])
def test_a_memory_that_cannot_be_read_is_no_memory(folder: Path, tried, content: str) -> None:
    file = selfcheck._cache_file()
    file.parent.mkdir()
    file.write_text(content)
    assert sound(loaded(folder), 20)
    assert len(json.loads(file.read_text())) == 1


def test_a_model_in_memory_is_remembered_there_only(tiny_model: Callable[..., Any], tried) -> None:
    model = tiny_model("llama")
    assert sound(model, 20)
    assert sound(model, 20)
    assert len(tried) == 1
    assert not selfcheck._cache_file().exists()
