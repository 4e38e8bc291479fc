"""The only place where a person becomes messages, for training, scoring and serving alike.

Two layouts. `paper` puts the task before the history, as published (AlignX, arXiv:2503.15463, released prompt files).
`user_first` puts the person first and the task last, so that everything about a user is one shared prefix. A history
is data: it stands in the user turn between marks that are taken out of the text it holds, never in the system turn.

Budget: when the messages are too long, whole items of evidence are dropped, the oldest first and descriptions last. A
task or an answer is never cut, and what was dropped is counted.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict, assert_never

from jinja2 import Environment, StrictUndefined

from penchant.errors import RecordError
from penchant.person import Person
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona, Rating, Statement
from penchant.space import Dimension, Direction, Sign

Layout = Literal["user_first", "paper"]
LAYOUTS: tuple[Layout, ...] = ("user_first", "paper")
Content = Literal["history", "directions", "summary", "both", "none"]
"""What of the person is shown: the evidence itself (ICA); the directions held, a summary in words, or both (PBA); or
nothing."""
BRIDGES: tuple[Content, ...] = ("directions", "summary", "both")
"""Contents that show what was inferred, in place of the evidence."""


class Message(TypedDict):
    """One chat turn, as every chat template and API takes it."""

    role: Literal["system", "user", "assistant"]
    content: str


Counter = Callable[[Sequence[Message]], int]
"""Messages -> tokens, the generation prompt included."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound on the prompt, in tokens of the model that will read it."""

    max_tokens: int
    count: Counter


@dataclass(frozen=True, slots=True)
class Rendered:
    """Messages that end with the task, and what they show."""

    messages: tuple[Message, ...]
    kept: int
    """Items of evidence in the messages; 0 when directions are shown instead."""
    dropped: int
    """Items of evidence left out to meet the budget."""


_SYSTEM = {
    "history": "Answer as this person would prefer, judging by what they wrote and chose.",
    "directions": "Answer as this person would prefer, judging by their preferences.",
}
_SURE, _UNSURE, _TORN = "clearly: ", "probably: ", "of two minds about: "

_TEMPLATES = {
    ("user_first", "history"): """\
<person>
{%- for line in items %}
- {{ line }}
{%- endfor %}
{%- for line in corrections %}
- {{ line }}
{%- endfor %}
</person>
{{ task }}""",
    ("user_first", "directions"): """\
<person>
{%- for line in poles %}
- {{ line }}
{%- else %}
- no known preference
{%- endfor %}
{%- if summary %}
{{ summary }}
{%- endif %}
</person>
{{ task }}""",
    ("user_first", "summary"): """\
<person>
{{ summary or "no known preference" }}
</person>
{{ task }}""",
    ("paper", "history"): """\
***Task***
{{ task }}

***Historical Behavior***
{%- for line in items %}
{{ loop.index }}. {{ line }}
{%- endfor %}
{%- for line in corrections %}
* {{ line }}
{%- endfor %}

***Response:***""",
    ("paper", "directions"): """\
***Task***
{{ task }}

***User Preferences***
{%- for line in poles %}
* {{ line }}
{%- else %}
* no known preference
{%- endfor %}
{%- if summary %}
{{ summary }}
{%- endif %}

***Response:***""",
    ("paper", "summary"): """\
***Task***
{{ task }}

***User Preferences***
{{ summary or "no known preference" }}

***Response:***""",
}

_JINJA = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=False)
_COMPILED = {key: _JINJA.from_string(text) for key, text in _TEMPLATES.items()}
_MARKS = re.compile(r"<\s*/?\s*person\s*/?\s*>|\*{3,}", re.IGNORECASE)


def render(
    person: Person,
    task: str,
    *,
    content: Content,
    layout: Layout = "user_first",
    budget: Budget | None = None,
) -> Rendered:
    """Messages for one person and one task.

    Raises:
        RecordError: there is nothing to show of this person (a history without evidence, directions without any
            belief), or the task alone does not fit the budget.
    """
    if content == "none":
        return _fitted((), lambda _: ({"role": "user", "content": task},), budget)
    if content in BRIDGES:
        direction = person.direction()
        if direction is None:
            raise RecordError(
                "nothing is believed of this person: no annotated evidence, profile or correction; "
                "annotate the evidence with directions (penchant infer), or show the history itself (ica)"
            )
        poles = pole_lines(direction)
        summary = "" if content == "directions" else summary_of(person)
        form: Literal["directions", "summary"] = "summary" if content == "summary" else "directions"
        return _fitted((), lambda _: _turns(layout, form, task, poles=poles, summary=summary), budget)
    if not person.persona.evidence and not person.corrections:
        raise RecordError("the persona has no evidence; give at least one item, or ask with persona 'none'")
    corrections = _correction_lines(person)
    return _fitted(
        person.persona.evidence,
        lambda kept: _turns(layout, "history", task, items=_evidence_lines(kept, layout), corrections=corrections),
        budget,
    )


