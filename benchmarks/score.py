"""Times log-probabilities of a user's answers: users' trees against one sequence at a time and a padded batch.

    python benchmarks/score.py --cells 512x4,2048x8 --json

Contenders, forward only, on the same weights:
- `single`: one sequence at a time with a log-softmax over the whole row, as the published scoring does.
- `padded`: all sequences of a user in one padded batch, log-softmax over all rows.
- `tree`: ours.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch

from cells import Cell, Users, cells, interleaved, machine, model, operations, parser, ratio, spread
from penchant.model.tree import answer_logprobs, collate, pack


def main() -> None:
    """Prints a line per cell, then one JSON object."""
    asked = parser(__doc__.partition("\n")[0], "128x1,512x4,2048x4,2048x8,demo").parse_args()
    torch.set_num_threads(1)
    made = model(asked.shape, asked.vocabulary, asked.device).eval()
    found = []
    for cell in cells(asked.cells, made.config.vocab_size):
        line = timed(made, cell, asked)
        found.append(line)
        if not asked.json:
            print(", ".join(f"{key} {value}" for key, value in line.items()), flush=True)
    print(
        json.dumps({"benchmark": "score", "machine": machine(asked.device), "torch": torch.__version__, "cells": found})
    )


def timed(made: Any, cell: Cell, asked: Any) -> dict[str, Any]:
    """Ratios of one cell and how far apart the log-probabilities are."""
    results: dict[str, torch.Tensor] = {}

    def keep(name: str, score: Any) -> Any:
        def once() -> None:
            with torch.inference_mode():
                results[name] = score(made, cell.users).float()

        return once

    contenders = {name: keep(name, score) for name, score in (("single", single), ("padded", padded), ("tree", tree))}
    taken = interleaved(contenders, asked.repetitions, asked.device)
    counted = [operations(made.config, cell.users, tree=t, head_everywhere=True, train=False) for t in (False, True)]
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
        "repetitions": asked.repetitions,
    }


def tree(made: Any, users: Users) -> torch.Tensor:
    """Ours."""
    return answer_logprobs(made, collate([pack(user) for user in users]).to(made.device))


def single(made: Any, users: Users) -> torch.Tensor:
    """One sequence at a time."""
    made.set_attn_implementation("sdpa")
    sums = []
    for branch in (branch for user in users for branch in user):
        for answer in branch.answers:
            ids = torch.tensor([[*branch.prompt, *answer]], device=made.device)
            logprobs = torch.log_softmax(made(input_ids=ids).logits[0, :-1], -1)
            sums.append(logprobs.gather(1, ids[0, 1:, None])[len(branch.prompt) - 1 :].sum())
    return torch.stack(sums)


def padded(made: Any, users: Users) -> torch.Tensor:
    """All sequences of a user in one batch, padded on the right."""
    made.set_attn_implementation("sdpa")
    sums = []
    for user in users:
        rows = [(branch.prompt, answer) for branch in user for answer in branch.answers]
        width = max(len(prompt) + len(answer) for prompt, answer in rows)
        ids = torch.zeros(len(rows), width, dtype=torch.long, device=made.device)
        for row, (prompt, answer) in enumerate(rows):
            ids[row, : len(prompt) + len(answer)] = torch.tensor([*prompt, *answer])
        logits = made(input_ids=ids, attention_mask=(ids != 0).long()).logits[:, :-1]
        picked = torch.log_softmax(logits, -1).gather(2, ids[:, 1:, None])[..., 0]
        for row, (prompt, answer) in enumerate(rows):
            sums.append(picked[row, len(prompt) - 1 : len(prompt) + len(answer) - 1].sum())
    return torch.stack(sums)


if __name__ == "__main__":
    sys.exit(main())
