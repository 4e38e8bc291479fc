"""Times beliefs about people: updates, reads, memory, and the encoder that reads the evidence. One thread.

    python benchmarks/infer.py --users 1000000 --json

- `events_per_s`: evidence items added to beliefs over 90 dimensions; each item is about two of them.
- `belief_bytes_per_user`: size of a packed belief after `--events` items, with its part of the index over users.
- `read_ms`: from a user's bytes to the direction that PBA shows, median of a thousand; `read_ms_p99` is the 99th
  percentile.
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
    options = parser.parse_args()
    torch.set_num_threads(1)
    space = load_space()
    directions = _events(space, 4096)
    results: dict[str, object] = {"events_per_s": _updates(space, directions, options.repetitions)}
    results |= _store(space, options.users, options.events)
    for name, value in _encoder(options.texts, options.repetitions).items():
        results[name] = value
    if not options.json:
        print("\n".join(f"{name}: {value}" for name, value in results.items()))
    print(json.dumps({"benchmark": "infer", **results, "machine": machine("cpu"), "versions": versions()}))


def _events(space: PreferenceSpace, count: int) -> list[Direction]:
    """Directions of evidence items about two dimensions each, with the uncertainty of inferred ones."""
    rng = np.random.default_rng(0)
    directions = []
    for _ in range(count):
        signs, sure = np.zeros(len(space), dtype=np.int8), np.ones(len(space))
        two = rng.choice(len(space), size=2, replace=False)
        signs[two], sure[two] = rng.choice([-1, 1], size=2), rng.uniform(0.5, 1, size=2)
        directions.append(Direction(space, signs, sure))
    return directions


def _updates(space: PreferenceSpace, directions: list[Direction], repetitions: int) -> int:
    rates = []
    for _ in range(repetitions + 1):
        people = [Tally(len(space)) for _ in range(256)]
        started = time.process_time()
        for number, direction in enumerate(directions * 8):
            people[number % len(people)].add(direction, 1, EVEN)
        rates.append(8 * len(directions) / (time.process_time() - started))
    return round(statistics.median(rates[1:]))


def _store(space: PreferenceSpace, users: int, events: int) -> dict[str, object]:
    rng = np.random.default_rng(1)
    # a thousand different beliefs stand for all users: only their sizes matter
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
    packed = b"".join(patterns[user % len(patterns)] for user in range(users))
    total = len(packed) + offsets.nbytes
    tracemalloc.stop()
    times = []
    for user in rng.integers(users, size=1000).tolist():
        started = time.perf_counter()
        tally = Tally.unpack(packed[int(offsets[user]) : int(offsets[user + 1])], len(space))
        Belief(space, votes=(), items=tally.items, tally=tally, prior=EVEN).direction("credible")
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
    texts = [" ".join(answer for _ in range(8) for answer in corpus.thread().answers[:1]) for _ in range(count)]
    tokens = sum(len(ids) for ids in encoder._model.tokenizer(texts)["input_ids"])
    results: dict[str, object] = {}
    for name, dtype in (("tokens_per_s", torch.float32), ("tokens_per_s_bf16", torch.bfloat16)):
        rates = []
        for _ in range(repetitions + 1):
            encoder._cache.clear()
            started = time.process_time()
            with torch.autocast("cpu", dtype, enabled=dtype is torch.bfloat16):
                encoder.embed(texts)
            rates.append(tokens / (time.process_time() - started))
        results[name] = round(statistics.median(rates[1:]))
    return results


if __name__ == "__main__":
    main()
