"""Goes from a TRL file with user ids to an adapter and its table, with the two commands of the README.

    python benchmarks/two_commands.py --model smollm2

The rows are invented: half of the people always prefer the short answer, half the long one. People who are measured are
not in the training file. This shows that the way works; rows by a rule say nothing about real people.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEEDS = [
    "learn chess",
    "cook rice",
    "sleep well",
    "plan a hike",
    "save money",
    "write a CV",
    "fix a tyre",
    "grow basil",
    "host a dinner",
]


def main() -> None:
    """Prints accuracies of the table, and the seconds that each command took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="smollm2", help="Base model: folder, Hub id or smollm2.")
    parser.add_argument("--steps", type=int, default=6)
    options = parser.parse_args()
    seconds: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        rows, test, out = (Path(folder) / name for name in ("rows.jsonl", "test.jsonl", "my-ica"))
        write(rows, range(10))
        write(test, range(10, 22))
        shared = ["--history", "others"]
        train = ["train", "--method", "ica", "--recipe", "hub", "--model", options.model, "--lora", "--data", str(rows)]
        train += [
            *shared,
            "--set",
            f"ica.max_steps={options.steps}",
            "--set",
            "ica.users_per_step=4",
            "--out",
            str(out),
        ]
        run("train", train, seconds)
        printed = run("eval", ["eval", "accuracy", str(out), "--data", str(test), *shared, "--json"], seconds)
    table = json.loads(printed.splitlines()[-1])
    kept = [row for row in table["rows"] if row["attribute"] == "all" and row["variant"] == ""]
    rows_shown = [row for row in kept if row["persona"] in ("pair", "none", "shuffled")]
    accuracy = {f"{row['method']}, {row['persona']}": round(100 * row["accuracy"], 1) for row in rows_shown}
    print(json.dumps({"accuracy": accuracy, "pairs": kept[0]["n"], "seconds": seconds, "versions": table["versions"]}))


def run(name: str, arguments: list[str], seconds: dict[str, int]) -> str:
    """Runs one command and keeps its time."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "penchant", *arguments]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds[name] = round(time.perf_counter() - started)
    return printed


def write(file: Path, people: range) -> None:
    """Writes eight rows of each person."""
    draw = random.Random(people.start)
    with file.open("w", encoding="utf-8") as out:
        for person in people:
            for deed in draw.sample(DEEDS, 8):
                short = f"Start small and {deed} daily."
                long = f"There are many ways to {deed}. First, plan. Then, practise each day, and note what you learn."
                sides = (short, long) if person % 2 else (long, short)
                row = {"user_id": person, "prompt": f"How do I {deed}?", "chosen": sides[0], "rejected": sides[1]}
                out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
