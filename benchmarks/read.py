"""Times how a large file of preference rows is read, as a whole process.

    python benchmarks/read.py --rows 1000000 --json

Writes rows in the layout of TRL with user ids (1,000 people, some 700 bytes a row) to a temporary folder, then runs
`penchant data` on them. The rate includes the start of Python.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SENTENCE = "a good answer names the reason first and then says what to do in plain words"
WORDS = SENTENCE.split()


def main() -> None:
    """Prints rows a second and the largest memory of the process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="Print one JSON object.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        write(file, options.rows)
        started = time.perf_counter()
        command = [sys.executable, "-m", "penchant", "data", str(file), "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        printed = process.stdout.read() if process.stdout else b""
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        found = json.loads(printed)
        line = {
            "rows": options.rows,
            "records": found["records"],
            "people": found["people"],
            "megabytes": round(file.stat().st_size / 2**20),
            "seconds": round(seconds, 1),
            "rows_per_second": round(options.rows / seconds),
            "peak_megabytes": round(usage.ru_maxrss / 1024),
            "python": platform.python_version(),
        }
    print(json.dumps(line) if options.json else "\n".join(f"{key}: {value}" for key, value in line.items()))


def write(file: Path, rows: int) -> None:
    """Writes rows with a prompt, two answers and a user id."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=60)) for _ in range(1_000)]
    with file.open("w", encoding="utf-8") as out:
        for number in range(rows):
            first, second = draw.choice(texts), draw.choice(texts)
            row = {
                "prompt": f"Question {number}: what should I do about it?",
                "chosen": f"{number}. {first}",
                "rejected": f"{number}. Perhaps. {second}",
                "user_id": number % 1_000,
            }
            out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
