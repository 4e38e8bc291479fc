"""Contexts of many families of models, tiny and with random weights, against plain passes of each row alone."""

import random
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from penchant.model import step as module
from penchant.model.step import LocalContexts, Memories

SIZES = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "initializer_range": 0.2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LONGROPE = {
    "rope_type": "longrope",
    "rope_theta": 10_000.0,
    "short_factor": [1.0] * 4,
    "long_factor": [4.0, 3.0, 2.0, 1.5],
    "original_max_position_embeddings": 32,
    "factor": 8.0,
}
STATE = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_n_groups": 1, "mamba_chunk_size": 16}
BATCHES: dict[str, dict[str, Any]] = {
    "cohere2": {"sliding_window": 16},
    "gemma2": {"sliding_window": 16, "query_pre_attn_scalar": 8},
    "gemma3_text": {"sliding_window": 16, "query_pre_attn_scalar": 8, "num_hidden_layers": 6},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},
    "gpt_neox": {},
    "gpt_oss": {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 16},
    "granite": {},
    "llama": {},
    "llama4_text": {"attention_chunk_size": 16, "num_local_experts": 2, "intermediate_size_mlp": 48},
    "mistral": {"sliding_window": 16},
    "mixtral": {"num_local_experts": 4},
    "opt": {"word_embed_proj_dim": 32, "ffn_dim": 48},
    "phi": {},
    "qwen2": {},
    "qwen3": {},
}
"""Families whose rows share a pass."""
ONE_BY_ONE: dict[str, dict[str, Any]] = {
    "bamba": {"attn_layer_indices": [1], **STATE},
    "bloom": {"n_head": 4, "n_layer": 2},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "mamba": {"state_size": 8},
    "phi3": {"rope_parameters": LONGROPE, "original_max_position_embeddings": 32},
    "recurrent_gemma": {"lru_width": 32, "attention_window_size": 16, "num_hidden_layers": 3},
    "rwkv": {"attention_hidden_size": 32, "context_length": 256},
}
"""Families whose rows do not."""


def tiny(family: str) -> Any:
    settings = {**SIZES, **(BATCHES | ONE_BY_ONE)[family]}
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **settings)).eval().float()


def draws(rng: random.Random, *counts: int) -> list[list[int]]:
    return [[rng.randrange(3, 97) for _ in range(count)] for count in counts]


class Checked:
    """Contexts beside the tokens that they should hold; every comparison is with a plain pass of one row."""

    def __init__(self, model: Any, rows: Sequence[list[int]], *, room: int = 8) -> None:
        self.model = model
        self.rows = [list(row) for row in rows]
        self.memories = Memories(model)
        self.contexts = LocalContexts(model, self.memories, rows, room=room)

    @torch.no_grad()
    def plain(self, tokens: Sequence[int]) -> np.ndarray:
        logits = self.model(input_ids=torch.tensor([list(tokens)]), use_cache=False).logits[0]
        return torch.log_softmax(logits.float(), -1).numpy()

    def check(self) -> None:
        expected = np.array([self.plain(row)[-1] for row in self.rows])
        np.testing.assert_allclose(self.contexts.next_logprobs(), expected, atol=1e-4)

    def append(self, new: list[list[int]]) -> None:
        self.contexts.append(new)
        self.rows = [row + more for row, more in zip(self.rows, new, strict=True)]

    def verify(self, new: list[list[int]]) -> None:
        judged = self.contexts.verify(new)
        self.rows = [row + more for row, more in zip(self.rows, new, strict=True)]
        for ours, row, more in zip(judged, self.rows, new, strict=True):
            assert len(ours) == len(more)
            if more:
                np.testing.assert_allclose(ours, self.plain(row)[-len(more) :], atol=1e-4)


def grow_and_shrink(checked: Checked) -> None:
    rng = random.Random(1)
    checked.check()
    for _ in range(3):
        checked.append(draws(rng, *(rng.randrange(4) for _ in checked.rows)))
        checked.check()
    checked.verify(draws(rng, 3, 0, 2, 1))
    lengths = [len(row) - back for row, back in zip(checked.rows, (2, 3, 0, 5), strict=True)]
    checked.contexts.rollback(lengths)
    checked.rows = [row[:length] for row, length in zip(checked.rows, lengths, strict=True)]
    checked.check()
    checked.contexts.select([2, 0, 0])
    checked.rows = [list(checked.rows[row]) for row in (2, 0, 0)]
    checked.append(draws(rng, 1, 2, 1))
    checked.check()


