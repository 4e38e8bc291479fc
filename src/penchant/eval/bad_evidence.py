"""Measures how much quotes, orders and noise change a belief; honest evidence is the comparison.

Cases come from a file; tests/infer/bad_evidence.yaml describes its format. A case pushes one pole (side) of a
dimension. Its text is a template for many dimensions, or a fixed text for one dimension. Each text becomes one evidence
item. The item is the only evidence for one person. A second person has plainly said the opposite before. Rates are over
items. Their 95 % intervals are over cases, because the items of one template are not independent. The annotator is an
argument; this module does not know how it reads a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import yaml

from penchant.errors import DataError, RecordError
from penchant.infer.annotate import read_items
from penchant.infer.base import Annotator
from penchant.person import PRIOR
from penchant.persona import Comment, Demographics, Evidence, Persona, Statement
from penchant.posterior import CREDIBLE, believe
from penchant.stats import accuracy

Phrases = Mapping[tuple[str, int], str]
"""(dimension id, sign) -> how people speak of that pole; templates are filled for these dimensions."""
LETTERS = 1_000_000
"""The length of a long text."""
PLAIN = "I love {}."
"""How a person has said the opposite before."""
_FILLS: Mapping[str, str] = {
    "sentences": "On the table there was a cup number {}. ",
    "words": "w{} ",
    "one_word": "word ",
    "unbroken": "x",
    "blanks": "a" + 999 * " ",
    "quotation_marks": '"a',
    "commas": ",",
    "lines": "\n",
}
_LONG = 3
"""Dimensions for which a long text is filled; each item is 1 MB."""


@dataclass(frozen=True, slots=True)
class Case:
    """A template, or a fixed text about one dimension."""

    name: str
    group: str
    kind: str
    """comment, statement or description."""
    text: str
    under: str = ""
    """The prompt of a comment."""
    pushes: tuple[str, int] | None = None
    """Dimension id and sign that a fixed text pushes; None for templates, and for texts that push nothing."""
    means: str = ""
    """The same text in English."""
    fill: str = ""
    """What a long text is filled with: a key of `_FILLS`."""
    position: str = "end"
    """Where `text` is in a long text: start or end."""


class Cell(NamedTuple):
    """One item and the pole that it pushes."""

    case: str
    item: Evidence | None
    """None where the text cannot be an item."""
    pushes: tuple[str, int] | None
    control: Evidence | None = None
    """The same text in English."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What the cases of one group do."""

    cases: int
    items: int
    refused: int
    """Texts that cannot be an item."""
    stated: float | None
    """Share of items that are read as speaking for the pole they push; None where nothing is pushed."""
    stated_ci95: tuple[float, float] | None
    credible: float | None
    """Share of items after which the pole is believed with probability `posterior.CREDIBLE` or more."""
    credible_ci95: tuple[float, float] | None
    leaning: float | None
    """Mean probability that the person leans to the pushed pole; 0.5 if the item says nothing."""
    turned: float | None
    """Share of items after which a person who said the opposite before is believed to lean to the pushed pole."""
    turned_ci95: tuple[float, float] | None
    others: float
    """Mean number of other dimensions that are read from an item."""
    slowest_s: float
    """Seconds for the slowest item where each item is read alone (long texts); else 0."""


def load_cases(path: Path) -> list[Case]:
    """The cases of a file.

    Raises:
        DataError: the file cannot be read, or a case has another form.
    """
    try:
        groups = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [
            _case(f"{group}-{number}", group, content)
            for group, contents in groups.items()
            for number, content in enumerate(contents)
        ]
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a file of cases ({error}); see tests/infer/bad_evidence.yaml") from error


def _case(name: str, group: str, content: str | dict[str, Any]) -> Case:
    if isinstance(content, str):
        return Case(name, group, "comment", content)
    if "fill" in content:
        return Case(
            name=name,
            group=group,
            kind="comment",
            text=content.get("opinion", ""),
            fill=content["fill"],
            position=content.get("place", "end"),
        )
    (kind,) = content.keys() & {"comment", "statement", "description"}
    return Case(
        name=name,
        group=group,
        kind=kind,
        text=content[kind],
        under=content.get("under", ""),
        pushes=(content["dimension"], int(content["sign"])) if "dimension" in content else None,
        means=content.get("means", ""),
    )


def cells(cases: Sequence[Case], phrases: Phrases) -> Iterator[Cell]:
    """Every template for every pole that has a phrase, and every fixed text for its own pole.

    Raises:
        DataError: a fixed text is about a dimension without a phrase.
    """
    for case in cases:
        if case.pushes is not None:
            if case.pushes not in phrases:
                raise DataError(f"case '{case.name}' is about '{case.pushes[0]}', which there are no phrases for")
            control = _item(case, case.means) if case.means else None
            yield Cell(case.name, _item(case, case.text), case.pushes, control)
        elif "{phrase}" in case.text or "{other}" in case.text:
            poles = list(phrases)[: 2 * _LONG] if case.fill else list(phrases)
            for pole in poles:
                other = phrases[pole[0], -pole[1]]
                yield Cell(case.name, _item(case, case.text.format(phrase=phrases[pole], other=other)), pole)
        else:
            yield Cell(case.name, _item(case, case.text), None)


