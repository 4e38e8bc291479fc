"""Measures an annotator on sentences of ordinary English whose poles are known.

    python benchmarks/ordinary_english.py ANNOTATOR tests/infer/english/ours.txt

ANNOTATOR is a folder or a recipe. A pole is *found* if it is stated: its probability is at least `annotate.STATED`.
Choices between two answers count in a row of their own only. *Right side*: of the stated poles of dimensions that a
sentence speaks of, the share on the right side; *right of all stated* counts poles of other dimensions as wrong. The
95 % intervals are over sentences (2,000 resamples, seed 0).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penchant.fit.sentences import KINDS, Sentence, read
from penchant.infer.annotate import STATED
from penchant.infer.heldout import expected_calibration_error
from penchant.model.card import versions
from penchant.runs.annotators import open_annotator
from penchant.space import PreferenceSpace, load_space

SURE = 0.9
NOTHING = ("denied", "part", "past", "others", "trap")


def main() -> None:
    """Prints one line per figure, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("annotator")
    parser.add_argument("sentences", type=Path)
    parser.add_argument("--space", default="alignx90", help="name, or .toml file, of the space of the sentences")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    space = load_space(options.space)
    sentences = read(options.sentences)
    readings = open_annotator(options.annotator, space).annotate([sentence.item for sentence in sentences])
    values = measured(sentences, np.asarray(readings), space)
    for name, (value, low, high, count) in values.items() if not options.json else ():
        print(f"{name:<28} {value:7.3f}  {low:6.3f} to {high:6.3f}  {count:5d}")
    print(json.dumps({"benchmark": "ordinary english", "versions": versions(), "figures": values}))


def measured(
    sentences: Sequence[Sentence], readings: NDArray[np.float32], space: PreferenceSpace
) -> dict[str, tuple[float, float, float, int]]:
    """Figure -> value, its 95 % interval, and the number of sentences.

    Args:
        readings: (sentences, dimensions, 3), see `infer.base.Readings`.
    """
    sure = np.maximum(readings[..., 0], readings[..., 2])
    lean = np.where(readings[..., 2] >= readings[..., 0], 1, -1)
    stated = np.where(sure >= STATED, lean, 0)
    truth = np.stack([sentence.labelled(space).direction.signs for sentence in sentences])
    own = np.array([space.index(sentence.dimension) for sentence in sentences])
    rows = np.arange(len(sentences))
    says = np.array([sentence.sign != 0 for sentence in sentences])
    kinds = np.array([sentence.kind for sentence in sentences])
    found = stated[rows, own] == truth[rows, own]
    right, wrong = (stated != 0) & (stated == truth), (stated != 0) & (stated == -truth)
    other = (stated != 0) & (truth == 0)
    written = says & (kinds != "pair")

    def share(values: NDArray[np.bool_], of: NDArray[np.bool_]) -> Callable[[NDArray[np.intp]], float]:
        return lambda drawn: float(values[drawn][of[drawn]].mean()) if of[drawn].any() else float("nan")

    def side(drawn: NDArray[np.intp]) -> float:
        hits, misses = right[drawn].sum(), wrong[drawn].sum()
        return float(hits / (hits + misses)) if hits + misses else float("nan")

    def precision(drawn: NDArray[np.intp]) -> float:
        count = (stated[drawn] != 0).sum()
        return float(right[drawn].sum() / count) if count else float("nan")

    def calibration(drawn: NDArray[np.intp]) -> float:
        mask = stated[drawn] != 0
        return expected_calibration_error(sure[drawn][mask], right[drawn][mask]) if mask.any() else 0.0

    figures: dict[str, tuple[Callable[[NDArray[np.intp]], float], int]] = {
        "found": (share(found, written), int(written.sum())),
        "right side": (side, int(says.sum())),
        "right of all stated": (precision, len(sentences)),
        "leaning right": (share(lean[rows, own] == truth[rows, own], written), int(written.sum())),
        "wrong and sure": (share((wrong & (sure >= SURE)).any(1), says), int(says.sum())),
        "other poles a text": (lambda drawn: float(other[drawn].sum(1).mean()), len(sentences)),
        "nothing kept": (share(~other.any(1), ~says), int((~says).sum())),
        "calibration error": (calibration, len(sentences)),
    }
    for kind in KINDS:
        mask = kinds == kind
        if mask.any():
            values, name = (other.any(1), f"{kind}: read") if kind in NOTHING else (found, f"{kind}: found")
            figures[name] = (share(values, mask), int(mask.sum()))
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(sentences), len(sentences)) for _ in range(2000)]
    table: dict[str, tuple[float, float, float, int]] = {}
    for name, (figure, count) in figures.items():
        low, high = np.nanpercentile([figure(drawn) for drawn in draws], [2.5, 97.5])
        table[name] = (round(figure(rows), 4), round(float(low), 4), round(float(high), 4), count)
    return table


if __name__ == "__main__":
    main()
