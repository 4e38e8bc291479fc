"""Times the scoring of a benchmark, from records to margins: trees against one sequence at a time.

    python benchmarks/evaluate.py --cells 512x4 --json

Records are made of random words: a history of PERSONA words in eight comments, tasks of 64 words, answers of 128 words,
and PAIRS records per person. Both contenders render, tokenise and score the same records with the same random weights.
`single` takes every prompt with one answer as a sequence of its own, with a log-softmax over the whole row, as in the
published scoring. Margins agree, and the largest difference is printed.
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
from penchant.model.load import load_tokenizer
from penchant.model.local import LocalModel
from penchant.person import Person
from penchant.persona import Comment, Persona
from penchant.record import Record
from penchant.scorer.implicit import pair_likelihoods, prompts

_COMMENTS = 8
_PEOPLE = 4


def main() -> None:
    """Prints a line per cell, then one JSON object."""
    options = parser(__doc__.partition("\n")[0], "512x4").parse_args()
    torch.set_num_threads(1)
    chat = load_tokenizer("models/forum-base")
    llama = LocalModel(model(options.shape, options.vocabulary, options.device), chat, name="random")
    lines = []
    for cell in options.cells.split(","):
        line = timed(llama, cell, options)
        lines.append(line)
        if not options.json:
            print(", ".join(f"{key} {value}" for key, value in line.items()), flush=True)
    about = {"machine": machine(options.device), "torch": torch.__version__}
    print(json.dumps({"benchmark": "evaluate", **about, "cells": lines}))


def timed(llama: LocalModel, cell: str, options: Any) -> dict[str, Any]:
    """Time ratio of one cell, and the largest difference between the margins."""
    persona, pairs = map(int, cell.split("x"))
    records = people(llama, persona, pairs)
    margins: dict[str, NDArray[np.float64]] = {}

    def tree() -> None:
        personas = [record.persona for record in records]
        likelihoods = pair_likelihoods(llama, METHODS["ica"], records, personas=personas, meet=person_of)
        margins["tree"] = likelihoods.raw()

    def single() -> None:
        margins["single"] = one_at_a_time(llama, records)

    taken = interleaved({"single": single, "tree": tree}, options.repetitions, options.device)
    personas = [record.persona for record in records]
    rendered = prompts(llama, METHODS["ica"], records, personas=personas, meet=person_of)
    return {
        "cell": cell,
        "prompt_tokens": round(float(np.mean([llama.count(prompt.messages) for prompt in rendered]))),
        "records": len(records),
        "ratio": ratio(taken, "single", "tree"),
        "max_abs_difference_nats": float(f"{np.abs(margins['single'] - margins['tree']).max():.2e}"),
        "spread": spread(taken),
        "repetitions": options.repetitions,
    }


def people(llama: LocalModel, persona: int, pairs: int) -> list[Record]:
    """Records of a few people, in words of one token each."""
    words = sorted(word for word in llama.chat.tokenizer.get_vocab() if word.isalpha())
    rng = random.Random(0)

    def text(count: int) -> str:
        return " ".join(rng.choices(words, k=count))

    records = []
    for person in range(_PEOPLE):
        history = Persona(tuple(Comment("", text(persona // _COMMENTS)) for _ in range(_COMMENTS)))
        records += [
            Record(
                record_id=f"{person}-{i}",
                user_id=f"u{person}",
                prompt=text(TASK),
                chosen=text(ANSWER),
                rejected=text(ANSWER),
                persona=history,
            )
            for i in range(pairs)
        ]
    return records


def person_of(_record: Record, persona: Persona) -> Person:
    """A person without a belief: the method ICA shows the history alone."""
    return Person(persona)


def one_at_a_time(llama: LocalModel, records: Sequence[Record]) -> NDArray[np.float64]:
    """Margins, every sequence by itself."""
    llama.model.set_attn_implementation("sdpa")
    personas = [record.persona for record in records]
    rendered_prompts = prompts(llama, METHODS["ica"], records, personas=personas, meet=person_of)
    sums = []
    with torch.inference_mode():
        for rendered, record in zip(rendered_prompts, records, strict=True):
            encoded = llama.chat.encode(rendered.messages, (record.chosen, record.rejected))
            for answer in encoded.answers:
                ids = torch.tensor([[*encoded.prompt, *answer]], device=llama.model.device)
                logprobs = torch.log_softmax(llama.model(input_ids=ids).logits[0, :-1].float(), -1)
                picked = logprobs.gather(1, ids[0, 1:, None])[len(encoded.prompt) - 1 :]
                sums.append(float(picked.double().sum()))
    pairs = np.array(sums).reshape(-1, 2)
    return pairs[:, 0] - pairs[:, 1]


if __name__ == "__main__":
    sys.exit(main())
