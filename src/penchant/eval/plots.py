"""Draws rows and training curves as SVG for the HTML report."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from penchant.eval.rows import Role, Row

mpl.use("svg")
import matplotlib.pyplot as plt

_INK: dict[Role, str] = {
    "limit": "#b8b8b8",
    "control": "#d9c7a3",
    "untrained": "#9bb4c9",
    "baseline": "#9bb4c9",
    "personal": "#1f5f8b",
    "reading": "#1f5f8b",
}
"""Colour of a bar by the role of its row."""


def accuracy_bars(rows: Sequence[Row], personas: Sequence[str], methods: Sequence[str]) -> str:
    """One panel per persona setting: accuracy with its interval, and the ideal observer as a line."""
    figure, axes = plt.subplots(1, len(personas), figsize=(3.1 * len(personas), 0.42 * len(methods) + 1.2), sharey=True)
    for axis, persona in zip(axes if len(personas) > 1 else [axes], personas, strict=True):
        by_label = {row.label: row for row in rows if row.persona == persona}
        bars = [by_label.get(method) for method in methods]
        heights = range(len(methods))
        values = [100 * row.accuracy if row else 0 for row in bars]
        # where all people are alike, rounding may put an error below zero, which matplotlib refuses
        errors = [
            [100 * max(0.0, row.accuracy - row.ci95[0]) if row else 0 for row in bars],
            [100 * max(0.0, row.ci95[1] - row.accuracy) if row else 0 for row in bars],
        ]
        colours = [_INK[row.role] if row else _INK["untrained"] for row in bars]
        axis.barh(heights, values, xerr=errors, color=colours, ecolor="#444444", height=0.7)
        ceiling = next((row.ceiling for row in bars if row and row.ceiling), None)
        if ceiling is not None:
            axis.axvline(100 * ceiling, color="#b3402f", linestyle="--", linewidth=1.2)
        axis.axvline(50, color="#888888", linewidth=0.8)
        axis.set(title=persona, xlim=(40, 100), yticks=list(heights), yticklabels=methods, xlabel="accuracy %")
        axis.invert_yaxis()
        axis.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def item_curves(rows: Sequence[Row]) -> str:
    """Accuracy by the number of items shown (`first n`), one line per method with its interval; the limit dashed."""
    figure, axis = plt.subplots(figsize=(6.4, 3.4))
    limits: dict[int, float] = {}
    for method in dict.fromkeys(row.label for row in rows):
        points = sorted(
            ((int(row.persona.removeprefix("first ")), row) for row in rows if row.label == method),
            key=lambda point: point[0],
        )
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


def _svg(figure: Figure) -> str:
    figure.tight_layout()
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]
