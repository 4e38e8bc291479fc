"""Models of every kind for the contracts of `model.base`: without weights, tiny with random weights, at an endpoint."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MambaConfig, MambaForCausalLM

from penchant.config import EndpointSection
from penchant.model.fake import FakeModel
from penchant.model.ledger import Ledger
from penchant.model.local import LocalModel
from penchant.model.remote import Endpoint
from penchant.train.base_model import word_tokenizer

WORDS = "tea coffee milk please never always hot cold i like you and or try what about ? ! . ,"


def _local(family: str) -> LocalModel:
    chat = word_tokenizer([WORDS])
    sizes = {"vocab_size": len(chat.tokenizer), "hidden_size": 32, "num_hidden_layers": 2, "initializer_range": 0.2}
    tokens = {"pad_token_id": 0, "bos_token_id": None, "eos_token_id": chat.tokenizer.eos_token_id}
    torch.manual_seed(0)
    if family == "mamba":  # its memory is a state that cannot be rolled back
        return LocalModel(MambaForCausalLM(MambaConfig(state_size=8, **sizes, **tokens)), chat, name=family)
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48}
    config = LlamaConfig(max_position_embeddings=160, **heads, **sizes, **tokens)
    return LocalModel(LlamaForCausalLM(config), chat, name=family)


@pytest.fixture(scope="session")
def local_models() -> dict[str, LocalModel]:
    return {family: _local(family) for family in ("llama", "mamba")}


@pytest.fixture
def endpoint(served: Any, tmp_path: Path) -> Endpoint:
    """Answers with the words of the prompt that fit."""
    served.reply = lambda request, _: " ".join(request["messages"][-1]["content"].split()[: request["max_tokens"]])
    section = EndpointSection.model_validate({"base_url": served.url, "model": "m"})
    return Endpoint(section, Ledger(tmp_path / "ledger.sqlite"))


@pytest.fixture
def open_model(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """A model by its kind: fake, llama, mamba or endpoint."""

    def opened(kind: str) -> Any:
        if kind == "fake":
            return FakeModel(weights={"tea": -0.5}, context=160)
        if kind == "endpoint":
            return request.getfixturevalue("endpoint")
        return request.getfixturevalue("local_models")[kind]

    return opened
