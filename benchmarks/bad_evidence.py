"""Measures how far bad evidence moves an annotator's beliefs about people, compared with honest evidence. One thread.

    penchant simulate --recipe forum90 --set forum.train_users=1000 --out F
    penchant fit annotator --data F/train --encoder sentence --out A
    python benchmarks/bad_evidence.py --annotator A

Templates are filled with the forum's known phrases for the poles of `--dimensions` dimensions, drawn by `--seed`. Cases
in other languages name their own dimensions.
"""

from __future__ import annotations

import argparse
import json
import resource
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from cells import machine
from penchant.eval.bad_evidence import Case, Moved, Phrases, load_cases, measure
from penchant.forum.lexicon import lexicon
from penchant.model.card import versions
from penchant.runs.annotators import open_annotator
from penchant.space import PreferenceSpace, load_space


def main() -> None:
    """Prints a table, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--annotator", type=Path, required=True, help="folder of `penchant fit annotator`")
    parser.add_argument("--cases", type=Path, default=Path("tests/infer/bad_evidence.yaml"))
    parser.add_argument("--dimensions", type=int, default=30)
    parser.add_argument("--groups", help="only these groups of cases, comma-separated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all-heard", action="store_true", help="the control: every voice counts as the author's own")
    parser.add_argument("--json", action="store_true", help="only the last line")
    options = parser.parse_args()
    torch.set_num_threads(1)
    space = load_space()
    annotator = open_annotator(options.annotator, space)
    if options.all_heard:
        annotator = replace(annotator, voice=annotator.voice.accepting_all())
    cases = load_cases(options.cases)
    if options.groups:
        cases = [case for case in cases if case.group in options.groups.split(",")]
    phrases = drawn(space, options.dimensions, options.seed)
    templates = [case for case in cases if case.pushes is None]
    fixed = [case for case in cases if case.pushes is not None]
    groups = measure(templates, phrases, annotator)
    groups |= measure(fixed, of_cases(space, fixed, options.seed), annotator)
    if not options.json:
        print(table(groups))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    settings = {
        "all_heard": options.all_heard,
        "dimensions": options.dimensions,
        "seed": options.seed,
        "annotator": annotator.name,
    }
    about = {"peak_mb": round(peak), "machine": machine("cpu"), "versions": versions()}
    print(
        json.dumps(
            {
                "benchmark": "bad_evidence",
                **settings,
                "groups": {group: asdict(moved) for group, moved in groups.items()},
                **about,
            }
        )
    )


def drawn(space: PreferenceSpace, count: int, seed: int) -> Phrases:
    """A phrase for either pole of `count` random dimensions."""
    chosen = np.random.default_rng(seed).permutation(len(space))[:count]
    return _phrases(space, [space.dimensions[index].id for index in sorted(chosen)], seed)


def of_cases(space: PreferenceSpace, cases: list[Case], seed: int) -> Phrases:
    """A phrase for either pole of the dimensions that the cases are about."""
    return _phrases(space, list(dict.fromkeys(case.pushes[0] for case in cases if case.pushes)), seed)


def _phrases(space: PreferenceSpace, names: list[str], seed: int) -> Phrases:
    entries, rng = lexicon(space), np.random.default_rng(seed)
    return {
        (name, sign): str(rng.choice(entries[space.index(name)].phrases(sign, unseen=False)))
        for name in names
        for sign in (1, -1)
    }


def table(groups: dict[str, Moved]) -> str:
    """A line per group, rates in %."""
    lines = [f"{'group':24} cases items refused  stated %            credible %          leaning  turned %      others"]
    for group, moved in groups.items():
        rates = [
            (moved.stated, moved.stated_ci95),
            (moved.credible, moved.credible_ci95),
            (moved.turned, moved.turned_ci95),
        ]
        stated, credible, turned = (
            f"{100 * value:5.1f} ({100 * ends[0]:.0f}–{100 * ends[1]:.0f})" if value is not None and ends else "–"
            for value, ends in rates
        )
        leaning = "–" if moved.leaning is None else f"{moved.leaning:.3f}"
        counts = f"{group:24} {moved.cases:5} {moved.items:5} {moved.refused:7}"
        slowest = f"  slowest {moved.slowest_s:.2f} s" if moved.slowest_s else ""
        lines.append(f"{counts}  {stated:19} {credible:19} {leaning:8} {turned:14} {moved.others:5.2f}{slowest}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
