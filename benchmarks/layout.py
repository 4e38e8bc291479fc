"""Measures what the layout costs: accuracy of `user_first` less that of `paper`, on the same people, pairs and draws.

    python benchmarks/layout.py --seeds 0,1,2            # simulated forum, mixed evidence
    python benchmarks/layout.py --folders OUT_A OUT_B    # two finished `penchant crossval models` folders

The first form trains and measures both methods under both layouts, seed by seed, from the recipe's base. The difference
is paired record by record; its interval is over the users of all seeds together.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from penchant.config import Recipe, load_recipe
from penchant.eval.bench import Bench
from penchant.eval.rows import label
from penchant.eval.score import Scored, Setting
from penchant.model.card import versions
from penchant.model.local import LocalModel
from penchant.runs.data import read, recipe_space
from penchant.runs.simulate import write_forum
from penchant.runs.train import train_pairs
from penchant.stats import accuracy, difference

LAYOUTS = ("user_first", "paper")
Measured = dict[str, tuple[list[str], list[float]]]
"""Method -> users and margins, record by record."""


def main() -> None:
    """Prints a line per method, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", default="demo")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--folders", type=Path, nargs=2, help="crossval folders of user_first and of paper")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    margins_of: dict[str, Measured] = {layout: {} for layout in LAYOUTS}
    if options.folders:
        for layout, folder in zip(LAYOUTS, options.folders, strict=True):
            _collect(margins_of[layout], _folds(folder), "")
    else:
        for seed in map(int, options.seeds.split(",")):
            recipe = load_recipe(options.recipe, [f"seed={seed}"])
            for layout in LAYOUTS:
                _collect(margins_of[layout], _forum(recipe.model_copy(update={"layout": layout})), f"{seed}:")
    first, second = (margins_of[layout] for layout in LAYOUTS)
    lines = [_compared(method, first[method], second[method]) for method in ("ica", "pba")]
    for line in lines if not options.json else []:
        print(line)
    print(json.dumps({"benchmark": "layout", "versions": versions(), "methods": lines}))


def _compared(
    method: str, first: tuple[list[str], list[float]], second: tuple[list[str], list[float]]
) -> dict[str, object]:
    """A line about one method: the accuracy under both layouts and their paired difference, in points."""
    users, margins = first[0], [np.array(first[1]), np.array(second[1])]
    mean, (low, high) = difference(margins[0], margins[1], users)
    points = {"points": round(100 * mean, 2), "ci95": [round(100 * low, 2), round(100 * high, 2)], "n": len(users)}
    values = (accuracy(side, users).value for side in margins)
    return {"method": method, **{name: round(100 * v, 2) for name, v in zip(LAYOUTS, values, strict=True)}, **points}


def _collect(into: Measured, scored: Iterator[tuple[str, list[str], list[float]]], prefix: str) -> None:
    for method, users, margins in scored:
        all_users, all_margins = into.setdefault(method, ([], []))
        all_users.extend(f"{prefix}{user}" for user in users)
        all_margins.extend(margins)


def _forum(recipe: Recipe) -> Iterator[tuple[str, list[str], list[float]]]:
    with TemporaryDirectory() as folder:
        out = Path(folder)
        write_forum(recipe, out / "data")
        for method in ("ica", "pba"):
            train_pairs(recipe, method, out / "data" / "train", out=out / method)
        space = recipe_space(recipe)
        records = [r for r in read(out / "data" / "test", space) if r.provenance.phrasing == "known"]
        bench = Bench(
            setting=Setting("simulated-forum", recipe.layout, recipe.seed),
            layout=recipe.layout,
            space=space,
            reference=LocalModel.load(recipe.base),
            policies={method: LocalModel.load(str(out / method)) for method in ("ica", "pba")},
        )
        yield from map(_lines, (one for one in bench.score(records, ["mixed"]) if one.persona == "mixed"))


def _lines(scored: Scored) -> tuple[str, list[str], list[float]]:
    return scored.label, [str(record.user_id) for record in scored.records], scored.margins.tolist()


def _folds(folder: Path) -> Iterator[tuple[str, list[str], list[float]]]:
    for file in sorted(folder.glob("fold-*/scores.json")):
        for one in json.loads(file.read_text(encoding="utf-8")):
            if one["persona"] == "all":
                yield label(one["method"], one["variant"]), one["users"], one["margins"]


if __name__ == "__main__":
    main()
