"""The cache by slots: what a row's pass gives does not depend on the others, and nothing is moved by a rollback."""

import pytest
import torch

from penchant.errors import ModelError
from penchant.model.slots import SlotCache, advance


def plain(model, tokens: list[int]) -> torch.Tensor:
    return model(input_ids=torch.tensor([tokens])).logits[0]


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2", "qwen3"])
@torch.no_grad()
def test_rows_of_unequal_lengths_share_a_pass(tiny_model, family: str) -> None:
    model, cache = tiny_model(family), SlotCache()
    rows = [[7, 8, 9, 10, 11], [12, 13], [14, 15, 16]]
    logits = advance(model, cache, rows, [0, 0, 0], keep=2)
    assert logits.shape == (3, 2, 61)
    for row, ours in zip(rows, logits, strict=True):
        torch.testing.assert_close(ours, plain(model, row)[-2:], atol=1e-5, rtol=1e-5)
    # one row goes on, one is rolled back, one rests
    logits = advance(model, cache, [[20, 21], [22], []], [5, 1, 3], keep=1)
    torch.testing.assert_close(logits[0], plain(model, [*rows[0], 20, 21])[-1:], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(logits[1], plain(model, [12, 22])[-1:], atol=1e-5, rtol=1e-5)
    logits = advance(model, cache, [[], [], [23]], [7, 2, 3], keep=1)
    torch.testing.assert_close(logits[2], plain(model, [*rows[2], 23])[-1:], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_rows_are_taken_changed_and_put_back(tiny_model) -> None:
    model, cache = tiny_model("llama"), SlotCache()
    rows = [[7, 8, 9], [12, 13], [14]]
    advance(model, cache, rows, [0, 0, 0], keep=1)
    part = cache.take([2, 0])
    long = list(range(20, 60)) * 2
    logits = advance(model, part, [long, [30]], [1, 3], keep=1)
    torch.testing.assert_close(logits[0], plain(model, [14, *long])[-1:], atol=1e-5, rtol=1e-5)
    cache.put([2, 0], part, of=3)
    logits = advance(model, cache, [[31], [31], [31]], [4, 2, 81], keep=1)
    for ours, tokens in zip(logits, ([7, 8, 9, 30, 31], [12, 13, 31], [14, *long, 31]), strict=True):
        torch.testing.assert_close(ours, plain(model, tokens)[-1:], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_sliding_window_is_counted_in_a_rows_own_tokens(tiny_model) -> None:
    model, cache = tiny_model("mistral"), SlotCache()
    window, model.config.sliding_window = model.config.sliding_window, 4
    try:
        rows = [list(range(6, 26)), [30, 31]]
        advance(model, cache, rows, [0, 0], keep=1)
        logits = advance(model, cache, [[40], list(range(41, 51))], [20, 2], keep=1)
        for ours, tokens in zip(logits, ([*rows[0], 40], [30, 31, *range(41, 51)]), strict=True):
            torch.testing.assert_close(ours, plain(model, tokens)[-1:], atol=1e-5, rtol=1e-5)
    finally:
        model.config.sliding_window = window


@torch.no_grad()
def test_a_model_that_leaves_the_cache_alone_is_refused(tiny_model) -> None:
    model = tiny_model("llama")

    class Forgetful(torch.nn.Module):
        config, device = model.config, model.device

        def forward(self, input_ids, position_ids, attention_mask, past_key_values, use_cache, logits_to_keep):
            return model(input_ids=input_ids)

    forgetful = Forgetful()
    forgetful.weight = torch.nn.Parameter(torch.zeros(1))
    with pytest.raises(ModelError, match="do not use the cache"):
        advance(forgetful, SlotCache(), [[7]], [0], keep=1)
