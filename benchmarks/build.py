"""Times `penchant build` on invented posts, from raw rows to shards, at several sizes.

    python benchmarks/build.py --rows 10000 100000 1000000 --workers 2 --json

The posts are made of invented words and have authors, replies, votes and times; nothing is inferred (`annotator:
null`). Peak memory is an upper bound: that of the first process and, for each worker, that of the largest one. The last
line is one JSON object with the figures of the largest size, and `slope`: that of seconds against rows, both as
logarithms.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import tempfile
import time
from pathlib import Path

import yaml

from penchant.model.card import versions
from penchant.runs.build import build

SYLLABLES = [first + second for first in "bdfgklmnprstv" for second in "aeiou"]


def main() -> None:
    """Prints a line per size, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--language", default="en", help="`en`, or `none` for no check of languages")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = [measured(rows, options.workers, options.language) for rows in sorted(options.rows)]
    for one in figures if not options.json else ():
        print(", ".join(f"{name}: {value}" for name, value in one.items()))
    print(json.dumps({"benchmark": "build", "versions": versions(), **figures[-1], "slope": slope(figures)}))


def measured(rows: int, workers: int, language: str) -> dict[str, float]:
    """The figures of one size; building is timed, making the posts is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_posts(folder / "posts.jsonl", rows)
        recipe = {
            "name": "invented",
            "sources": [{"kind": "threads", "path": "posts.jsonl", "columns": {c: c for c in COLUMNS}}],
            "annotator": None,
            "filters": {"language": None if language == "none" else language, "sure": 1.0},
        }
        (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
        started = time.perf_counter()
        manifest = build(config=folder / "recipe.yaml", out=folder / "out", workers=workers)
        seconds = time.perf_counter() - started
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if workers > 1 else 0
    return {
        "rows": rows,
        "records": sum(manifest["records"].values()),
        "seconds": round(seconds, 1),
        "rows_per_s": round(rows / seconds),
        "peak_rss_mb": (own + workers * theirs) // 1024,
    }


COLUMNS = ("id", "thread", "parent", "author", "text", "score", "at")


def write_posts(path: Path, rows: int) -> None:
    """Threads of one to eight posts of 8 to 60 words; each person writes some 20."""
    rng = random.Random(0)
    words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 3))) for _ in range(5000)]
    written = 0
    with path.open("w", encoding="utf-8") as file:
        while written < rows:
            opening = f"t{written}"
            for number in range(min(rng.randint(1, 8), rows - written)):
                row = {
                    "id": f"{opening}.{number}" if number else opening,
                    "thread": opening,
                    "parent": opening if number else None,
                    "author": f"person{rng.randrange(rows // 20 + 1)}",
                    "text": " ".join(rng.choices(words, k=rng.randint(8, 60))),
                    "score": rng.randrange(50),
                    "at": 1_356_998_400 + written,
                }
                file.write(json.dumps(row) + "\n")
                written += 1


def slope(figures: list[dict[str, float]]) -> float | None:
    """Of log seconds against log rows, between the smallest and the largest size."""
    if len(figures) < 2:
        return None
    first, last = figures[0], figures[-1]
    return round(math.log(last["seconds"] / first["seconds"]) / math.log(last["rows"] / first["rows"]), 3)


if __name__ == "__main__":
    main()
