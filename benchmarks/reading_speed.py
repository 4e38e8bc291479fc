"""Times how fast annotators read comments. One thread.

    python benchmarks/reading_speed.py ../shared/data/synthpai_threads.jsonl --annotators english english-large

Each annotator reads `--comments` texts of the file, five times, other texts each time; a shorter run before warms up.
The texts differ in length, as people's do. The last line is one JSON object with the medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import torch

from cells import machine
from penchant.model.card import versions
from penchant.persona import Comment
from penchant.runs.annotators import open_annotator
from penchant.space import load_space

RUNS = 5


def main() -> None:
    """Prints the comments a second of each run, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("texts", type=Path, help="JSON lines with the key `text`")
    parser.add_argument("--annotators", nargs="+", default=["english"])
    parser.add_argument("--comments", type=int, default=800)
    parser.add_argument("--json", action="store_true", help="only the last line")
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts = [json.loads(line)["text"] for line in options.texts.read_text(encoding="utf-8").splitlines()]
    items = [Comment("", text) for text in texts[: 64 + RUNS * options.comments]]
    medians = {}
    for source in options.annotators:
        annotator = open_annotator(source, load_space())
        annotator.annotate(items[:64])
        speeds = []
        for run in range(RUNS):
            part = items[64 + run * options.comments : 64 + (run + 1) * options.comments]
            begin = time.perf_counter()
            annotator.annotate(part)
            speeds.append(len(part) / (time.perf_counter() - begin))
        medians[source] = statistics.median(speeds)
        if not options.json:
            print(source, " ".join(f"{speed:.0f}" for speed in speeds), flush=True)
    print(
        json.dumps(
            {
                "benchmark": "reading_speed",
                "comments_per_s": medians,
                "runs": RUNS,
                "machine": machine("cpu"),
                "versions": versions(),
            }
        )
    )


if __name__ == "__main__":
    main()
