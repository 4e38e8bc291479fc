"""Prints measurements: tables for people, one JSON object for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.cli.output import CONSOLE, as_json, result

if TYPE_CHECKING:
    from penchant.runs.measurement import Measurement


def show(measurement: Measurement, *, json: bool) -> None:
    """Prints the main rows and contrasts as tables, or everything as one JSON object on the last line."""
    if json:
        result(as_json(measurement.as_json()))
        return
    result(measurement.text())
    results = measurement.results
    if len(results.main) < len(results.rows):
        more = len(results.rows) - len(results.main)
        CONSOLE.note(f"{more} more rows, of subsets and variants of the metric, are in the output of `json`")


def names(text: str | None) -> list[str]:
    """The names in a comma-separated option; none where it is not given."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]
