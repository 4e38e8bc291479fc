"""Times whole processes alone, two side by side, and beside a busy loop of plain Python. Simulated people.

    python benchmarks/load.py --works score,write --policies package,spinning --repetitions 3

A work is a process that imports the package and does one thing, from scratch:
- `train`: DPO steps of 16 people from models/forum-base.
- `score`: both answers of records under models/forum-base.
- `fit`: an annotator over the sentence encoder, 100 steps.
- `write`: answers of 64 tokens by models/forum-base.

A policy is what the environment says of OpenMP: `package` nothing, so that the package decides; `spinning` what torch
does by itself; `passive` sleep at once; `brief` spin 1,000 times, then sleep; `single` one thread.

All works, situations and policies take turns inside each repetition. Seconds are medians of wall time, of the slower
process where there are two. `others` is the processor time that other processes took meanwhile, in cores: runs with
much of it say little (Linux only).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penchant.record import Record
    from penchant.space import PreferenceSpace

BASE = str(Path(__file__).parent.parent / "models" / "forum-base")
POLICIES: Mapping[str, Mapping[str, str]] = {
    "package": {},
    "spinning": {"GOMP_SPINCOUNT": "300000"},
    "passive": {"OMP_WAIT_POLICY": "passive"},
    "brief": {"GOMP_SPINCOUNT": "1000"},
    "single": {"OMP_NUM_THREADS": "1"},
}
"""What each policy adds to the environment, from which all other variables of OpenMP are taken out."""
SITUATIONS = ("alone", "two", "loop")
_LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
"""A busy loop that ends with the process that started it."""
Run = dict[str, Any]


def main() -> None:
    """Prints a line per run, a table, then one JSON object; or does one work, in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--works", default=",".join(WORKS), help="comma-separated")
    parser.add_argument("--situations", default=",".join(SITUATIONS), help="comma-separated: alone, two, loop")
    parser.add_argument("--policies", default="package", help=f"comma-separated: {', '.join(POLICIES)}")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="size of every work, 1 for some ten seconds alone")
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--do", choices=WORKS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.do:
        print(work(options.do, options.scale))
        return
    runs: list[Run] = []
    for _ in range(options.repetitions):
        for name in options.works.split(","):
            for situation in options.situations.split(","):
                for policy in options.policies.split(","):
                    runs.append(timed(name, situation, policy, options.scale))
                    if not options.json:
                        print(runs[-1], flush=True)
    rows = summary(runs)
    if not options.json:
        print(table(rows))
    # loads torch, so only now
    from cells import machine
    from penchant.model.card import versions

    about = {"machine": machine("cpu"), "cores": os.cpu_count(), "versions": versions()}
    print(json.dumps({"benchmark": "load", "repetitions": options.repetitions, "rows": rows, **about}))


