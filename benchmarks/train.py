"""Times one DPO step: trees against TRL's DPOTrainer, on the same weights, pairs and reference.

    python benchmarks/train.py --cells 512x4,2048x8 --json

Contenders, forward and backward without the optimizer:
- `trl`: the installed TRL with its best settings: precomputed reference log-probabilities, fused head, and the faster
  of one batch of all pairs and pair by pair with accumulated gradients. On a CPU its head projects every prompt token.
- `trl_compact`: the same with the head on answer positions only, as TRL does on a GPU.
- `tree`: penchant's trees.
"""

from __future__ import annotations

import ctypes
import gc
import json
import logging
import resource
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from cells import Cell, cells, interleaved, machine, model, operations, parser, ratio, spread
from penchant.model.likelihood import answer_logprobs
from penchant.model.tree import collate, pack
from penchant.train.loss import Answers, pair_loss

BETA = 0.1


def main() -> None:
    """Prints a line per cell, then one JSON object."""
    arguments = parser(__doc__.partition("\n")[0], "128x1,512x1,512x4,2048x4,2048x8,demo")
    arguments.add_argument("--memory", action="store_true", help="peak memory instead of time (CPU only)")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    llama = model(options.shape, options.vocabulary, options.device)
    lines = []
    for cell in cells(options.cells, llama.config.vocab_size):
        rival = Rival(llama, cell, options.device)
        line = memory(llama, cell, rival) if options.memory else timed(llama, cell, rival, options)
        lines.append(line)
        if not options.json:
            print(", ".join(f"{key} {value}" for key, value in line.items()), flush=True)
    print(
        json.dumps(
            {"benchmark": "train", "machine": machine(options.device), "torch": torch.__version__, "cells": lines}
        )
    )


class Rival:
    """TRL's trainer over the same pairs; it takes single training steps."""

    def __init__(self, llama: Any, cell: Cell, device: str) -> None:
        import trl.trainer.utils as trl_utils
        from datasets import Dataset, disable_progress_bars
        from transformers import PreTrainedTokenizerFast
        from trl import DPOConfig, DPOTrainer

        disable_progress_bars()
        self.utils, self.usual, self.llama = trl_utils, trl_utils._use_triton, llama
        pairs = [(branch.prompt, *branch.answers[:2]) for user in cell.users for branch in user]
        write = lambda ids: " ".join(f"w{token}" for token in ids)  # noqa: E731
        rows = [{"prompt": write(p) + " ", "chosen": write(c[:-1]), "rejected": write(r[:-1])} for p, c, r in pairs]
        settings = DPOConfig(
            output_dir=tempfile.mkdtemp(),
            per_device_train_batch_size=len(rows),
            max_length=None,
            precompute_ref_log_probs=True,
            precompute_ref_batch_size=4,
            beta=BETA,
            report_to="none",
            use_cpu=device == "cpu",
            bf16=device == "cuda",
            disable_tqdm=True,
            logging_strategy="no",
            save_strategy="no",
            dataloader_pin_memory=False,
        )
        tokenizer = words(llama.config.vocab_size, PreTrainedTokenizerFast)
        self.trainer = DPOTrainer(
            model=llama, args=settings, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
        )
        self.trainer.model.train()
        self.trainer.current_gradient_accumulation_steps = 1
        examples = [self.trainer.train_dataset[i] for i in range(len(rows))]
        self.reference = torch.tensor([[e["ref_chosen_logps"], e["ref_rejected_logps"]] for e in examples]).flatten()
        self.batch = self.trainer.data_collator(examples)
        self.ones = [self.trainer.data_collator([example]) for example in examples]
        self.rows = len(rows)

    def step(self, *, compact: bool, single: bool = False) -> float:
        """One step over all pairs at once, or pair by pair with accumulated gradients; the loss."""
        self.llama.set_attn_implementation("sdpa")
        self.utils._use_triton = (lambda _device: True) if compact else self.usual
        try:
            return sum(
                float(self.trainer.training_step(self.trainer.model, dict(b)))
                for b in (self.ones if single else [self.batch])
            )
        finally:
            self.utils._use_triton = self.usual