def fixed_texts() -> list[str]:
    """Every fixed wording of this module, so that a tokenizer made from scratch knows its words."""
    items: tuple[Evidence, ...] = (
        Comment("a", "a"),
        Comparison("a", "a", "a"),
        Rating("a", "a", liked=True),
        Rating("a", "a", liked=False),
        Demographics("a"),
        Statement("a"),
    )
    words = (_SURE, _UNSURE, _TORN)
    return [*_SYSTEM.values(), *_TEMPLATES.values(), *map(_line, items), "says: does not matter", *words]


def summary_of(person: Person) -> str:
    """One line about a person: what was written of them, or the belief in words, with how sure it is of what.

    A stated profile stands in for whatever was inferred, a summary included; corrections are added to one. Empty where
    nothing is held of the person.
    """
    if person.summary is not None and person.profile is None:
        return ". ".join([_quoted(person.summary).rstrip("."), *_correction_lines(person)])
    direction = person.direction()
    if direction is None:
        return ""
    sure = person.direction("credible") or direction  # a profile or a correction is sure of itself
    belief = person.belief if person.profile is None else None
    torn = set(belief.contradictions()) - set(person.corrected()) if belief else set()
    parts: dict[str, list[str]] = {_SURE: [], _UNSURE: [], _TORN: []}
    for dimension, sign in direction.poles():
        if dimension.id not in torn:
            parts[_SURE if sure.sign(dimension.id) == sign else _UNSURE].append(dimension.pole(sign))
    parts[_TORN] = [dimension.name for dimension in direction.space.dimensions if dimension.id in torn]
    return ". ".join(start + "; ".join(said) for start, said in parts.items() if said)


def pole_lines(direction: Direction) -> list[str]:
    """The non-neutral poles as phrases, one per line, in index order."""
    return [dimension.pole(sign) for dimension, sign in direction.poles()]


def _turns(
    layout: Layout, form: Literal["history", "directions", "summary"], task: str, **slots: object
) -> tuple[Message, ...]:
    body = _COMPILED[layout, form].render(task=task, **slots)
    system = _SYSTEM["history" if form == "history" else "directions"]
    return ({"role": "system", "content": system}, {"role": "user", "content": body})


def _fitted(
    evidence: Sequence[Evidence],
    write: Callable[[Sequence[Evidence]], tuple[Message, ...]],
    budget: Budget | None,
) -> Rendered:
    """Drops the fewest whole items with which the messages fit; bisection, as tokenising is the cost."""
    order = sorted(range(len(evidence)), key=lambda i: (isinstance(evidence[i], Demographics | Statement), i))

    def without(count: int) -> tuple[Message, ...]:
        gone = set(order[:count])
        return write([item for i, item in enumerate(evidence) if i not in gone])

    def fits(count: int) -> bool:
        return budget is None or budget.count(without(count)) <= budget.max_tokens

    dropped = bisect_left(range(len(evidence) + 1), True, key=fits)
    if dropped > len(evidence):
        limit = budget.max_tokens if budget else 0
        raise RecordError(f"the task alone is longer than the budget of {limit} tokens; raise max_prompt_tokens")
    return Rendered(without(dropped), len(evidence) - dropped, dropped)


def _evidence_lines(evidence: Sequence[Evidence], layout: Layout) -> list[str]:
    if layout == "paper":
        # published order: comments, then choices, then descriptions
        blocks = (
            Persona(tuple(evidence)).of(*kinds)
            for kinds in ((Comment,), (Comparison, Rating), (Demographics, Statement))
        )
        evidence = [item for block in blocks for item in block]
    return [_line(item) for item in evidence]


def _line(item: Evidence) -> str:
    match item:
        case Comment():
            return f"{_quoted(item.prompt)} wrote: {_quoted(item.text)}"
        case Comparison():
            return f"{_quoted(item.prompt)} chose: {_quoted(item.chosen)} over: {_quoted(item.rejected)}"
        case Rating():
            verdict = "liked" if item.liked else "disliked"
            return f"{_quoted(item.prompt)} {verdict}: {_quoted(item.answer)}"
        case Demographics():
            return f"described as: {_quoted(item.text)}"
        case Statement():
            return f"said: {_quoted(item.text)}"
        case _:
            assert_never(item)


def _quoted(text: str) -> str:
    """Evidence as one line of data: our own marks are taken out and line breaks folded."""
    found = 1
    while found:  # a mark taken out of the middle of another leaves one behind
        text, found = _MARKS.subn(" ", text)
    return " ".join(text.split())


def _correction_lines(person: Person) -> list[str]:
    """What the person corrected, as a history shows it; the belief's space says what the poles are called."""
    if not person.corrections:
        return []
    space = person.belief.space if person.belief else person.profile.space if person.profile else None
    if space is None:
        raise RecordError("corrections need a space to be put into words; build the person with person.meet")
    dimensions: list[tuple[Dimension, Sign]] = [
        (space.dimensions[space.index(name)], sign) for name, sign in person.corrected().items()
    ]
    return [
        f"says: {dimension.pole(sign)}" if sign else f"says: {dimension.name} does not matter"
        for dimension, sign in dimensions
    ]
