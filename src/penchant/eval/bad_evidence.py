"""How far evidence that should not count moves a belief, beside honest evidence, which must.

Cases come from a file (tests/infer/bad_evidence.yaml says what they are): a text pushes a pole of a dimension, written
by a template for many dimensions, or in a fixed text for one. Each makes one item, read for a person of whom nothing
else is known, and once more for a person who has plainly said the opposite before. Rates are over items; their 95 %
intervals are over cases, as the items of one template are not independent. Knows nothing of how a text is read.
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
from penchant.infer.base import Annotator
from penchant.infer.read import read_items
from penchant.persona import Comment, Demographics, Evidence, Persona, Statement
from penchant.posterior import CREDIBLE, Prior, believe
from penchant.stats import accuracy

Phrases = Mapping[tuple[str, int], str]
"""(dimension id, sign) -> how people speak of that pole; templates are filled for the dimensions in it."""
LETTERS = 1_000_000
"""Of a long text."""
PLAIN = "I love {}."
"""How somebody has said the opposite before."""
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
"""Dimensions that a long text is filled for; each item is 1 MB."""


@dataclass(frozen=True, slots=True)
class Case:
    """A template, or a text about one dimension."""

    name: str
    group: str
    kind: str
    """comment, statement or description."""
    text: str
    under: str = ""
    pushes: tuple[str, int] | None = None
    """Dimension id and sign that a fixed text pushes; None for templates, and where nothing is pushed."""
    means: str = ""
    """The same said in English."""
    fill: str = ""
    """What a long text is filled with, of `_FILLS`."""
    place: str = "end"
    """Where in a long text `text` stands, start or end."""


class Cell(NamedTuple):
    """One item and what it pushes."""

    case: str
    item: Evidence | None
    """None where no item can be made of the text."""
    pushes: tuple[str, int] | None
    control: Evidence | None = None
    """The same said in English."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What the cases of one group do."""

    cases: int
    items: int
    refused: int
    """Texts of which no item can be made."""
    stated: float | None
    """Share of items that are read as speaking for the pole they push; None where nothing is pushed."""
    stated_ci95: tuple[float, float] | None
    credible: float | None
    """Share after which the pole is believed with `posterior.CREDIBLE` or more."""
    credible_ci95: tuple[float, float] | None
    leaning: float | None
    """Mean probability that the person leans to the pole pushed; 0.5 is no news."""
    turned: float | None
    """Share after which a person who said the opposite before is believed to lean to the pole pushed."""
    turned_ci95: tuple[float, float] | None
    others: float
    """Dimensions that are read into an item besides, on average."""
    slowest_s: float
    """Seconds that the slowest item took, where each was read alone (long texts); else 0."""


def load_cases(path: Path) -> list[Case]:
    """The cases of a file.

    Raises:
        DataError: the file cannot be read, or a case is of another form.
    """
    try:
        groups = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [
            _case(f"{group}-{number}", group, one) for group, some in groups.items() for number, one in enumerate(some)
        ]
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a file of cases ({error}); see tests/infer/bad_evidence.yaml") from error


def _case(name: str, group: str, one: str | dict[str, Any]) -> Case:
    if isinstance(one, str):
        return Case(name, group, "comment", one)
    if "fill" in one:
        return Case(name, group, "comment", one.get("opinion", ""), fill=one["fill"], place=one.get("place", "end"))
    (kind,) = one.keys() & {"comment", "statement", "description"}
    pushes = (one["dimension"], int(one["sign"])) if "dimension" in one else None
    return Case(name, group, kind, one[kind], one.get("under", ""), pushes, one.get("means", ""))