def words(size: int, kind: Any) -> Any:
    """A tokenizer in which `w7` is token 7. Tokens 0 to 3 are special; no other token's name contains theirs."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    special = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3}
    named = {**special, **{f"w{token}": token for token in range(len(special), size)}}
    tokenizer = Tokenizer(models.WordLevel(named, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return kind(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", bos_token="<s>", unk_token="<unk>")


def ours(llama: Any, cell: Cell, reference: torch.Tensor) -> Callable[[], torch.Tensor]:
    """One step over the trees of all people."""
    device = next(llama.parameters()).device

    def step() -> torch.Tensor:
        policy = answer_logprobs(llama, collate([pack(user) for user in cell.users]).to(device))
        frozen, tokens = reference.to(policy), torch.ones_like(policy)
        chosen, rejected = (Answers(policy[i::2], frozen[i::2], tokens[i::2]) for i in (0, 1))
        pairs = pair_loss(chosen, rejected, beta=BETA)
        torch.autograd.backward(pairs.loss)
        return pairs.loss.detach()

    return step


def timed(llama: Any, cell: Cell, rival: Rival, options: Any) -> dict[str, Any]:
    """Time ratios of one cell, and the largest relative difference between the gradients."""
    step = ours(llama, cell, rival.reference)

    def fresh(run: Callable[[], Any]) -> Callable[[], None]:
        def once() -> None:
            llama.zero_grad(set_to_none=True)
            run()

        return once

    contenders = {
        "trl": fresh(lambda: rival.step(compact=False)),
        "trl_pair_by_pair": fresh(lambda: rival.step(compact=False, single=True)),
        "trl_compact": fresh(lambda: rival.step(compact=True)),
        "trl_compact_pair_by_pair": fresh(lambda: rival.step(compact=True, single=True)),
        "tree": fresh(step),
    }
    taken = interleaved(contenders, options.repetitions, options.device)
    faster = {
        name: min((name, f"{name}_pair_by_pair"), key=lambda rival: statistics.median(taken[rival]))
        for name in ("trl", "trl_compact")
    }
    counted = {
        name: operations(llama.config, cell.users, tree=tree, head_everywhere=everywhere, train=True)
        for name, tree, everywhere in (("trl", False, True), ("compact", False, False), ("tree", True, False))
    }
    vs_trl, vs_compact = (ratio(taken, name, "tree") for name in faster.values())
    flops = round(counted["compact"] / counted["tree"], 2)
    return {
        "cell": cell.name,
        "persona_tokens": round(cell.persona_tokens),
        "pairs": round(cell.pairs, 1),
        "ratio_vs_trl": vs_trl,
        "ratio_vs_trl_compact": vs_compact,
        "flop_ratio": flops,
        "flop_ratio_trl": round(counted["trl"] / counted["tree"], 2),
        "of_flop_ratio": round(vs_compact / flops, 2),
        "pairs_per_s": round(rival.rows / sorted(taken["tree"])[len(taken["tree"]) // 2], 2),
        "gflops_tree": round(counted["tree"] / sorted(taken["tree"])[len(taken["tree"]) // 2] / 1e9, 1),
        "max_rel_grad_err": gradient_error(llama, lambda: rival.step(compact=False), step),
        "best_of_trl": list(faster.values()),
        "spread": spread(taken),
        "repetitions": options.repetitions,
    }


def gradient_error(llama: Any, one: Callable[[], Any], other: Callable[[], Any]) -> float:
    """Largest relative distance between the gradients of a parameter after two kinds of step."""
    gradients = []
    for run in (one, other):
        llama.zero_grad(set_to_none=True)
        run()
        gradients.append([parameter.grad.clone() for parameter in llama.parameters()])
    theirs, ours = gradients
    return float(f"{max(float((a - b).norm() / a.norm()) for a, b in zip(theirs, ours, strict=True)):.2e}")


def memory(llama: Any, cell: Cell, rival: Rival) -> dict[str, Any]:
    """Peak resident memory of one step above the level before it, MB; includes gradients."""
    step = ours(llama, cell, rival.reference)
    runs = {
        "tree": step,
        "trl_compact": lambda: rival.step(compact=True),
        "trl_compact_micro_batch_1": lambda: rival.step(compact=True, single=True),
        "trl": lambda: rival.step(compact=False),
    }
    line: dict[str, Any] = {"cell": cell.name, "pairs_in_flight": rival.rows}
    for name, run in runs.items():
        llama.zero_grad(set_to_none=True)
        gc.collect()
        # otherwise the allocator keeps what an earlier contender freed, which would hide the need of this one
        ctypes.CDLL(None).malloc_trim(0)
        before = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
        run()
        line[f"peak_mb_{name}"] = round(resident("VmHWM") - before)
    return line


def resident(field: str) -> float:
    """A field of this process's status, MB; unlike ru_maxrss, its peak can be reset."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next((line for line in status.splitlines() if line.startswith(field)), None)
    return int(line.split()[1]) / 1024 if line else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
