"""How far bad evidence moves what an annotator believes of people, beside honest evidence. One thread.

    penchant simulate  --recipe forum90 --set forum.train_users=1000 --out F
    penchant annotator --data F/train --encoder sentence --out A
    python benchmarks/bad_evidence.py --annotator A

Templates are filled with the forum's known phrases for the poles of `--dimensions` dimensions drawn by `--seed`, and
of those that cases in other languages are about (for these alone).
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
    parser.add_argument("--annotator", type=Path, required=True, help="folder of `penchant annotator`")
    parser.add_argument("--cases", type=Path, default=Path("tests/infer/bad_evidence.yaml"))
    parser.add_argument("--dimensions", type=int, default=30)
    parser.add_argument("--groups", help="only these, comma-separated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all-heard", action="store_true", help="the control: every voice counts as the author's own")
    parser.add_argument("--json", action="store_true", help="only the last line")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    space = load_space()
    annotator = open_annotator(asked.annotator, space)
    if asked.all_heard:
        annotator = replace(annotator, voice=annotator.voice.accepting_all())
    cases = load_cases(asked.cases)
    if asked.groups:
        cases = [case for case in cases if case.group in asked.groups.split(",")]
    some = drawn(space, asked.dimensions, asked.seed)
    templates = [case for case in cases if case.pushes is None]
    fixed = [case for case in cases if case.pushes is not None]
    found = measure(templates, some, annotator, annotator.prior)
    found |= measure(fixed, of(space, fixed, asked.seed), annotator, annotator.prior)
    if not asked.json:
        print(table(found))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shown = {group: asdict(moved) for group, moved in found.items()}
    settings = {
        "all_heard": asked.all_heard,
        "dimensions": asked.dimensions,
        "seed": asked.seed,
        "annotator": annotator.name,
    }
    about = {"peak_mb": round(peak), "machine": machine("cpu"), "versions": versions()}
    print(json.dumps({"benchmark": "bad_evidence", **settings, "groups": shown, **about}))


def drawn(space: PreferenceSpace, count: int, seed: int) -> Phrases:
    """A phrase for either pole of some dimensions."""
    chosen = np.random.default_rng(seed).permutation(len(space))[:count]
    return _phrases(space, [space.dimensions[place].id for place in sorted(chosen)], seed)


def of(space: PreferenceSpace, cases: list[Case], seed: int) -> Phrases:
    """A phrase for either pole of the dimensions that some cases are about."""
    return _phrases(space, list(dict.fromkeys(case.pushes[0] for case in cases if case.pushes)), seed)


def _phrases(space: PreferenceSpace, names: list[str], seed: int) -> Phrases:
    entries, rng = lexicon(space), np.random.default_rng(seed)
    return {
        (name, sign): str(rng.choice(entries[space.index(name)].phrases(sign, unseen=False)))
        for name in names
        for sign in (1, -1)
    }


def table(found: dict[str, Moved]) -> str:
    """A line per group, rates in %."""
    lines = [f"{'group':24} cases items refused  stated %            credible %          leaning  turned %      others"]
    for group, one in found.items():
        rates = [(one.stated, one.stated_ci95), (one.credible, one.credible_ci95), (one.turned, one.turned_ci95)]
        stated, credible, turned = (
            f"{100 * value:5.1f} ({100 * ends[0]:.0f}–{100 * ends[1]:.0f})" if value is not None and ends else "–"
            for value, ends in rates
        )
        leaning = "–" if one.leaning is None else f"{one.leaning:.3f}"
        counts = f"{group:24} {one.cases:5} {one.items:5} {one.refused:7}"
        slowest = f"  slowest {one.slowest_s:.2f} s" if one.slowest_s else ""
        lines.append(f"{counts}  {stated:19} {credible:19} {leaning:8} {turned:14} {one.others:5.2f}{slowest}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
