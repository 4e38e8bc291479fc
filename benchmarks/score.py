"""Times the log-probabilities of a user's answers: trees against single sequences and against a padded batch.

    python benchmarks/score.py --cells 512x4,2048x8 --json

Contenders, forward only, on the same weights:
- `single`: one sequence at a time with a log-softmax over the whole row, as in the published scoring.
- `padded`: all sequences of a user in one padded batch, with a log-softmax over all rows.
- `tree`: penchant's trees.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch

from cells import Cell, Users, cells, interleaved, machine, model, operations, parser, ratio, spread
from penchant.model.likelihood import answer_logprobs
from penchant.model.tree import collate, pack


def main() -> None:
    """Prints a line per cell, then one JSON object."""
    options = parser(__doc__.partition("\n")[0], "128x1,512x4,2048x4,2048x8,demo").parse_args()
    torch.set_num_threads(1)
    llama = model(options.shape, options.vocabulary, options.device).eval()
    lines = []
    for cell in cells(options.cells, llama.config.vocab_size):
        line = timed(llama, cell, options)
        lines.append(line)
        if not options.json:
            print(", ".join(f"{key} {value}" for key, value in line.items()), flush=True)
    print(
        json.dumps(
            {"benchmark": "score", "machine": machine(options.device), "torch": torch.__version__, "cells": lines}
        )
    )


def timed(llama: Any, cell: Cell, options: Any) -> dict[str, Any]:
    """Time ratios of one cell, and the largest difference between the log-probabilities."""
    results: dict[str, torch.Tensor] = {}

    def keep(name: str, score: Any) -> Any:
        def once() -> None:
            with torch.inference_mode():
                results[name] = score(llama, cell.users).float()

        return once

    contenders = {name: keep(name, score) for name, score in (("single", single), ("padded", padded), ("tree", tree))}
    taken = interleaved(contenders, options.repetitions, options.device)
    counted = [operations(llama.config, cell.users, tree=t, head_everywhere=True, train=False) for t in (False, True)]
    flops = round(counted[0] / counted[1], 2)
    return {
        "cell": cell.name,
        "persona_tokens": round(cell.persona_tokens),
        "pairs": round(cell.pairs, 1),
        "ratio_vs_single": ratio(taken, "single", "tree"),
        "ratio_vs_padded": ratio(taken, "padded", "tree"),
        "flop_ratio": flops,
        "of_flop_ratio": round(ratio(taken, "single", "tree") / flops, 2),
        "max_abs_difference_nats": float(f"{float((results['single'] - results['tree']).abs().max()):.2e}"),
        "spread": spread(taken),
        "repetitions": options.repetitions,
    }


def tree(llama: Any, users: Users) -> torch.Tensor:
    """The trees of all users in one batch."""
    return answer_logprobs(llama, collate([pack(user) for user in users]).to(llama.device))


def single(llama: Any, users: Users) -> torch.Tensor:
    """One sequence at a time."""
    llama.set_attn_implementation("sdpa")
    sums = []
    for branch in (branch for user in users for branch in user):
        for answer in branch.answers:
            ids = torch.tensor([[*branch.prompt, *answer]], device=llama.device)
            logprobs = torch.log_softmax(llama(input_ids=ids).logits[0, :-1], -1)
            sums.append(logprobs.gather(1, ids[0, 1:, None])[len(branch.prompt) - 1 :].sum())
    return torch.stack(sums)


def padded(llama: Any, users: Users) -> torch.Tensor:
    """All sequences of a user in one batch, padded on the right; one user after another."""
    llama.set_attn_implementation("sdpa")
    sums = []
    for user in users:
        rows = [(branch.prompt, answer) for branch in user for answer in branch.answers]
        width = max(len(prompt) + len(answer) for prompt, answer in rows)
        ids = torch.zeros(len(rows), width, dtype=torch.long, device=llama.device)
        for row, (prompt, answer) in enumerate(rows):
            ids[row, : len(prompt) + len(answer)] = torch.tensor([*prompt, *answer])
        logits = llama(input_ids=ids, attention_mask=(ids != 0).long()).logits[:, :-1]
        picked = torch.log_softmax(logits, -1).gather(2, ids[:, 1:, None])[..., 0]
        for row, (prompt, answer) in enumerate(rows):
            sums.append(picked[row, len(prompt) - 1 : len(prompt) + len(answer) - 1].sum())
    return torch.stack(sums)


if __name__ == "__main__":
    sys.exit(main())