@pytest.mark.parametrize("family", BATCHES)
def test_a_batch_is_exact_without_a_word(family: str) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*is not exact in batches")
        grow_and_shrink(Checked(tiny(family), draws(random.Random(0), 40, 5, 23, 9)))


@pytest.mark.parametrize("family", ONE_BY_ONE)
def test_where_a_batch_is_not_exact_one_warning_says_so_and_every_row_is_right(family: str) -> None:
    checked = Checked(tiny(family), draws(random.Random(0), 40, 5, 23, 9))
    with pytest.warns(
        UserWarning, match=rf"{type(checked.model).__name__} is not exact in batches \(.*\); it "
    ) as caught:
        grow_and_shrink(checked)
    assert sum("is not exact" in str(one.message) for one in caught) == 1


def test_a_common_beginning_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rng = tiny("llama"), random.Random(0)
    (person,) = draws(rng, 60)
    rows = [person + task for task in draws(rng, 4, 9, 6)]
    checked = Checked(model, rows)
    checked.memories.choose(len(person) + 20, person)  # the trial
    tokens: list[int] = []
    advance = module.advance

    def counted(model: Any, cache: Any, new: Any, starts: Any, *, keep: int) -> Any:
        tokens.append(sum(map(len, new)))
        return advance(model, cache, new, starts, keep=keep)

    monkeypatch.setattr(module, "advance", counted)
    checked.check()
    assert tokens == [60, 4 + 9 + 6]
    checked.append(draws(rng, 1, 1, 1))
    checked.check()


@pytest.mark.parametrize("budget", [1, 40, 10_000])
def test_passes_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch, budget: int) -> None:
    monkeypatch.setattr(module, "_PASS_TOKENS", {"cpu": budget, "cuda": budget})
    grow_and_shrink(Checked(tiny("llama"), draws(random.Random(0), 40, 5, 23, 9)))


def test_rows_of_like_length_share_a_pass_within_the_budget() -> None:
    assert module._groups([3, 1, 0], 9) == [[0, 1, 2]]
    assert module._groups([10, 3, 0, 9, 4], 20) == [[0, 3], [4, 1]]
    assert module._groups([30, 2], 20) == [[0], [1]]


def test_a_model_is_tried_again_only_where_contexts_grow_beyond_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    trial = Memories._try
    monkeypatch.setattr(Memories, "_try", lambda self, long: tried.append(len(long)) or trial(self, long))
    memories = Memories(tiny("llama"))
    for length in (20, 10, 20, 21, 39, 100, 90, 1000, 2000):
        memories.choose(length, [7, 8, 9])
    assert tried == [20, 40, 100, 256]


def test_a_model_that_turns_inexact_as_contexts_grow_is_caught_there() -> None:
    checked = Checked(tiny("phi3"), draws(random.Random(0), 20, 6), room=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*is not exact in batches")
        checked.check()
    checked.append(draws(random.Random(2), 3, 15))
    with pytest.warns(UserWarning, match="depends on the text's length"):
        checked.check()
    checked.append(draws(random.Random(3), 20, 2))
    checked.check()


def test_a_longer_sequence_before_changes_no_number_of_a_model_with_dynamic_positions() -> None:
    rope = {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 4.0}
    settings = {**SIZES, "max_position_embeddings": 32, "rope_parameters": rope}

    def fresh() -> Any:
        torch.manual_seed(0)
        return AutoModelForCausalLM.from_config(AutoConfig.for_model("llama", **settings)).eval().float()

    (row,) = draws(random.Random(0), 32)
    expected = Checked(fresh(), [row], room=0).plain(row)[-1]
    used = fresh()
    with torch.no_grad():
        used(input_ids=torch.tensor(draws(random.Random(1), 60)), use_cache=False)
    contexts = LocalContexts(used, Memories(used), [row], room=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*is not exact in batches")
        np.testing.assert_allclose(contexts.next_logprobs()[0], expected, atol=1e-4)
