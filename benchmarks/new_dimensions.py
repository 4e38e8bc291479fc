"""Measures how well an annotator reads dimensions that it was not fitted on. Simulated people. One thread.

    python benchmarks/new_dimensions.py --encoder models/forum-base --seeds 0,1,2

Ten new dimensions are drawn by the seed; the forum that the head is fitted on does not have them. Then the annotator
reads people of all 90 dimensions: first from the phrases of the poles alone, then with eight labelled items of each new
dimension, four per pole. AUROC is over the cells of the new dimensions, the mean over both poles (eval/beliefs.py).
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
from penchant.eval.beliefs import readings
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
    options = parser.parse_args()
    torch.set_num_threads(1)
    space, encoder = load_space(), open_encoder(options.encoder)
    rows = []
    for seed in map(int, options.seeds.split(",")):
        for row in measured(
            space, encoder, seed=seed, held_out=options.held_out, people=options.people, examples=options.examples
        ):
            rows.append(row)
            if not options.json:
                print(row, flush=True)
    medians = {
        name: statistics.median(row["auroc"] for row in rows if row["told"] == name) for name in ("phrases", "examples")
    }
    about = {"encoder": encoder.name, "machine": machine("cpu"), "versions": versions()}
    print(json.dumps({"benchmark": "new_dimensions", "auroc_median": medians, "rows": rows, **about}))


def measured(
    space: PreferenceSpace, encoder: Encoder, *, seed: int, held_out: int, people: int, examples: int
) -> list[dict[str, Any]]:
    """Rows for phrases alone and for phrases with examples, in known and in unseen wordings."""
    names = [dimension.id for dimension in space.dimensions]
    new = sorted(np.random.default_rng(seed).choice(len(space), held_out, replace=False).tolist())
    rest = space.subset([name for index, name in enumerate(names) if index not in new], name="rest")
    settings = ForumSettings(train_users=people, test_users=4, seed=seed)
    items = labelled(simulate(rest, settings).split("train"))
    annotator = fit_annotator(items, encoder, rest, seed=seed).for_space(space)
    forum = simulate(space, ForumSettings(train_users=400, test_users=200, seed=seed))
    with_examples = annotator.with_examples(
        labelled_examples(labelled(forum.split("train")), space, new, count=examples)
    )
    rows = []
    for wording in ("known", "unseen"):
        items = labelled(forum.split("test", wording))
        for name, reader in (("phrases", annotator), ("examples", with_examples)):
            figures = {key: round(value, 4) for key, value in readings(items, BeliefScorer(reader), new).items()}
            rows.append({"seed": seed, "told": name, "wording": wording} | figures)
    return rows


def labelled_examples(pool: list[Labelled], space: PreferenceSpace, new: list[int], *, count: int) -> list[Labelled]:
    """`count` items for each pole of each new dimension, labelled with that dimension alone."""
    examples = []
    for dimension in new:
        for sign in (1, -1):
            items = [label for label in pool if label.direction.signs[dimension] == sign][:count]
            direction = space.direction({space.dimensions[dimension].id: sign})
            examples += [Labelled(label.person, label.item, direction) for label in items]
    return examples


if __name__ == "__main__":
    main()
