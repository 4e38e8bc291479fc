"""The datasheet of a data set: one HTML page with plots, for whoever decides whether to use it."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from penchant.build.distributions import BINS, PARTS, Distributions
from penchant.space import PreferenceSpace

mpl.use("svg")
import matplotlib.pyplot as plt

_MOST = 40
"""Dimensions that are drawn: those that replies state most."""
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}"
    "td:nth-child(2),td:nth-child(3){text-align:right}svg{max-width:100%;height:auto}"
)


def datasheet(manifest: Mapping[str, Any], sums: Distributions, space: PreferenceSpace) -> str:
    """The page.

    Args:
        manifest: its content.
        sums: over the whole data set.
    """
    name = html.escape(manifest["name"])
    records = " and ".join(f"{count:,} records of {split}" for split, count in manifest["records"].items())
    parts = [f"<h1>{name}</h1><p>{records}; {int(sums.people):,} people whose replies were read.</p>"]
    if sums.positive_D.sum() + sums.negative_D.sum():
        drawn = _most_stated(sums)
        parts += [
            "<h2>Directions</h2><p>Replies in which the annotator states a pole: to the right the positive one, to the "
            "left the negative one. The annotator has its own errors.</p>",
            _bars(sums, space, drawn),
            "<h2>Directions that go together</h2><p>Correlation of people's mean signs.</p>",
            _matrix(sums, space, drawn),
        ]
    else:
        parts.append("<p>No directions were inferred.</p>")
    parts += ["<h2>Lengths</h2><p>Characters.</p>", _lengths(sums)]
    parts += ["<h2>Rules without a model</h2>", _rules(manifest["rules"])]
    if told := manifest.get("disclosed"):
        parts += ["<h2>What the texts give away</h2>", _disclosed(told)]
    parts += ["<h2>Steps</h2>", _steps(manifest["steps"])]
    return f'<!doctype html><meta charset="utf-8"><title>{name}</title><style>{_STYLE}</style>{"".join(parts)}\n'


def _most_stated(sums: Distributions) -> list[int]:
    stated = sums.positive_D + sums.negative_D
    return [int(row) for row in np.argsort(-stated, kind="stable")[:_MOST] if stated[row]]


def _bars(sums: Distributions, space: PreferenceSpace, drawn: list[int]) -> str:
    figure, axis = plt.subplots(figsize=(7, 0.2 * len(drawn) + 1))
    rows = range(len(drawn))
    axis.barh(rows, sums.positive_D[drawn], color="#1f5f8b")
    axis.barh(rows, -sums.negative_D[drawn], color="#b3402f")
    axis.set_yticks(list(rows), [space.dimensions[row].name for row in drawn], fontsize=7)
    axis.invert_yaxis()
    axis.axvline(0, color="#444444", linewidth=0.8)
    axis.set_xlabel("replies")
    axis.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def _matrix(sums: Distributions, space: PreferenceSpace, drawn: list[int]) -> str:
    figure, axis = plt.subplots(figsize=(7, 6.4))
    shown = sums.correlation()[np.ix_(drawn, drawn)]
    image = axis.imshow(shown, cmap="RdBu", vmin=-1, vmax=1)
    names = [space.dimensions[row].name for row in drawn]
    axis.set_xticks(range(len(drawn)), names, rotation=90, fontsize=5)
    axis.set_yticks(range(len(drawn)), names, fontsize=5)
    figure.colorbar(image, shrink=0.6)
    return _svg(figure)


def _lengths(sums: Distributions) -> str:
    figure, axes = plt.subplots(1, len(PARTS), figsize=(8, 2.4), sharey=True)
    labels = [f"{low:,}+" for low in BINS]
    for axis, part, counts in zip(axes, PARTS, sums.lengths_3L, strict=True):
        axis.bar(range(len(BINS)), counts, color="#9bb4c9")
        axis.set_xticks(range(len(BINS)), labels, rotation=90, fontsize=6)
        axis.set_title(part, fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def _rules(values: Mapping[str, Any] | None) -> str:
    if values is None:
        return "<p>There are no records.</p>"
    rows = "".join(
        f"<tr><td>{html.escape(rule)}</td><td>{100 * value[0]:.1f}</td>"
        f"<td>{100 * value[1]:.1f} to {100 * value[2]:.1f}</td></tr>"
        for rule, value in values.items()
        if rule not in ("split", "records")
    )
    return (
        f"<p>{values['records']:,} records of {values['split']}. <i>longer</i> knows nothing of the person.</p>"
        f"<table><tr><th>rule</th><th>right, %</th><th>95 % interval</th></tr>{rows}</table>"
    )


def _disclosed(attributes: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(told['attribute'])}</td><td>{100 * told['accuracy']:.0f}</td>"
        f"<td>{100 * told['most_common']:.0f}</td><td>{'yes' if told['disclosed'] else 'no'}</td></tr>"
        for told in attributes
    )
    return (
        "<p>Attributes of people that a plain classifier tells from the mean vector of their texts, on people outside "
        "its fit. A language model tells more.</p><table><tr><th>attribute</th><th>right, %</th>"
        f"<th>most common value, %</th><th>told</th></tr>{rows}</table>"
    )


def _steps(steps: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(step)} ({counts['unit']})</td><td>{counts['in']:,}</td><td>{counts['out']:,}</td><td>"
        + "; ".join(f"{html.escape(reason)}: {number:,}" for reason, number in counts["dropped"].items())
        + "</td></tr>"
        for step, counts in steps.items()
    )
    return f"<table><tr><th>step</th><th>in</th><th>out</th><th>left out</th></tr>{rows}</table>"


def _svg(figure: Figure) -> str:
    figure.tight_layout()
    buffer = io.StringIO()
    # the same page gives the same bytes, and letters stay letters
    with mpl.rc_context({"svg.hashsalt": "penchant", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]
