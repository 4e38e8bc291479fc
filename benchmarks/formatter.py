"""Times how rows of AlignX become prompts: penchant, a row at a time, beside pandas and `json.dump`, all rows at once.

    python benchmarks/formatter.py --rows 20000 100000 --json

The second way is the flow of AlignX's published formatter (all files into pandas, all rows into dicts, one list of
results, one `json.dump` with indent), written anew and without its faults: each row keeps its own items. Both ways
write the same texts, which are compared: the prompt with the history, the prompt with the preferences, the two answers.
Items are drawn alike, and preferences follow the published rule (mean of the items' directions, 0.6 and 0.4). The rows
are invented. Each way runs in a process of its own, one after the other; the figures are the processor time and the
peak memory of the process. The last line is one JSON object with the figures of the largest size.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

WAYS = ("pandas", "penchant", "decoding")
UGC, PAIR, DIRECTION = "User-Generated Content", "Pair-wise Comparative Feedback", "Preference Direction"
GROUP = 2_000


def main() -> None:
    """Prints a line per size, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        {"pandas": by_pandas, "penchant": by_penchant, "decoding": decoded}[options.way](options.data, options.out)
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "rss_mb": used.ru_maxrss // 1024}))
        return
    figures = {}
    for rows in options.rows:
        figures = measured(rows)
        if not options.json:
            print(", ".join(f"{name}: {value}" for name, value in figures.items()))
    print(json.dumps({"benchmark": "formatter", **figures}))


def measured(rows: int) -> dict[str, object]:
    """The figures of one size."""
    with tempfile.TemporaryDirectory() as name:
        data, none = Path(name) / "rows.parquet", Path(name) / "none.parquet"
        write_rows(data, rows)
        write_rows(none, 1)
        spent: dict[str, dict[str, float]] = {}
        for way in WAYS:
            # what importing costs is taken off: it does not grow with the rows
            base, used = run(way, none, Path(name) / "none"), run(way, data, Path(name) / way)
            spent[way] = {"cpu_s": used["cpu_s"] - base["cpu_s"], "rss_mb": used["rss_mb"]}
        decided, equal, same_profile = compared(Path(name) / "pandas", Path(name) / "penchant")
    ours, theirs = spent["penchant"], spent["pandas"]
    return {
        "rows": rows,
        "rows_per_cpu_s": {way: round(rows / used["cpu_s"]) for way, used in spent.items()},
        "rss_mb": {way: used["rss_mb"] for way, used in spent.items()},
        "rows_per_cpu_s_ratio": round(theirs["cpu_s"] / ours["cpu_s"], 2),
        "rss_ratio": round(theirs["rss_mb"] / ours["rss_mb"], 1),
        "decided": decided,
        "text_equal_pct": round(100 * equal / decided, 2),
        "profile_equal_pct": round(100 * same_profile / decided, 2),
    }


