"""One rank of tests/e2e/test_sharded.py: a tree through a model that FSDP2 has cut up, against the whole model."""

import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from transformers import LlamaConfig, LlamaForCausalLM

from penchant.model.likelihood import token_logprobs
from penchant.model.tree import Branch, Forest, collate, pack
from penchant.train.run import take_forests

WORDS = 61


def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=WORDS, tie_word_embeddings=True, **shape, **heads))


def forest(rank: int) -> Forest:
    """Another person on every rank."""
    generator = torch.Generator().manual_seed(rank)

    def ids(count: int) -> tuple[int, ...]:
        return tuple(torch.randint(0, WORDS, (count,), generator=generator).tolist())

    persona = ids(9)
    return collate([pack([Branch(persona + ids(3 + i), (ids(4), ids(2 + i))) for i in range(3)])])


def main() -> None:
    dist.init_process_group("gloo")
    rank, ranks = dist.get_rank(), dist.get_world_size()
    mesh = init_device_mesh("cpu", (ranks,))
    sharded, whole = model(), model()
    take_forests(sharded)
    for layer in sharded.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(sharded, mesh=mesh)
    torch.autograd.backward(sharded(forest=forest(rank)).sum())
    torch.autograd.backward(sum(token_logprobs(whole, forest(k)).sum() for k in range(ranks)) / ranks)
    furthest = 0.0
    for cut, full in zip(sharded.parameters(), whole.parameters(), strict=True):
        assert cut.to_local().numel() < full.numel()
        furthest = max(furthest, float((cut.grad.full_tensor() - full.grad).norm() / full.grad.norm()))
    if rank == 0:
        Path(sys.argv[1]).write_text(str(furthest))
    dist.barrier()
    # torch's own threads abort now and then when an interpreter that used FSDP2 over gloo shuts down
    os._exit(0)


if __name__ == "__main__":
    main()