def cells(cases: Sequence[Case], phrases: Phrases) -> Iterator[Cell]:
    """Every case for every pole there are phrases for; of a fixed text, its own.

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
        text = filled(case.fill, text, case.place)
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


def filled(fill: str, text: str, place: str) -> str:
    """A text of `LETTERS` letters that holds another at its start or end."""
    unit = _FILLS[fill]
    count = LETTERS // len(unit)
    body = "".join(unit.format(number) for number in range(count)) if "{}" in unit else unit * count
    body = body[:LETTERS]
    return f"{text} {body}" if place == "start" else f"{body}{text}"


def measure(cases: Sequence[Case], phrases: Phrases, annotator: Annotator, prior: Prior) -> dict[str, Moved]:
    """Group -> what its cases do; of groups with a control in English, also `<group>, in English`."""
    opposite = {pole: Comment("", PLAIN.format(phrase)) for pole, phrase in phrases.items()}
    plain = read_items(opposite.values(), annotator)
    found: dict[str, Moved] = {}
    for group in dict.fromkeys(case.group for case in cases):
        some = list(cells([case for case in cases if case.group == group], phrases))
        long = any(case.fill for case in cases if case.group == group)
        sides = {group: some}
        if any(cell.control for cell in some):
            sides[f"{group}, in English"] = [cell._replace(item=cell.control) for cell in some]
        for name, part in sides.items():
            found[name] = _moved(part, {pole: plain[item] for pole, item in opposite.items()}, annotator, prior, long)
    return found


def _moved(
    some: Sequence[Cell],
    plain: Mapping[tuple[str, int], Evidence],
    annotator: Annotator,
    prior: Prior,
    long: bool,
) -> Moved:
    usable = [cell for cell in some if cell.item is not None]
    read: dict[Evidence, Evidence] = {}
    slowest = 0.0
    if long:
        for cell in usable:
            started = perf_counter()
            read |= read_items([cell.item] if cell.item else [], annotator)
            slowest = max(slowest, perf_counter() - started)
    else:
        read = read_items([cell.item for cell in usable if cell.item], annotator)
    outcomes, owners, others = [], [], []
    for cell in usable:
        item = read[cell.item] if cell.item else None
        if item is None or item.direction is None:
            continue
        outcome = None if cell.pushes is None else _outcome(item, cell.pushes, plain, prior)
        others.append(int((item.direction.signs != 0).sum()) - (outcome is not None and outcome.stated))
        if outcome is not None:
            outcomes.append(outcome)
            owners.append(cell.case)
    columns = np.array([list(outcome) for outcome in outcomes], dtype=np.float64).reshape(-1, 4)
    shares = [_share(columns[:, place], owners) for place in (0, 1, 3)] if outcomes else [(None, None)] * 3
    (stated, stated_ci), (credible, credible_ci), (turned, turned_ci) = shares
    return Moved(
        cases=len({cell.case for cell in some}),
        items=len(usable),
        refused=len(some) - len(usable),
        stated=stated,
        stated_ci95=stated_ci,
        credible=credible,
        credible_ci95=credible_ci,
        leaning=float(columns[:, 2].mean()) if outcomes else None,
        turned=turned,
        turned_ci95=turned_ci,
        others=float(np.mean(others)) if others else 0.0,
        slowest_s=round(slowest, 3),
    )


class _Outcome(NamedTuple):
    stated: bool
    credible: bool
    leaning: float
    turned: bool


def _outcome(
    item: Evidence, pole: tuple[str, int], plain: Mapping[tuple[str, int], Evidence], prior: Prior
) -> _Outcome:
    dimension, sign = pole
    said = item.direction
    if said is None:
        raise RecordError("an item that was read has no direction")
    space = said.space
    place = space.index(dimension)
    alone, after = (
        float(believe(Persona(shown), space, prior=prior).tally.leaning(prior)[place])
        for shown in ((item,), (plain[dimension, -sign], item))
    )
    towards, turned = (alone, after) if sign > 0 else (1 - alone, 1 - after)
    return _Outcome(said.sign(dimension) == sign, towards >= CREDIBLE, towards, turned > 0.5)


def _share(hits: np.ndarray[Any, np.dtype[np.float64]], owners: Sequence[str]) -> tuple[float, tuple[float, float]]:
    """A share with its interval over cases."""
    found = accuracy(np.where(hits > 0, 1.0, -1.0), owners)
    return found.value, found.ci95
