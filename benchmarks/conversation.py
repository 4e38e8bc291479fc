"""Times the scoring of a conversation of which each turn is asked about: one tree against turn by turn.

    python benchmarks/conversation.py                       # a model of random weights
    python benchmarks/conversation.py --model models/forum-base

Both score the same two answers after each user turn. Turn by turn is one call per turn, so each call still shares its
prompt between its two answers; it only computes the earlier turns anew. Repetitions are interleaved; the ratio is that
of the medians.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from penchant.message import Message
from penchant.model.base import Candidates
from penchant.model.card import versions
from penchant.model.chat import ChatTokenizer
from penchant.model.load import load_parts, load_tokenizer
from penchant.model.local import LocalModel

_WORDS_OF = "models/forum-base"
"""Its tokenizer has whole words; so a text of n of its words has n tokens."""


def main() -> None:
    """Prints a line, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", help="a model folder; without it, a random Llama of 4 layers, 256 wide")
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--persona-tokens", type=int, default=300)
    parser.add_argument("--turn-tokens", type=int, default=40)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = LocalModel(*_parts(options.model), name="timed")
    asked = conversation(
        model.chat, turns=options.turns, persona=options.persona_tokens, turn=options.turn_tokens, seed=0
    )
    together, alone = model.logprobs(asked), [model.logprobs([one])[0] for one in asked]
    pairs = zip(*([one.logprob for turn in side for one in turn] for side in (together, alone)), strict=True)
    gap = max(abs(one - other) for one, other in pairs)
    medians = _medians(
        {
            "tree": lambda: model.logprobs(asked),
            "turn by turn": lambda: [model.logprobs([one]) for one in asked],
        },
        options.repetitions,
    )
    ratio = medians["turn by turn"] / medians["tree"]
    tokens = model.count(asked[-1].messages)
    print(f"{options.turns} turns, {tokens:,} tokens: {ratio:.1f} times as fast as turn by turn")
    seconds = {name: round(value, 3) for name, value in medians.items()}
    facts = {"turns": options.turns, "prompt_tokens": tokens, "threads": options.threads, "median_s": seconds}
    result = {"ratio": round(ratio, 2), "max_abs_difference_nats": float(f"{gap:.1e}")}
    print(json.dumps({"benchmark": "conversation", "versions": versions(), **facts, **result}))


def conversation(chat: ChatTokenizer, *, turns: int, persona: int, turn: int, seed: int) -> list[Candidates]:
    """What is asked: each user turn of one conversation with all that came before it, and two answers."""
    rng = random.Random(seed)
    words = [word for word in chat.tokenizer.get_vocab() if word.isalpha()]

    def text(count: int) -> str:
        return " ".join(rng.choices(words, k=count))

    messages = [Message("user", f"{text(persona)} {text(turn)}")]
    asked: list[Candidates] = []
    for _ in range(turns):
        answer = text(turn)
        asked.append(Candidates(tuple(messages), (answer, text(turn))))
        messages += [Message("assistant", answer), Message("user", text(turn))]
    return asked


def _parts(folder: str | None) -> tuple[Any, ChatTokenizer]:
    if folder is not None:
        return load_parts(folder)
    chat = load_tokenizer(_WORDS_OF)
    torch.manual_seed(0)
    shape = {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4, "num_attention_heads": 4}
    config = LlamaConfig(vocab_size=len(chat.tokenizer), max_position_embeddings=8_192, **shape)
    return LlamaForCausalLM(config), chat


def _medians(runs: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Median seconds of each, repetition by repetition in turns, so that a slow spell of the machine meets both."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


if __name__ == "__main__":
    main()
