"""Log-probabilities under a head in chunks: the numbers and gradients of a whole softmax."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from penchant.model import head
from penchant.model.head import target_logprobs


@pytest.fixture
def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(23, 32, dtype=torch.float64, requires_grad=True), torch.randint(0, 61, (23,))


def whole_softmax(model, hidden: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    logits = model.get_output_embeddings()(hidden)
    return torch.log_softmax(logits, -1)[torch.arange(len(target)), target]


@pytest.mark.parametrize("rows", [5, 23, 1000])
@pytest.mark.parametrize("kind", ["plain", "bias", "adapter"])
def test_chunks_give_the_values_and_gradients_of_a_whole_softmax(
    tiny_model, monkeypatch, inputs, kind: str, rows: int
) -> None:
    monkeypatch.setattr(head, "_CHUNK_LOGITS", rows * 61)
    model = tiny_model("llama", dtype=torch.float64)
    if kind == "bias":
        model.set_output_embeddings(torch.nn.Linear(32, 61, dtype=torch.float64))
    if kind == "adapter":
        settings = LoraConfig(target_modules=["lm_head"], init_lora_weights=False)
        model = get_peft_model(model, settings).double().get_base_model()
    hidden, target = inputs
    weights = [p for p in model.get_output_embeddings().parameters() if p.requires_grad]
    results = []
    for compute in (target_logprobs, whole_softmax):
        values = compute(model, hidden, target)
        gradients = torch.autograd.grad(torch.sin(values).sum(), [hidden, *weights])
        results.append((values, *gradients))
    assert len(results[0]) == 2 + len(weights) > 2
    for ours, theirs in zip(*results, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_a_frozen_head_gets_no_gradient(tiny_model, inputs) -> None:
    model = tiny_model("llama", dtype=torch.float64)
    model.get_output_embeddings().weight.requires_grad_(False)
    hidden, target = inputs
    torch.autograd.backward(target_logprobs(model, hidden, target).sum())
    assert hidden.grad is not None
    assert model.get_output_embeddings().weight.grad is None


def test_no_more_logits_exist_at_once_than_a_chunk_holds(tiny_model, monkeypatch, inputs) -> None:
    sizes = []
    log_softmax = head.log_softmax
    monkeypatch.setattr(head, "log_softmax", lambda x, dim: sizes.append(x.numel()) or log_softmax(x, dim))
    monkeypatch.setattr(head, "_CHUNK_LOGITS", 5 * 61)
    target_logprobs(tiny_model("llama", dtype=torch.float64), *inputs)
    assert sum(sizes) == 23 * 61
    assert max(sizes) == 5 * 61


@pytest.mark.parametrize("chunk", [10, 1000])
def test_tiles_of_a_chunk_change_no_value_and_no_gradient(tiny_model, monkeypatch, inputs, chunk: int) -> None:
    monkeypatch.setattr(head, "_CHUNK_LOGITS", chunk * 61)
    model = tiny_model("llama", dtype=torch.float64)
    hidden, target = inputs
    wanted = [hidden, model.get_output_embeddings().weight]
    results = []
    for rows in (1000, 7):
        monkeypatch.setattr(head, "_tile", lambda *_, rows=rows: rows)
        values = target_logprobs(model, hidden, target)
        results.append([values, *torch.autograd.grad(torch.sin(values).sum(), wanted)])
    assert all(torch.allclose(one, two, rtol=1e-10, atol=1e-12) for one, two in zip(*results, strict=True))


def test_without_a_gradient_nothing_is_kept_of_a_vocabulary(tiny_model, monkeypatch, inputs) -> None:
    kept = []
    exp = torch.exp
    monkeypatch.setattr(torch, "exp", lambda *args, **options: kept.append(1) or exp(*args, **options))
    model = tiny_model("llama", dtype=torch.float64)
    with torch.no_grad():
        without = target_logprobs(model, *inputs)
    assert not kept
    assert torch.equal(without, target_logprobs(model, *inputs).detach())
    assert kept


def test_half_precision_gives_float32(tiny_model, inputs) -> None:
    model = tiny_model("llama", dtype=torch.bfloat16)
    hidden, target = inputs
    assert target_logprobs(model, hidden.detach().bfloat16(), target).dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "value", "changed"),
    [
        ("logit_scale", 0.25, lambda logits: logits * 0.25),
        ("logits_scaling", 8.0, lambda logits: logits / 8.0),
        ("final_logit_softcapping", 2.0, lambda logits: 2.0 * torch.tanh(logits / 2.0)),
    ],
)
def test_a_scale_or_cap_after_the_head_is_applied(tiny_model, inputs, name: str, value: float, changed) -> None:
    model = tiny_model("llama", dtype=torch.float64)
    setattr(model.config, name, value)
    hidden, target = inputs
    logits = changed(model.get_output_embeddings()(hidden))
    expected = torch.log_softmax(logits, -1)[torch.arange(len(target)), target]
    results = [
        (values, *torch.autograd.grad(values.sum(), hidden)) for values in (target_logprobs(model, *inputs), expected)
    ]
    for ours, theirs in zip(*results, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-6, atol=1e-9)
    assert not torch.allclose(expected, whole_softmax(model, hidden, target), atol=1e-3)


def test_a_kept_chunk_gives_the_same_gradient_twice(tiny_model, inputs) -> None:
    hidden, target = inputs
    values = target_logprobs(tiny_model("llama", dtype=torch.float64), hidden, target)
    once, twice = (torch.autograd.grad(values.sum(), hidden, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(once, twice)


def test_under_autocast_logits_are_made_in_half_precision_and_summed_in_float32(tiny_model, inputs) -> None:
    model = tiny_model("llama", dtype=torch.float32)
    hidden, target = inputs[0].detach().float().requires_grad_(), inputs[1]
    exact = target_logprobs(model, hidden, target)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = target_logprobs(model, hidden, target)
    assert mixed.dtype == torch.float32
    assert not torch.equal(mixed, exact)
    assert torch.allclose(mixed, exact, atol=0.05)
    torch.autograd.backward(mixed.sum())
    assert torch.isfinite(hidden.grad).all()
