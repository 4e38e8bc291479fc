"""Writes the report: one HTML page without external files, for readers who do not know the project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from penchant.eval.contrasts import Contrast, probability
from penchant.eval.measured import Results
from penchant.eval.questions.base import Section
from penchant.eval.rows import Row, share_of_gain

_SURE = 0.05
"""Corrected p value from which on the page says that a difference may be chance."""
MEANINGS: Mapping[str, str] = {
    "ica": "the model was aligned with the evidence itself in the prompt",
    "pba": "aligned with directions inferred from the evidence",
    "pba_summary": "aligned with a few sentences about the person in place of directions",
    "pba_both": "aligned with directions and such sentences",
    "pba_golden": "pba with the true directions",
    "pba_drawn": "pba, averaged over directions drawn from the belief",
    "few_shot": "the model before alignment, with the evidence in the prompt",
    "asked": "that model, asked outright what the person said",
    "base": "that model without any evidence",
    "universal": "the model aligned to everybody at once, which never sees the person",
    "encoder": "no language model, but a score learned on the training people over a sentence encoder's vectors",
    "vpl": "a score over such vectors as published by Poddar et al. 2024, from the person's choices alone",
    "lore": "a score of low-rank rewards over such vectors, from the person's choices alone",
    "overlap": "the reply that shares words with what the person wrote and chose",
    "style": "the reply written like the chosen ones",
    "habit": "the longer or the shorter reply, as those they chose were",
    "longer": "the longer reply",
    "chance": "a coin",
    "ideal": "an observer who knows the rule of the simulation; the limit is what that observer should get right",
    "coverage": "an observer who knows for certain every dimension that the evidence mentions; this is more than the "
    "evidence tells, so it lies above the limit of the others",
}
"""What each row is, in the order in which the page explains them."""
_BARS = (
    "ideal",
    "pba",
    "pba_summary",
    "pba_both",
    "ica",
    "encoder",
    "vpl",
    "lore",
    "asked",
    "universal",
    "few_shot",
    "overlap",
    "style",
    "habit",
    "longer",
)
"""Rows that are drawn as bars, from top to bottom."""


@dataclass(frozen=True, slots=True)
class Written:
    """What models wrote for one person."""

    name: str
    poles: tuple[str, ...]
    """The poles that the person prefers, in words."""
    texts: tuple[tuple[str, str], ...]
    """(name of the model, its text)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What two opposite people get for one prompt."""

    prompt: str
    people: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A pair that a method gets most wrong, of a person for whom it does worst."""

    method: str
    user: str
    prompt: str
    chosen: str
    rejected: str
    evidence: tuple[str, ...]
    """The evidence shown, an item a line."""
    read: str
    """The prompt that the model read."""
    margin: float
    """Nats by which the rejected answer was preferred."""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything on the page besides rows and contrasts."""

    title: str
    people: str
    """Who is measured, and whether the models were trained on them, in a sentence."""
    command: str
    simulated: bool
    settings: Mapping[str, str]
    curves: Mapping[str, Sequence[Mapping[str, float]]]
    samples: Sequence[Sample]
    """Written answers to simulated people."""
    seconds: Mapping[str, float]
    versions: Mapping[str, str]
    sections: Sequence[Section] = ()
    mistakes: Sequence[Mistake] = ()
    english: Sequence[Sample] = ()
    """Answers of a real model, without training, to people in plain words; they open the page."""
    english_model: str = ""


def report(results: Results, story: Story, *, personas: Sequence[str]) -> str:
    """The page. Text of people and models is escaped; nothing is loaded from elsewhere.

    Args:
        personas: the kinds of evidence to draw and to contrast.
    """
    from jinja2 import Environment, StrictUndefined

    from penchant.eval.plots import accuracy_bars, training_curves

    text = resources.files("penchant.eval").joinpath("report.html.jinja").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(text)
    main = [row for row in results.main if row.phrasing != "unseen"]
    labels = {row.label for row in main}
    return page.render(
        story=story,
        rows=results.rows,
        main=main,
        unseen=[row for row in results.main if row.phrasing == "unseen"],
        headline=headline(results),
        meanings={name: text for name, text in MEANINGS.items() if name in labels},
        subsets={row.attribute for row in results.rows},
        contrasts=[contrast for contrast in results.contrasts if contrast.persona in personas],
        corrected=len(results.contrasts),
        share=share_of_gain,
        limited=any(row.ceiling is not None for row in main),
        grouped=any(row.worst_group for row in main),
        probability=probability,
        bars=accuracy_bars(main, personas, [name for name in _BARS if name in labels]),
        curves=training_curves(story.curves) if story.curves else "",
    )


def headline(results: Results) -> list[str]:
    """One sentence per personal method: its accuracy, the limit, and the distance to the best row without personas.

    Known phrasings come first, and phrasings that training people did not use beside them.
    """
    mixed = [row for row in results.main if row.persona == "mixed"]
    main = {row.label: row for row in mixed if row.phrasing != "unseen"}
    unseen = {row.label: row for row in mixed if row.phrasing == "unseen"}
    best, best_unseen = _best(main), _best(unseen)
    lines = []
    for name in MEANINGS:
        row = main.get(name)
        if row is None or row.role != "personal" or best is None:
            continue
        gained, wording = share_of_gain(row), " in known phrasings" if row.phrasing == "known" else ""
        part = "" if gained is None else f", {100 * gained:.0f} % of the gain that is possible"
        line = (
            f"{name}: {_figure(row)} on mixed evidence{wording}{part}; {_lead(row, best)} the best row "
            f"that was trained on nobody's persona ({_named(best)}){_chance(results.contrasts, row, best)}."
        )
        if name in unseen and best_unseen is not None:
            far = f"{_lead(unseen[name], best_unseen)} {_named(best_unseen)}"
            maybe = _chance(results.contrasts, unseen[name], best_unseen)
            line += f" In phrasings kept from training people: {_figure(unseen[name])}, {far}{maybe}."
        lines.append(line)
    if lines and "asked" in main and "few_shot" in main:
        asked, plain = (100 * main[name].accuracy for name in ("asked", "few_shot"))
        lines.append(
            f"The base can read: asked outright what the person said, it puts the right reply first in {asked:.1f} %; "
            f"given the plain post, in {plain:.1f} %. Alignment teaches it to do unasked what it can."
        )
    return lines


def _chance(contrasts: Sequence[Contrast], row: Row, rival: Row) -> str:
    """A warning where the table of contrasts cannot tell a lead from chance."""
    pair = (row.label, row.persona, rival.label, rival.persona, row.phrasing)
    for contrast in contrasts:
        compared = (contrast.method, contrast.persona, contrast.rival, contrast.rival_persona, contrast.phrasing)
        if compared == pair and contrast.p_holm >= _SURE:
            return f", which may be chance (p {probability(contrast.p_holm)} after correction)"
    return ""


def _best(rows: Mapping[str, Row]) -> Row | None:
    """The best row that was not trained on any persona."""
    rivals = [row for row in rows.values() if row.role in ("untrained", "control")]
    return max(rivals, key=lambda row: row.accuracy) if rivals else None


def _figure(row: Row) -> str:
    low, high = (100 * end for end in row.ci95)
    return f"{100 * row.accuracy:.1f} % ({low:.1f} to {high:.1f}, of {row.users} people)"


def _lead(row: Row, rival: Row) -> str:
    points = 100 * (row.accuracy - rival.accuracy)
    return f"{abs(points):.1f} points {'above' if points >= 0 else 'below'}"


def _named(row: Row) -> str:
    return f"{row.label}, {100 * row.accuracy:.1f} %"
