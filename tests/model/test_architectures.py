"""Right, whatever the architecture: tiny random models of many families against one sequence at a time.

Each family's shortest settings are in `FAMILIES`. Where its layers mix tokens outside attention, or its attention has
more terms than keys, the numbers come from sequences; where they are sound, from trees. None may be wrong.
"""

import copy
import warnings
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor
from transformers import AutoModelForCausalLM

from penchant.model import selfcheck
from penchant.model.likelihood import answer_logprobs
from penchant.model.tree import Branch, collate, pack

_HYBRID = {"layer_types": ["linear_attention", "full_attention"]}
_MAMBA = {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_expand": 2, "mamba_n_groups": 1, "mamba_d_state": 8}
_LINEAR = {f"linear_{name}": n for name, n in (("num_value_heads", 4), ("num_key_heads", 2))}
_LINEAR |= {f"linear_{name}_head_dim": 8 for name in ("key", "value")}
_LATENT = {"q_lora_rank": 16, "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
_LOCAL_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
_ROUTED = {"n_routed_experts": 4, "n_group": 1, "topk_group": 1, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
_WINDOW = {"sliding_window": 16}
_LONG = {"rope_theta": 10_000.0, "original_max_position_embeddings": 16, "partial_rotary_factor": 1.0}
_LONG |= {"rope_type": "longrope", "short_factor": [1.0] * 4, "long_factor": [4.0] * 4}
_SEES = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}

SOUND: dict[str, dict[str, Any]] = {
    "apertus": {},
    "biogpt": {},
    "cohere": {},
    "cohere2": {"sliding_window": 64},
    "deepseek_v3": {**_LATENT, **_ROUTED, "num_key_value_heads": 4},
    "exaone4": {"sliding_window": 64},
    "gemma": {},
    "gemma3_text": {"sliding_window": 64},
    "glm4": {},
    "gpt2": {},
    "gpt_neox": {},
    "granite": {"logits_scaling": 4.0},
    "granitemoe": _LOCAL_EXPERTS,
    "mistral": {"sliding_window": 64},
    "mixtral": {**_LOCAL_EXPERTS, "sliding_window": None},
    "olmo2": {},
    "opt": {"word_embed_proj_dim": 32},
    "phi": {},
    "phi3": {},
    "qwen2": {},
    "qwen3": {},
    "qwen3_moe": _EXPERTS,
    "smollm3": {},
    "starcoder2": {},
}
UNSOUND: dict[str, dict[str, Any]] = {
    "bamba": {**_MAMBA, "attn_layer_indices": [1], "attn_rotary_emb": 4},
    "bloom": {},
    "falcon": {},
    "falcon_h1": {**_MAMBA, "mamba_d_ssm": 64},
    "gemma2": {"sliding_window": 64},
    "gpt_oss": {**_LOCAL_EXPERTS, "sliding_window": 64},
    "granite_swa": {"sliding_window": 64},
    "granitemoehybrid": {**_MAMBA, **_LOCAL_EXPERTS, "layer_types": ["mamba", "attention"]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2, "mamba_dt_rank": 4},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "mamba2": {"num_heads": 8, "head_dim": 8, "n_groups": 1, "state_size": 8},
    "mimo_v2_flash": {**_ROUTED, "sliding_window": 64, "v_head_dim": 8},
    "minimax": _LOCAL_EXPERTS,
    "mpt": {"n_heads": 4, "n_layers": 2, "d_model": 32},
    "nemotron_h": {"mamba_num_heads": 4, "mamba_head_dim": 16, "ssm_state_size": 8, "n_groups": 1, **_ROUTED},
    "olmo_hybrid": {},
    "qwen3_5_text": {**_HYBRID, **_LINEAR},
    "qwen3_next": {**_HYBRID, **_LINEAR, **_EXPERTS, "shared_expert_intermediate_size": 16},
    "recurrent_gemma": {"num_hidden_layers": 3, "lru_width": 32},
    "rwkv": {"attention_hidden_size": 32},
    "stablelm": {},
}
AT_LENGTH: dict[str, tuple[str, dict[str, Any]]] = {
    "cohere2 beyond its window": ("cohere2", _WINDOW),
    "gemma3_text beyond its window": ("gemma3_text", _WINDOW),
    "gemma3, which also sees, beyond its window": ("gemma3", _WINDOW),
    "gpt_oss beyond its window": ("gpt_oss", {**_LOCAL_EXPERTS, **_WINDOW}),
    "llama with dynamic scaling": (
        "llama",
        {
            "max_position_embeddings": 16,
            "rope_parameters": {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 4.0},
        },
    ),
    "mistral beyond its window": ("mistral", _WINDOW),
    "phi3 with long and short factors": ("phi3", {"rope_parameters": _LONG, "original_max_position_embeddings": 16}),
    "qwen2 beyond its window": ("qwen2", {**_WINDOW, "use_sliding_window": True, "max_window_layers": 1}),
}
_TINY = {
    "vocab_size": 97,
    "hidden_size": 32,
    "n_embd": 32,
    "intermediate_size": 48,
    "ffn_dim": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.2,
}


def model_of(family: str, settings: dict[str, Any]) -> Any:
    kind = transformers.CONFIG_MAPPING[family]
    if family == "gemma3":
        text = {**_TINY, **settings}
        vision = {**_SEES, "image_size": 28, "patch_size": 14}
        tokens = {"image_token_index": 96, "boi_token_index": 95, "eoi_token_index": 94, "mm_tokens_per_image": 4}
        config = kind(text_config=text, vision_config=vision, **tokens)
    else:
        fields = kind.__dataclass_fields__
        known = {name: value for name, value in _TINY.items() if name in fields or name in kind.attribute_map}
        config = kind(**{**known, **settings})
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()


def people() -> list[list[Branch]]:
    """One person beyond 16 tokens and one below."""
    long, short = tuple(range(30, 50)), (33, 34, 35)
    return [
        [
            Branch((*long, 60, 61, 62), ((63, 64, 2), (65, 66, 67, 68, 2))),
            Branch((*long, 70, 71), ((72, 73, 2), (74, 2))),
        ],
        [Branch((*short, 36), ((37, 38, 39, 2), (40, 2))), Branch((*short, 41), ((42, 2), (43, 44, 2)))],
    ]


@torch.no_grad()
def one_at_a_time(model: Any) -> Tensor:
    """Each sequence in a model that has seen no other: some keep state from longer ones."""
    sums = []
    for branch in (branch for person in people() for branch in person):
        for answer in branch.answers:
            ids = torch.tensor([[*branch.prompt, *answer]])
            logits = copy.deepcopy(model)(input_ids=ids).logits[0, len(branch.prompt) - 1 : -1]
            logprobs = torch.log_softmax(logits.double(), -1)
            sums.append(logprobs[torch.arange(len(answer)), torch.tensor(answer)].sum())
    return torch.stack(sums)


def is_right(model: Any, *, learning: bool = False) -> bool:
    """Whether the numbers are those of sequences; a tiny model's own answers differ by nats."""
    expected = one_at_a_time(model)
    assert expected.std() > 1
    with warnings.catch_warnings(), torch.set_grad_enabled(learning):
        warnings.simplefilter("ignore")
        sums = answer_logprobs(model, collate([pack(person) for person in people()]))
    return bool((sums.detach() - expected).abs().max() < 1e-4)


def through_trees(model: Any) -> bool:
    return all(finding.unsound is None for finding in selfcheck._FINDINGS[model].values())


@pytest.mark.parametrize("family", SOUND)
def test_a_sound_family_is_right_through_trees(family: str) -> None:
    model = model_of(family, SOUND[family])
    assert is_right(model, learning=True)
    assert through_trees(model)


@pytest.mark.parametrize("family", UNSOUND)
def test_a_family_that_trees_get_wrong_is_right_in_sequences(family: str) -> None:
    model = model_of(family, UNSOUND[family])
    assert is_right(model)
    assert not through_trees(model)


@pytest.mark.parametrize("case", AT_LENGTH)
def test_what_depends_on_lengths_is_right(case: str) -> None:
    family, settings = AT_LENGTH[case]
    assert is_right(model_of(family, settings))