def _item(case: Case, text: str) -> Evidence | None:
    if case.fill:
        text = filled(case.fill, text, case.position)
    try:
        match case.kind:
            case "statement":
                return Statement(text)
            case "description":
                return Demographics(text)
            case _:
                return Comment(case.under, text)
    except RecordError:
        return None


def filled(fill: str, text: str, position: str) -> str:
    """A filling of `LETTERS` letters with a text at its start or end."""
    unit = _FILLS[fill]
    count = LETTERS // len(unit)
    body = "".join(unit.format(number) for number in range(count)) if "{}" in unit else unit * count
    body = body[:LETTERS]
    return f"{text} {body}" if position == "start" else f"{body}{text}"


def measure(cases: Sequence[Case], phrases: Phrases, annotator: Annotator) -> dict[str, Moved]:
    """Group -> what its cases do; groups with a control in English also have `<group>, in English`."""
    plain = {pole: Comment("", PLAIN.format(phrase)) for pole, phrase in phrases.items()}
    readings = read_items(plain.values(), annotator)
    spoken = {pole: readings[item] for pole, item in plain.items()}
    moved: dict[str, Moved] = {}
    for group in dict.fromkeys(case.group for case in cases):
        group_cases = [case for case in cases if case.group == group]
        group_cells = list(cells(group_cases, phrases))
        alone = any(case.fill for case in group_cases)
        parts = {group: group_cells}
        if any(cell.control for cell in group_cells):
            parts[f"{group}, in English"] = [cell._replace(item=cell.control) for cell in group_cells]
        for name, part in parts.items():
            moved[name] = _moved(part, spoken, annotator, alone=alone)
    return moved


def _moved(
    group: Sequence[Cell],
    plain: Mapping[tuple[str, int], Evidence],
    annotator: Annotator,
    *,
    alone: bool,
) -> Moved:
    """The figures of some cells.

    Args:
        plain: pole -> an item that plainly speaks for it, as read.
        alone: items are read and timed one by one.
    """
    items = [cell.item for cell in group if cell.item is not None]
    read, slowest_s = _timed(items, annotator) if alone else (read_items(items, annotator), 0.0)
    outcomes, owners, others = [], [], []
    for cell in group:
        item = None if cell.item is None else read[cell.item]
        if item is None or item.direction is None:
            continue
        outcome = None if cell.pushes is None else _outcome(item, cell.pushes, plain)
        others.append(int((item.direction.signs != 0).sum()) - (outcome is not None and outcome.stated))
        if outcome is not None:
            outcomes.append(outcome)
            owners.append(cell.case)
    columns = np.array([list(outcome) for outcome in outcomes], dtype=np.float64).reshape(-1, 4)
    shares = [_share(columns[:, column], owners) for column in (0, 1, 3)] if outcomes else [(None, None)] * 3
    (stated, stated_ci), (credible, credible_ci), (turned, turned_ci) = shares
    return Moved(
        cases=len({cell.case for cell in group}),
        items=len(items),
        refused=len(group) - len(items),
        stated=stated,
        stated_ci95=stated_ci,
        credible=credible,
        credible_ci95=credible_ci,
        leaning=float(columns[:, 2].mean()) if outcomes else None,
        turned=turned,
        turned_ci95=turned_ci,
        others=float(np.mean(others)) if others else 0.0,
        slowest_s=round(slowest_s, 3),
    )


def _timed(items: Sequence[Evidence], annotator: Annotator) -> tuple[dict[Evidence, Evidence], float]:
    """Items read one by one, and the seconds of the slowest."""
    read: dict[Evidence, Evidence] = {}
    slowest_s = 0.0
    for item in items:
        started = perf_counter()
        read |= read_items([item], annotator)
        slowest_s = max(slowest_s, perf_counter() - started)
    return read, slowest_s


class _Outcome(NamedTuple):
    stated: bool
    credible: bool
    leaning: float
    turned: bool


def _outcome(item: Evidence, pole: tuple[str, int], plain: Mapping[tuple[str, int], Evidence]) -> _Outcome:
    dimension, sign = pole
    direction = item.direction
    if direction is None:
        raise RecordError("an item that was read has no direction")
    space = direction.space
    column = space.index(dimension)
    alone, after = (
        float(believe(Persona.of_items(evidence), space, prior=PRIOR).tally.leaning(PRIOR)[column])
        for evidence in ((item,), (plain[dimension, -sign], item))
    )
    towards, turned = (alone, after) if sign > 0 else (1 - alone, 1 - after)
    return _Outcome(direction.sign(dimension) == sign, towards >= CREDIBLE, towards, turned > 0.5)


def _share(hits: np.ndarray[Any, np.dtype[np.float64]], owners: Sequence[str]) -> tuple[float, tuple[float, float]]:
    """A share with its interval over cases."""
    measured = accuracy(np.where(hits > 0, 1.0, -1.0), owners)
    return measured.value, measured.ci95
