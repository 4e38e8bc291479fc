"""Times what is believed of people: updates, reads, memory, and the encoder that reads the evidence. One thread.

    python benchmarks/infer.py --users 1000000 --json

- `events_per_s`: items of evidence added to beliefs over 90 dimensions, two of which each speaks of.
- `belief_bytes_per_user`: packed, after the items of `--events` each; with the index that finds a user's bytes.
- `read_ms`: from a user's bytes to the direction that PBA is told, the slowest of a thousand.
- `tokens_per_s`: all-MiniLM-L6-v2 on sentences of the forum joined to some sixty words, float32 and bfloat16.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import tracemalloc

import numpy as np
import torch

from cells import machine
from penchant.forum.corpus import Corpus
from penchant.model.card import versions
from penchant.posterior import EVEN, Belief, Tally
from penchant.space import Direction, PreferenceSpace, load_space


def main() -> None:
    """Prints one JSON object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=1_000_000, help="people whose beliefs are held at once")
    parser.add_argument("--events", type=int, default=9, help="items of evidence of each person")
    parser.add_argument("--texts", type=int, default=512, help="texts that the encoder reads")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="only the last line")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    space = load_space()
    said = _events(space, 4096)
    found: dict[str, object] = {"events_per_s": _updates(space, said, asked.repetitions)}
    found |= _store(space, asked.users, asked.events)
    for name, value in _encoder(asked.texts, asked.repetitions).items():
        found[name] = value
    if not asked.json:
        print("\n".join(f"{name}: {value}" for name, value in found.items()))
    print(json.dumps({"benchmark": "infer", **found, "machine": machine("cpu"), "versions": versions()}))


def _events(space: PreferenceSpace, count: int) -> list[Direction]:
    """Items that speak of two dimensions each, with the doubt of inferred ones."""
    rng = np.random.default_rng(0)
    said = []
    for _ in range(count):
        signs, sure = np.zeros(len(space), dtype=np.int8), np.ones(len(space))
        two = rng.choice(len(space), size=2, replace=False)
        signs[two], sure[two] = rng.choice([-1, 1], size=2), rng.uniform(0.5, 1, size=2)
        said.append(Direction(space, signs, sure))
    return said


def _updates(space: PreferenceSpace, said: list[Direction], repetitions: int) -> int:
    rates = []
    for _ in range(repetitions + 1):
        people = [Tally(len(space)) for _ in range(256)]
        started = time.process_time()
        for number, direction in enumerate(said * 8):
            people[number % len(people)].add(direction, 1, EVEN)
        rates.append(8 * len(said) / (time.process_time() - started))
    return round(statistics.median(rates[1:]))


def _store(space: PreferenceSpace, users: int, events: int) -> dict[str, object]:
    rng = np.random.default_rng(1)
    # people differ in what they speak of; their beliefs are of the sizes of these
    patterns = []
    for _ in range(1024):
        about = rng.choice(len(space), size=10, replace=False)
        tally = Tally(len(space))
        for _ in range(events):
            signs = np.zeros(len(space), dtype=np.int8)
            signs[rng.choice(about, size=2, replace=False)] = rng.choice([-1, 1], size=2)
            tally.add(Direction(space, signs), 1, EVEN)
        patterns.append(tally.pack())
    tracemalloc.start()
    offsets = np.zeros(users + 1, dtype=np.uint64)
    np.cumsum([len(patterns[user % len(patterns)]) for user in range(users)], out=offsets[1:], dtype=np.uint64)
    held = b"".join(patterns[user % len(patterns)] for user in range(users))
    total = len(held) + offsets.nbytes
    tracemalloc.stop()
    times = []
    for user in rng.integers(users, size=1000).tolist():
        started = time.perf_counter()
        tally = Tally.unpack(held[int(offsets[user]) : int(offsets[user + 1])], len(space))
        Belief(space, (), tally.items, tally, EVEN, "credible").direction()
        times.append(1000 * (time.perf_counter() - started))
    return {
        "users": users,
        "belief_bytes_per_user": round(total / users, 1),
        "beliefs_mb": round(total / 1e6, 1),
        "read_ms": round(statistics.median(times), 3),
        "read_ms_p99": round(float(np.quantile(times, 0.99)), 3),
    }


def _encoder(count: int, repetitions: int) -> dict[str, object]:
    from penchant.encoder.sentence import load_encoder

    encoder = load_encoder()
    corpus = Corpus(load_space(), np.random.default_rng(2))
    said = [" ".join(answer for _ in range(8) for answer in corpus.thread().answers[:1]) for _ in range(count)]
    tokens = sum(len(ids) for ids in encoder._model.tokenizer(said)["input_ids"])
    found: dict[str, object] = {}
    for name, dtype in (("tokens_per_s", torch.float32), ("tokens_per_s_bf16", torch.bfloat16)):
        rates = []
        for _ in range(repetitions + 1):
            encoder._known.clear()
            started = time.process_time()
            with torch.autocast("cpu", dtype, enabled=dtype is torch.bfloat16):
                encoder.embed(said)
            rates.append(tokens / (time.process_time() - started))
        found[name] = round(statistics.median(rates[1:]))
    return found


if __name__ == "__main__":
    main()
