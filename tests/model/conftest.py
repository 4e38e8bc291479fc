"""Tiny models with random weights, and a tokenizer of a few words."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from penchant.model.chat import ChatTokenizer
from penchant.model.local import LocalModel
from penchant.render import fixed_texts
from penchant.train.base_model import word_tokenizer

FAMILIES = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}
WORDS = "tea coffee milk please never always hot cold i like you and or try what about ? ! . ,"


@pytest.fixture(scope="session")
def tiny_model() -> Callable[..., Any]:
    """A model of two layers with four query heads on two key heads."""

    def build(
        family: str,
        *,
        tied: bool = False,
        vocabulary: int = 61,
        dtype: torch.dtype = torch.float32,
        window: int | None = None,
    ) -> Any:
        config, kind = FAMILIES[family]
        options = {} if window is None else {"sliding_window": window}
        torch.manual_seed(0)
        model = kind(
            config(
                vocab_size=vocabulary,
                hidden_size=32,
                intermediate_size=48,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                head_dim=8,
                max_position_embeddings=512,
                tie_word_embeddings=tied,
                initializer_range=0.2,
                pad_token_id=0,
                bos_token_id=None,
                eos_token_id=5,
                attn_implementation="sdpa",
                **options,
            )
        )
        if dtype == torch.float64:
            _norm_in_full(model)
        return model.to(dtype).eval()

    return build


def _norm_in_full(model: Any) -> None:
    """Replaces norms by float64 ones: those of transformers compute in float32, which would hide errors below 1e-7."""
    for module in list(model.modules()):
        for name, norm in list(module.named_children()):
            if type(norm).__name__.endswith("RMSNorm"):
                full = torch.nn.RMSNorm(len(norm.weight), eps=norm.variance_epsilon)
                full.weight = norm.weight
                setattr(module, name, full)


@pytest.fixture(scope="session")
def chat() -> ChatTokenizer:
    return word_tokenizer([WORDS, *fixed_texts()])


@pytest.fixture(scope="session")
def local(chat: ChatTokenizer, tiny_model: Callable[..., Any]) -> LocalModel:
    return LocalModel(tiny_model("llama", vocabulary=len(chat.tokenizer)), chat, name="tiny")
