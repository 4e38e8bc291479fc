"""Plots of rows and training curves, as SVG text that stands inside a page."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from penchant.eval.rows import Row

mpl.use("svg")
import matplotlib.pyplot as plt

_INK = {"limit": "#b8b8b8", "untrained": "#9bb4c9", "trained": "#1f5f8b", "control": "#d9c7a3"}
_LIMITS = ("ideal", "coverage")
_CONTROLS = ("longer", "habit", "overlap", "style", "chance")


def accuracy_bars(rows: Sequence[Row], personas: Sequence[str], methods: Sequence[str]) -> str:
    """One panel per persona setting: accuracy with its interval, and the ideal observer as a line."""
    figure, axes = plt.subplots(1, len(personas), figsize=(3.1 * len(personas), 0.42 * len(methods) + 1.2), sharey=True)
    for axis, persona in zip(axes if len(personas) > 1 else [axes], personas, strict=True):
        here = {row.method: row for row in rows if row.persona == persona}
        shown = [here.get(method) for method in methods]
        places = range(len(methods))
        values = [100 * row.accuracy if row else 0 for row in shown]
        # a rounding error below zero, as where all people are alike, is refused by matplotlib
        errors = [
            [100 * max(0.0, r.accuracy - r.ci95[0]) if r else 0 for r in shown],
            [100 * max(0.0, r.ci95[1] - r.accuracy) if r else 0 for r in shown],
        ]
        axis.barh(places, values, xerr=errors, color=[_colour(m) for m in methods], ecolor="#444444", height=0.7)
        ceiling = next((row.ceiling for row in shown if row and row.ceiling), None)
        if ceiling is not None:
            axis.axvline(100 * ceiling, color="#b3402f", linestyle="--", linewidth=1.2)
        axis.axvline(50, color="#888888", linewidth=0.8)
        axis.set(title=persona, xlim=(40, 100), yticks=list(places), yticklabels=methods, xlabel="accuracy %")
        axis.invert_yaxis()
        axis.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def item_curves(rows: Sequence[Row]) -> str:
    """Accuracy by the number of items shown (`first n`), one line per method with its interval; the limit dashed."""
    figure, axis = plt.subplots(figsize=(6.4, 3.4))
    limits: dict[int, float] = {}
    for method in dict.fromkeys(row.method for row in rows):
        points = sorted((int(row.persona.removeprefix("first ")), row) for row in rows if row.method == method)
        counts, values = [count for count, _ in points], [100 * row.accuracy for _, row in points]
        axis.plot(counts, values, marker="o", markersize=3, label=method)
        low, high = ([100 * row.ci95[end] for _, row in points] for end in (0, 1))
        axis.fill_between(counts, low, high, alpha=0.12)
        limits |= {count: 100 * row.ceiling for count, row in points if row.ceiling is not None}
    if limits:
        axis.plot(*zip(*sorted(limits.items()), strict=True), color="#b3402f", linestyle="--", label="limit")
    axis.axhline(50, color="#888888", linewidth=0.8)
    axis.set(xlabel="items of evidence shown", ylabel="accuracy %", ylim=(45, 100))
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8)
    return _svg(figure)


def training_curves(curves: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Loss and training accuracy of each method by step."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 2.8))
    for name, points in curves.items():
        for axis, key in zip(axes, ("loss", "accuracy"), strict=True):
            axis.plot([p["step"] for p in points], [p[key] for p in points], label=name)
    for axis, title in zip(axes, ("DPO loss", "training accuracy"), strict=True):
        axis.set(title=title, xlabel="step")
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False)
    return _svg(figure)


def _colour(method: str) -> str:
    if method in _LIMITS:
        return _INK["limit"]
    if method in _CONTROLS:
        return _INK["control"]
    return _INK["untrained"] if method in ("base", "few_shot", "asked") else _INK["trained"]


def _svg(figure: Figure) -> str:
    figure.tight_layout()
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]
