"""The report: one HTML page without outside parts, readable by somebody who never saw the project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined

from penchant.eval.contrasts import probability
from penchant.eval.measured import Results
from penchant.eval.plots import accuracy_bars, training_curves
from penchant.eval.rows import Row, is_variant, share_of_gain

UNTRAINED = ("universal", "few_shot", "base", "overlap", "habit", "longer", "style")
"""Rows that were not trained on any persona."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What two opposite people get for one prompt."""

    prompt: str
    people: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...]
    """Per person: a name, the poles held, and (model name, text) pairs."""


@dataclass(frozen=True, slots=True)
class Section:
    """A question of its own: what was asked, and its answer as a table, a figure, or both."""

    title: str
    lead: str
    """What was done, for somebody who knows nothing of it."""
    command: str
    """How to get these numbers again; empty where there are none."""
    head: tuple[str, ...] = ()
    body: tuple[tuple[str, ...], ...] = ()
    figure: str = ""
    """SVG."""
    left_out: tuple[str, ...] = ()
    """What no figure counts, in words."""
    asked: str = ""
    """Of how many pairs, where the command asks more."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A pair that a method got as wrong as any, of a person for whom it does worst."""

    method: str
    user: str
    prompt: str
    chosen: str
    rejected: str
    shown: tuple[str, ...]
    """What was shown of the person, an item a line."""
    read: str
    """What the model read before it scored the answers."""
    margin: float
    """Nats by which the rejected answer was preferred."""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything on the page besides the rows."""

    title: str
    people: str
    """Who is measured, and whether they were met in training, in a sentence."""
    command: str
    simulated: bool
    settings: Mapping[str, str]
    curves: Mapping[str, Sequence[Mapping[str, float]]]
    samples: Sequence[Sample]
    seconds: Mapping[str, float]
    versions: Mapping[str, str]
    sections: Sequence[Section] = ()
    mistakes: Sequence[Mistake] = ()


def report(found: Results, story: Story, *, personas: Sequence[str]) -> str:
    """The page. Text of people and models is escaped; nothing is loaded from elsewhere."""
    rows = found.rows
    text = resources.files("penchant.eval").joinpath("report.html.jinja").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(text)
    known = [row for row in rows if row.phrasing in ("known", "-") and row.attribute == "all"]
    main = [row for row in known if not is_variant(row.method)]
    order = (
        *("ideal", "pba", "ica", "encoder", "vpl", "lore", "asked", "universal", "few_shot"),
        *("overlap", "style", "habit", "longer"),
    )
    methods = [method for method in order if any(row.method == method for row in main)]
    return page.render(
        story=story,
        rows=rows,
        known=main,
        unseen=[r for r in rows if r.phrasing == "unseen" and r.attribute == "all" and not is_variant(r.method)],
        headline=headline(main),
        contrasts=[one for one in found.contrasts if one.persona in personas],
        share=share_of_gain,
        grouped=any(row.worst_group for row in main),
        probability=probability,
        bars=accuracy_bars(main, personas, methods),
        curves=training_curves(story.curves) if story.curves else "",
    )


def headline(rows: Sequence[Row]) -> list[str]:
    """One sentence per trained method: accuracy, limit, and the distance to the best row without personas."""
    lines = []
    mixed = {row.method: row for row in rows if row.persona == "mixed" and row.attribute == "all"}
    rivals = [row for name, row in mixed.items() if name in UNTRAINED]
    for name in ("ica", "pba"):
        if name in mixed and rivals:
            best = max(rivals, key=lambda row: row.accuracy)
            gained = share_of_gain(mixed[name])
            lead = 100 * (mixed[name].accuracy - best.accuracy)
            part = "" if gained is None else f", {100 * gained:.0f} % of the gain that is possible"
            low, high = (100 * end for end in mixed[name].ci95)
            wording = " in known phrasings" if mixed[name].phrasing == "known" else ""
            lines.append(
                f"{name.upper()}: {100 * mixed[name].accuracy:.1f} % ({low:.1f} to {high:.1f}, of "
                f"{mixed[name].users} people) on mixed evidence{wording}{part}; "
                f"{abs(lead):.1f} points {'above' if lead >= 0 else 'below'} the best of the plain prompt and the "
                f"rules that count words ({best.method}, {100 * best.accuracy:.1f} %)."
            )
    if lines and "asked" in mixed and "few_shot" in mixed:
        asked, plain = (100 * mixed[name].accuracy for name in ("asked", "few_shot"))
        lines.append(
            f"The base can read: asked outright what the person said, it puts the right reply first in {asked:.1f} %; "
            f"given the plain post, in {plain:.1f} %. Alignment teaches it to do unasked what it can."
        )
    return lines
