"""Measures on persona_chat how much of people's descriptions an annotator also reads in their lines.

    python benchmarks/real_people.py ANNOTATOR persona_chat.parquet

A description ("I am a vegetarian. I like meditation.") is read sentence by sentence, as are all lines of its person.
The poles stated in the description are looked for in the lines. *Found*: the lines state the pole. *Other person*:
the lines of the next person state it, which is the control. *Right side*: of the dimensions that both state, the
share with the same pole. The people are written by a language model. The intervals are over people (2,000 resamples,
seed 0).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from penchant.infer.annotate import STATED
from penchant.infer.base import Annotator
from penchant.infer.quotes import sentences
from penchant.model.card import versions
from penchant.persona import Comment, Evidence, Statement
from penchant.runs.annotators import open_annotator
from penchant.space import load_space


def main() -> None:
    """Prints one line per figure, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("annotator")
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="dev")
    options = parser.parse_args()
    space = load_space()
    described: dict[str, dict[Evidence, None]] = {}
    wrote: dict[str, dict[Evidence, None]] = {}
    for row in pq.read_table(options.data).to_pylist():
        if row["split"] == options.split and row["demographic"] and row["ugc"]:
            described[row["user_id"]] = {Statement(text): None for text in sentences(row["demographic"])}
            lines = [*(item["comment"] for item in row["ugc"]), row["chosen"]]
            wrote.setdefault(row["user_id"], {}).update({Comment("", text): None for text in lines})
    reader = open_annotator(options.annotator, space)
    people = list(described)
    facts = np.stack([_stated(reader, list(described[name])) for name in people])
    lines_ = np.stack([_stated(reader, list(wrote[name])) for name in people])
    other = np.roll(lines_, 1, axis=0)
    both = (facts != 0) & (lines_ != 0)
    figures = {
        "found": _shares((facts == lines_) & (facts != 0), facts != 0),
        "other person": _shares((facts == other) & (facts != 0), facts != 0),
        "right side": _shares((facts == lines_) & both, both),
        "stated in lines": _shares((facts == lines_) & both, lines_ != 0),
    }
    print(f"{len(people)} people, {(facts != 0).sum()} poles in descriptions, {(lines_ != 0).sum()} in lines")
    for name, (value, low, high) in figures.items():
        print(f"{name:<18} {value:6.3f}  {low:6.3f} to {high:6.3f}")
    print(json.dumps({"benchmark": "real people", "versions": versions(), "figures": figures}))


def _stated(reader: Annotator, items: list[Evidence]) -> NDArray[np.int64]:
    """The sign of each dimension that some items state, by the item that is surest, (dimensions,)."""
    poles = reader.annotate(items)[..., ::2].max(0)  # (dimensions, 2): negative, positive
    return np.where(poles.max(-1) >= STATED, np.where(poles[:, 1] >= poles[:, 0], 1, -1), 0)


def _shares(hits: NDArray[np.bool_], of: NDArray[np.bool_]) -> tuple[float, float, float]:
    """The share, and its 95 % interval over people."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(hits), (2000, len(hits)))
    counts, totals = hits.sum(1), of.sum(1)
    shares = counts[drawn].sum(1) / np.maximum(1, totals[drawn].sum(1))
    low, high = np.percentile(shares, [2.5, 97.5])
    return round(counts.sum() / max(1, totals.sum()), 4), round(float(low), 4), round(float(high), 4)


if __name__ == "__main__":
    main()