def run(way: str, data: Path, out: Path) -> dict[str, float]:
    """One way in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--data", str(data), "--out", str(out)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(printed.splitlines()[-1]))


def kept_items(number: int, comments: int, choices: int) -> tuple[list[int], list[int]]:
    """The items of a row that its prompt shows: 0 to 4 of each kind, all if both draws are 0 (AlignX, train files)."""
    rng = random.Random(number)
    few = min(rng.randint(0, 4), comments), min(rng.randint(0, 4), choices)
    few = few if any(few) else (comments, choices)
    return rng.sample(range(comments), few[0]), rng.sample(range(choices), few[1])


def by_pandas(data: Path, out: Path) -> None:
    """All rows at once."""
    import pandas as pd

    from penchant.space import load_space

    poles = [(dimension.negative, dimension.positive) for dimension in load_space().dimensions]
    listed = []
    listed.extend(pd.read_parquet(data).to_dict(orient="records"))
    results = []
    for number, row in enumerate(listed):
        kept = kept_items(number, len(row[UGC]), len(row[PAIR]))
        comments, choices = [row[UGC][i] for i in kept[0]], [row[PAIR][i] for i in kept[1]]
        means = np.mean([np.asarray(item[DIRECTION], dtype=np.float32) for item in comments + choices], axis=0)
        profile = ""
        for (negative, positive), mean in zip(poles, means.astype(float), strict=True):
            if mean >= 0.6:
                profile = f"{profile}- {positive}\n"
            elif mean <= 0.4:
                profile = f"{profile}- {negative}\n"
        lines = ""
        for item in comments:
            lines = f'{lines}When asked "{item["prompt"]}", they replied "{item["comment"]}"\n'
        for item in choices:
            lines = (
                f'{lines}When they asked "{item["prompt"]}", they liked the answer "{item["chosen"]}" and not '
                f'"{item["rejected"]}"\n'
            )
        task = row["prompt"]
        prompts = [f"{task}\n\n<notes>\n{part}</notes>\n\n{task}" for part in (lines, profile)]
        answers = {"chosen": row["chosen"], "rejected": row["rejected"]}
        results.append({"ica_prompt": prompts[0], "pba_prompt": prompts[1], **answers})
    with out.open("w") as file:
        json.dump(results, file, indent=4)


def by_penchant(data: Path, out: Path) -> None:
    """A row at a time."""
    from penchant.person import Person
    from penchant.persona import Comparison, Persona
    from penchant.posterior import aggregate
    from penchant.render import render
    from penchant.shards.alignx import read
    from penchant.space import load_space

    space = load_space()
    with out.open("w") as file:
        for number, record in enumerate(read(data, space)):
            items = record.persona.items
            first = next((i for i, item in enumerate(items) if isinstance(item.evidence, Comparison)), len(items))
            kept = kept_items(number, first, len(items) - first)
            shown = [items[i] for i in kept[0]] + [items[first + i] for i in kept[1]]
            directions = [item.evidence.direction for item in shown if item.evidence.direction is not None]
            person = Person(Persona(tuple(shown)), profile=aggregate(directions, "released"))
            prompts = [
                render(person, record.task, content=content, layout="paper").messages[-1].content
                for content in ("history", "directions")
            ]
            answers = {"chosen": record.chosen, "rejected": record.rejected}
            file.write(json.dumps({"ica_prompt": prompts[0], "pba_prompt": prompts[1], **answers}) + "\n")


def decoded(data: Path, _out: Path) -> None:
    """The floor of both: the file is decoded, and nothing else."""
    for _ in pq.ParquetFile(data, pre_buffer=False, buffer_size=1 << 20).iter_batches(batch_size=256):
        pass


def compared(theirs: Path, ours: Path) -> tuple[int, int, int]:
    """Rows in which the published rule decides (a mean is beyond 0.6 or 0.4): all, equal texts, equal preferences."""
    decided = equal = same = 0
    with ours.open() as lines:
        for their, line in zip(json.loads(theirs.read_text()), lines, strict=True):
            if "<notes>\n- " in their["pba_prompt"]:
                own = json.loads(line)
                decided += 1
                equal += own == their
                same += own["pba_prompt"] == their["pba_prompt"]
    return decided, equal, same


def write_rows(path: Path, rows: int) -> None:
    """Rows in AlignX's layout: four comments, four choices, directions with a tenth of their entries set."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(5000)]
    values = np.random.default_rng(0)

    def text(low: int, high: int) -> str:
        return " ".join(rng.choices(words, k=rng.randint(low, high)))

    def direction() -> list[float]:
        return values.choice([0.0, 0.5, 1.0], size=90, p=[0.03, 0.9, 0.07]).tolist()

    def row() -> dict[str, object]:
        replies = {"chosen": lambda: text(20, 80), "rejected": lambda: text(20, 80)}
        return {
            "prompt": text(30, 120),
            **{key: made() for key, made in replies.items()},
            DIRECTION: direction(),
            UGC: [{"prompt": text(30, 120), "comment": text(20, 80), DIRECTION: direction()} for _ in range(4)],
            PAIR: [
                {"prompt": text(30, 120), **{key: made() for key, made in replies.items()}, DIRECTION: direction()}
                for _ in range(4)
            ],
        }

    with pq.ParquetWriter(path, pa.Table.from_pylist([row()]).schema) as writer:
        for start in range(0, rows, GROUP):
            writer.write_table(pa.Table.from_pylist([row() for _ in range(min(GROUP, rows - start))]))


if __name__ == "__main__":
    main()
