"""What the layout costs: accuracy of `user_first` less that of `paper`, on the same people, pairs and draws.

    python benchmarks/layout.py --seeds 0,1,2            # simulated forum, mixed evidence
    python benchmarks/layout.py --folders OUT_A OUT_B    # two finished `penchant crossval` folders

In the first form both methods are trained and measured under both layouts, seed by seed, from the recipe's base. The
difference is paired record by record; its interval is over users, and over all seeds together.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from penchant.cli import simulate, train
from penchant.config import Recipe, load_recipe
from penchant.eval.bench import Bench, Scored
from penchant.eval.score import Setting
from penchant.model.card import versions
from penchant.model.local import LocalModel
from penchant.runs.data import read, recipe_space
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
    asked = parser.parse_args()
    found: dict[str, Measured] = {layout: {} for layout in LAYOUTS}
    if asked.folders:
        for layout, folder in zip(LAYOUTS, asked.folders, strict=True):
            _collect(found[layout], _folds(folder), "")
    else:
        for seed in map(int, asked.seeds.split(",")):
            recipe = load_recipe(asked.recipe, [f"seed={seed}"])
            for layout in LAYOUTS:
                _collect(found[layout], _forum(recipe.model_copy(update={"layout": layout})), f"{seed}:")
    lines = [_compared(method, *(found[layout][method] for layout in LAYOUTS)) for method in ("ica", "pba")]
    for line in lines if not asked.json else []:
        print(line)
    print(json.dumps({"benchmark": "layout", "versions": versions(), "methods": lines}))


def _compared(method: str, one: tuple[list[str], list[float]], two: tuple[list[str], list[float]]) -> dict[str, object]:
    users, margins = one[0], [np.array(values) for values in (one[1], two[1])]
    mean, (low, high) = difference(*margins, users)
    points = {"points": round(100 * mean, 2), "ci95": [round(100 * low, 2), round(100 * high, 2)], "n": len(users)}
    values = (accuracy(side, users).value for side in margins)
    return {"method": method, **{name: round(100 * v, 2) for name, v in zip(LAYOUTS, values, strict=True)}, **points}


def _collect(into: Measured, scored: Iterator[tuple[str, list[str], list[float]]], name: str) -> None:
    for method, users, margins in scored:
        known = into.setdefault(method, ([], []))
        known[0].extend(f"{name}{user}" for user in users)
        known[1].extend(margins)


def _forum(recipe: Recipe) -> Iterator[tuple[str, list[str], list[float]]]:
    with TemporaryDirectory() as folder:
        out = Path(folder)
        simulate.run(recipe, out / "data")
        for method in ("ica", "pba"):
            train.run(recipe, method, out / "data" / "train", out / method)
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
    return scored.method, [str(record.user_id) for record in scored.records], scored.margins.tolist()


def _folds(folder: Path) -> Iterator[tuple[str, list[str], list[float]]]:
    for file in sorted(folder.glob("fold-*/scores.json")):
        for one in json.loads(file.read_text(encoding="utf-8")):
            if one["persona"] == "all":
                yield one["method"], one["users"], one["margins"]


if __name__ == "__main__":
    main()
