"""Times the scoring of a benchmark, records in and margins out: trees of users against one sequence at a time.

    python benchmarks/evaluate.py --cells 512x4 --json

Records are made of random words: a history of PERSONA words in eight comments, tasks of 64 words, answers of 128, PAIRS
records a person. Both contenders render, tokenise and score the same records with the same random weights; `single`
takes every prompt and answer as a sequence of its own with a log-softmax over the whole row, as the published scoring
does. Margins agree, and the largest difference is printed.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cells import ANSWER, TASK, interleaved, machine, model, parser, ratio, spread
from penchant.method import METHODS
from penchant.model.local import LocalModel, load_tokenizer
from penchant.person import Person
from penchant.persona import Comment, Persona
from penchant.record import Record
from penchant.scorer.implicit import pair_likelihoods, prompts

_COMMENTS = 8
_PEOPLE = 4


def main() -> None:
    """Prints a line per cell, then one JSON object."""
    asked = parser(__doc__.partition("\n")[0], "512x4").parse_args()
    torch.set_num_threads(1)
    chat = load_tokenizer("models/forum-base")
    made = LocalModel(model(asked.shape, asked.vocabulary, asked.device), chat, name="random")
    found = []
    for cell in asked.cells.split(","):
        line = timed(made, cell, asked)
        found.append(line)
        if not asked.json:
            print(", ".join(f"{key} {value}" for key, value in line.items()), flush=True)
    about = {"machine": machine(asked.device), "torch": torch.__version__}
    print(json.dumps({"benchmark": "evaluate", **about, "cells": found}))


def timed(made: LocalModel, cell: str, asked: Any) -> dict[str, Any]:
    """Ratio of one cell, and how far apart the margins are."""
    persona, pairs = map(int, cell.split("x"))
    records = people(made, persona, pairs)
    margins: dict[str, NDArray[np.float64]] = {}

    def tree() -> None:
        personas = [record.persona for record in records]
        margins["tree"] = pair_likelihoods(made, METHODS["ica"], records, personas, met).raw()

    def single() -> None:
        margins["single"] = one_at_a_time(made, records)

    taken = interleaved({"single": single, "tree": tree}, asked.repetitions, asked.device)
    told = [
        made.count(one.messages) for one in prompts(made, METHODS["ica"], records, [r.persona for r in records], met)
    ]
    return {
        "cell": cell,
        "prompt_tokens": round(float(np.mean(told))),
        "records": len(records),
        "ratio": ratio(taken, "single", "tree"),
        "max_abs_difference_nats": float(f"{np.abs(margins['single'] - margins['tree']).max():.2e}"),
        "spread": spread(taken),
        "repetitions": asked.repetitions,
    }


def people(made: LocalModel, persona: int, pairs: int) -> list[Record]:
    """Records of a few people, in words of one token each."""
    words = sorted(word for word in made.chat.tokenizer.get_vocab() if word.isalpha())
    rng = random.Random(0)

    def text(count: int) -> str:
        return " ".join(rng.choices(words, k=count))

    found = []
    for person in range(_PEOPLE):
        history = Persona(tuple(Comment("", text(persona // _COMMENTS)) for _ in range(_COMMENTS)))
        found += [
            Record(f"{person}-{i}", f"u{person}", text(TASK), text(ANSWER), text(ANSWER), history) for i in range(pairs)
        ]
    return found


def met(_record: Record, persona: Persona) -> Person:
    """Nobody's belief is needed to show a history."""
    return Person(persona)


def one_at_a_time(made: LocalModel, records: Sequence[Record]) -> NDArray[np.float64]:
    """Margins, every sequence by itself."""
    made.model.set_attn_implementation("sdpa")
    shown = prompts(made, METHODS["ica"], records, [record.persona for record in records], met)
    sums = []
    with torch.inference_mode():
        for rendered, record in zip(shown, records, strict=True):
            encoded = made.chat.encode(rendered.messages, (record.chosen, record.rejected))
            for answer in encoded.answers:
                ids = torch.tensor([[*encoded.prompt, *answer]], device=made.model.device)
                logprobs = torch.log_softmax(made.model(input_ids=ids).logits[0, :-1].float(), -1)
                picked = logprobs.gather(1, ids[0, 1:, None])[len(encoded.prompt) - 1 :]
                sums.append(float(picked.double().sum()))
    pairs = np.array(sums).reshape(-1, 2)
    return pairs[:, 0] - pairs[:, 1]


if __name__ == "__main__":
    sys.exit(main())
