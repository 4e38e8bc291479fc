"""How well an annotator reads dimensions that were left out of all it was fitted on. Simulated people. One thread.

    python benchmarks/new_dimensions.py --encoder models/forum-base --seeds 0,1,2

Ten dimensions are drawn by the seed; the forum that the head is fitted on does not have them. Then it reads people of
all 90 dimensions, first from the pole phrases alone, then with eight labelled items of each new dimension, four a pole.
AUROC is over the cells of the new dimensions, the mean over both poles (eval/inference.py).
"""

from __future__ import annotations

import argparse
import json
import statistics
from typing import Any

import numpy as np
import torch

from cells import machine
from penchant.encoder import open_encoder
from penchant.encoder.base import Encoder
from penchant.eval.inference import readings
from penchant.fit.annotator import fit_annotator
from penchant.forum.population import ForumSettings
from penchant.forum.simulate import simulate
from penchant.infer.labelled import Labelled, labelled
from penchant.model.card import versions
from penchant.scorer.belief import BeliefScorer
from penchant.space import PreferenceSpace, load_space


def main() -> None:
    """Prints a line per seed and wording, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--encoder", default="models/forum-base")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--held-out", type=int, default=10, help="dimensions left out of the fit")
    parser.add_argument("--people", type=int, default=1000, help="people the head is fitted on")
    parser.add_argument("--examples", type=int, default=4, help="labelled items of each pole of a new dimension")
    parser.add_argument("--json", action="store_true", help="only the last line")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    space, encoder = load_space(), open_encoder(asked.encoder)
    rows = []
    for seed in map(int, asked.seeds.split(",")):
        for row in measured(space, encoder, seed, asked.held_out, asked.people, asked.examples):
            rows.append(row)
            if not asked.json:
                print(row, flush=True)
    told = {
        name: statistics.median(row["auroc"] for row in rows if row["told"] == name) for name in ("phrases", "examples")
    }
    about = {"encoder": encoder.name, "machine": machine("cpu"), "versions": versions()}
    print(json.dumps({"benchmark": "new_dimensions", "auroc_median": told, "rows": rows, **about}))


def measured(
    space: PreferenceSpace, encoder: Encoder, seed: int, held_out: int, people: int, examples: int
) -> list[dict[str, Any]]:
    """A row for phrases alone and one for examples too, in known and in unseen wordings."""
    names = [dimension.id for dimension in space.dimensions]
    new = sorted(np.random.default_rng(seed).choice(len(space), held_out, replace=False).tolist())
    rest = space.subset([name for place, name in enumerate(names) if place not in new], name="rest")
    settings = ForumSettings(train_users=people, test_users=4, seed=seed)
    items = labelled(simulate(rest, settings).split("train"))
    annotator = fit_annotator(items, encoder, rest, seed=seed).for_space(space)
    forum = simulate(space, ForumSettings(train_users=400, test_users=200, seed=seed))
    told = annotator.with_examples(shown(labelled(forum.split("train")), space, new, examples))
    return [
        {"seed": seed, "told": name, "wording": wording} | {key: round(value, 4) for key, value in found.items()}
        for wording in ("known", "unseen")
        for name, reader in (("phrases", annotator), ("examples", told))
        for found in [readings(labelled(forum.split("test", wording)), BeliefScorer(reader), new)]
    ]


def shown(pool: list[Labelled], space: PreferenceSpace, new: list[int], examples: int) -> list[Labelled]:
    """So many items of either pole of each new dimension, labelled with that dimension alone."""
    found = []
    for place in new:
        for sign in (1, -1):
            about = [one for one in pool if one.direction.signs[place] == sign][:examples]
            label = space.direction({space.dimensions[place].id: sign})
            found += [Labelled(one.person, one.item, label) for one in about]
    return found


if __name__ == "__main__":
    main()
