"""The report: one HTML page without outside parts, readable by somebody who never saw the project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined

from penchant.eval.contrasts import Contrast, probability
from penchant.eval.measured import Results
from penchant.eval.plots import accuracy_bars, training_curves
from penchant.eval.rows import PERSONAL, Row, is_variant, share_of_gain

_SURE = 0.05
"""Corrected p from which a lead is said to be what chance may be."""
UNTRAINED = ("universal", "few_shot", "base", "overlap", "habit", "longer", "style")
"""Rows that were not trained on any persona."""
MEANINGS: Mapping[str, str] = {
    "ica": "the model was aligned with the evidence itself in the prompt",
    "pba": "aligned with directions inferred from the evidence",
    "pba_summary": "the same with a few sentences that a language model wrote of the person",
    "pba_both": "the same with directions and such sentences",
    "pba_golden": "pba that is shown the true directions",
    "pba_drawn": "pba, averaged over directions drawn from the belief",
    "few_shot": "the evidence in the prompt of the model before alignment",
    "asked": "that model asked outright what the person said",
    "base": "that model without any evidence",
    "universal": "the model aligned to everybody at once, which is never told of the person",
    "encoder": "no language model, but a score learned on the training people over a sentence encoder's vectors",
    "vpl": "a score over such vectors as published by Poddar et al. 2024, from the person's choices alone",
    "lore": "a score of low-rank rewards over such vectors, from the person's choices alone",
    "overlap": "the reply that shares words with what the person wrote and chose",
    "style": "the reply written like the chosen ones",
    "habit": "the longer or the shorter reply, as those they chose were",
    "longer": "the longer reply",
    "chance": "a coin",
    "ideal": "what an observer decides who knows the rule of the simulation; the limit is what that should get right",
    "coverage": "knowing for certain what the evidence mentions, and nothing else; more than evidence tells, and so "
    "above the limit of the others",
}
"""Rows by what they are, in the order in which the page explains them."""


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
    unseen = [r for r in rows if r.phrasing == "unseen" and r.attribute == "all" and not is_variant(r.method)]
    order = (
        *("ideal", "pba", "pba_summary", "pba_both", "ica", "encoder", "vpl", "lore", "asked", "universal"),
        *("few_shot", "overlap", "style", "habit", "longer"),
    )
    methods = [method for method in order if any(row.method == method for row in main)]
    return page.render(
        story=story,
        rows=rows,
        known=main,
        unseen=unseen,
        headline=headline(found),
        meanings={name: text for name, text in MEANINGS.items() if any(row.method == name for row in main)},
        subsets={row.attribute for row in rows},
        contrasts=[one for one in found.contrasts if one.persona in personas],
        corrected=len(found.contrasts),
        share=share_of_gain,
        limited=any(row.ceiling is not None for row in main),
        grouped=any(row.worst_group for row in main),
        probability=probability,
        bars=accuracy_bars(main, personas, methods),
        curves=training_curves(story.curves) if story.curves else "",
    )


def headline(found: Results) -> list[str]:
    """One sentence per method aligned to people: accuracy, limit, and the distance to the best row without personas.

    Of known phrasings, and beside them of those that nobody was trained on, where phrasings are told apart.
    """
    lines = []
    told = [row for row in found.rows if row.persona == "mixed" and row.attribute == "all"]
    mixed = {row.method: row for row in told if row.phrasing != "unseen"}
    others = {row.method: row for row in told if row.phrasing == "unseen"}
    for name in PERSONAL:
        if name not in mixed or (best := _best(mixed)) is None:
            continue
        gained, wording = share_of_gain(mixed[name]), " in known phrasings" if mixed[name].phrasing == "known" else ""
        part = "" if gained is None else f", {100 * gained:.0f} % of the gain that is possible"
        line = (
            f"{name}: {_figure(mixed[name])} on mixed evidence{wording}{part}; {_lead(mixed[name], best)} the best row "
            f"that was trained on nobody's persona ({_named(best)}){_chance(found.contrasts, mixed[name], best)}."
        )
        if name in others and (rival := _best(others)) is not None:
            far = f"{_lead(others[name], rival)} {_named(rival)}"
            maybe = _chance(found.contrasts, others[name], rival)
            line += f" In phrasings kept from training people: {_figure(others[name])}, {far}{maybe}."
        lines.append(line)
    if lines and "asked" in mixed and "few_shot" in mixed:
        asked, plain = (100 * mixed[name].accuracy for name in ("asked", "few_shot"))
        lines.append(
            f"The base can read: asked outright what the person said, it puts the right reply first in {asked:.1f} %; "
            f"given the plain post, in {plain:.1f} %. Alignment teaches it to do unasked what it can."
        )
    return lines


def _chance(contrasts: Sequence[Contrast], row: Row, rival: Row) -> str:
    """What is to be added of a lead that the table of contrasts does not tell from chance."""
    asked = (row.method, row.persona, rival.method, rival.persona, row.phrasing)
    for one in contrasts:
        if (one.method, one.persona, one.rival, one.rival_persona, one.phrasing) == asked and one.p_holm >= _SURE:
            return f", which may be chance (p {probability(one.p_holm)} after correction)"
    return ""


def _best(rows: Mapping[str, Row]) -> Row | None:
    rivals = [row for name, row in rows.items() if name in UNTRAINED]
    return max(rivals, key=lambda row: row.accuracy) if rivals else None


def _figure(row: Row) -> str:
    low, high = (100 * end for end in row.ci95)
    return f"{100 * row.accuracy:.1f} % ({low:.1f} to {high:.1f}, of {row.users} people)"


def _lead(row: Row, rival: Row) -> str:
    points = 100 * (row.accuracy - rival.accuracy)
    return f"{abs(points):.1f} points {'above' if points >= 0 else 'below'}"


def _named(row: Row) -> str:
    return f"{row.method}, {100 * row.accuracy:.1f} %"