def timed(name: str, situation: str, policy: str, scale: float) -> Run:
    """One work in one situation: wall seconds of the slowest process, and what other processes took."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_", "KMP_"))}
    command = [sys.executable, __file__, "--do", name, "--scale", str(scale)]
    loop = subprocess.Popen([sys.executable, "-c", _LOOP]) if situation == "loop" else None
    busy, own, started = _busy_s(), _children_s(), time.perf_counter()
    processes = [
        subprocess.Popen(command, env={**environment, **POLICIES[policy]}, stdout=subprocess.PIPE, text=True)
        for _ in range(2 if situation == "two" else 1)
    ]
    results = [process.communicate()[0].strip() for process in processes]
    wall_s = time.perf_counter() - started
    cpu_s = _children_s() - own
    if loop is not None:
        loop.kill()
        loop.wait()
    if any(process.returncode for process in processes):
        raise SystemExit(f"{name} failed; run: {' '.join(command)}")
    others = (_busy_s() - busy - (_children_s() - own)) / wall_s
    return {
        "work": name,
        "situation": situation,
        "policy": policy,
        "wall_s": round(wall_s, 2),
        "cpu_s": round(cpu_s, 2),
        "others": round(max(0.0, others), 2),
        "result": results[0],
    }


def _busy_s() -> float:
    """Seconds that all processors have worked; 0 where the system does not tell."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _wait, *interrupts = map(int, stat.read_text(encoding="utf-8").split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _children_s() -> float:
    """Processor seconds of the child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def summary(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row per work, situation and policy; `times_alone` is over the same policy alone."""
    rows = []
    groups: dict[tuple[str, str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run["work"], run["situation"], run["policy"]), []).append(run)
    for (name, situation, policy), alike in groups.items():
        median = statistics.median(run["wall_s"] for run in alike)
        alone = groups.get((name, "alone", policy))
        rows.append(
            {
                "work": name,
                "situation": situation,
                "policy": policy,
                "median_s": round(median, 1),
                "least_s": round(min(run["wall_s"] for run in alike), 1),
                "cpu_s": round(statistics.median(run["cpu_s"] for run in alike), 1),
                "times_alone": round(median / statistics.median(run["wall_s"] for run in alone), 2) if alone else None,
                "others": round(statistics.median(run["others"] for run in alike), 2),
                "results": sorted({run["result"] for run in alike}),
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as Markdown."""
    columns = ("work", "situation", "policy", "median_s", "least_s", "times_alone", "cpu_s", "others")
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(str(row[column]) for column in columns) + " |" for row in rows)])


def work(name: str, scale: float) -> float:
    """Does one work and returns a number that tells whether two runs computed the same."""
    # first, as in a command: the package has its say before torch is loaded
    from penchant.config import load_recipe
    from penchant.forum.population import ForumSettings
    from penchant.forum.simulate import simulate
    from penchant.space import load_space

    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    space = load_space("alignx90").subset(list(load_recipe("demo").dimensions), name="demo")
    records = simulate(space, ForumSettings(train_users=400, test_users=0)).records
    return WORKS[name](records, space, scale)


def train(records: Sequence[Record], space: PreferenceSpace, scale: float) -> float:
    """The loss after some steps."""
    from penchant.config import load_recipe
    from penchant.method import METHODS
    from penchant.model.load import load_tokenizer
    from penchant.train.run import align
    from penchant.train.trees import TrainingSet, people

    training_set = TrainingSet(
        people=people(records),
        space=space,
        method=METHODS["ica"],
        tokenizer=load_tokenizer(BASE),
        layout="user_first",
        seed=0,
        pairs_per_person=8,
        max_prompt_tokens=None,
    )
    settings = load_recipe("demo").ica.model_copy(update={"max_steps": max(1, round(24 * scale)), "warmup_steps": 2})
    with TemporaryDirectory() as folder:
        trained = align(training_set, settings, base=BASE, folder=Path(folder))
    return float(trained.curve[-1]["loss"])


def score(records: Sequence[Record], space: PreferenceSpace, scale: float) -> float:
    """The sum of some records' margins, nats."""
    from penchant.method import METHODS
    from penchant.model.local import LocalModel
    from penchant.person import meet
    from penchant.scorer.implicit import pair_likelihoods

    chosen = records[: max(1, round(3200 * scale))]
    personas = [record.persona for record in chosen]
    likelihoods = pair_likelihoods(
        LocalModel.load(BASE), METHODS["ica"], chosen, personas, lambda _, persona: meet(persona, space)
    )
    return float(likelihoods.raw().sum())


def fit(records: Sequence[Record], space: PreferenceSpace, scale: float) -> float:
    """The sum of a fitted annotator's weights."""
    from penchant.encoder import SENTENCE, open_encoder
    from penchant.fit.annotator import fit_annotator
    from penchant.infer.labelled import labelled

    items = labelled(records[: max(80, round(640 * scale))])
    annotator = fit_annotator(items, open_encoder(SENTENCE), space, steps=100)
    return float(sum(weights.sum() for weights in annotator.head.parameters()))


def write(records: Sequence[Record], space: PreferenceSpace, scale: float) -> float:
    """The number of characters of some answers."""
    from penchant.method import METHODS
    from penchant.model.base import Sampling
    from penchant.model.local import LocalModel
    from penchant.person import meet

    chosen = records[: max(1, round(400 * scale))]
    prompts = [METHODS["ica"].messages(meet(record.persona, space), record.prompt).messages for record in chosen]
    answers = LocalModel.load(BASE).write(prompts, Sampling(max_tokens=64))
    return float(sum(len(answer.text) for answer in answers))


WORKS: Mapping[str, Callable[[Sequence[Record], PreferenceSpace, float], float]] = {
    "train": train,
    "score": score,
    "fit": fit,
    "write": write,
}

if __name__ == "__main__":
    main()
