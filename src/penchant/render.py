"""Turns a person into a prompt; training, scoring and serving all use this module and no other code.

What is known of the person stands in a user turn, as notes between two marks, which are removed from the person's own
text. It is data and never part of the system turn. There are two layouts. `user_first` puts the notes first and the
task last, so all prompts for a user share one prefix. `paper` puts the task before the notes, as in AlignX
(arXiv:2503.15463, released prompt files), and again after them: a model that reads the notes last answers the notes.

Budget: if the messages have too many tokens, whole evidence items are dropped. The oldest items go first; descriptions
and statements go last. The conversation and the answers are never cut. Dropped items are counted.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from jinja2 import Environment, StrictUndefined

from penchant.errors import ConfigError, RecordError
from penchant.message import Conversation, Message, conversation
from penchant.person import Person
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona, Rating, Statement
from penchant.space import Dimension, Direction, Sign

Layout = Literal["user_first", "paper"]
LAYOUTS: tuple[Layout, ...] = ("user_first", "paper")
Content = Literal["history", "directions", "summary", "both", "none"]
"""What a prompt shows of the person: `history`, the evidence (ICA); `directions`, a `summary` in words, or `both`
(PBA); `none`, nothing."""
BRIDGES: tuple[Content, ...] = ("directions", "summary", "both")
"""Contents that show inferred preferences instead of evidence."""


Counter = Callable[[Sequence[Message]], int]
"""Messages -> number of tokens, the generation prompt included."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The largest length of a prompt, in tokens of the model that reads it."""

    max_tokens: int
    count: Counter


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt: messages that end with the user's turn, and the number of evidence items in them."""

    messages: tuple[Message, ...]
    kept: int
    """Evidence items in the messages; 0 when the prompt shows directions or a summary instead."""
    dropped: int
    """Evidence items left out to meet the budget."""


MARKS = ("<notes>", "</notes>")
"""Marks around what is known of the person; they are removed from the person's own text."""
_INSTRUCTION = 'You are talking with somebody. The notes are about them. Answer them directly and say "you".'
_SURE, _UNSURE, _TORN = "clearly: ", "probably: ", "of two minds about: "

_NOTES = {
    "history": """\
<notes>
{%- for line in items %}
{{ line }}
{%- endfor %}
{%- for line in corrections %}
{{ line }}
{%- endfor %}
</notes>

{{ task }}""",
    "directions": """\
<notes>
{%- for line in poles %}
- {{ line }}
{%- else %}
- no known preference
{%- endfor %}
{%- if summary %}
{{ summary }}
{%- endif %}
</notes>

{{ task }}""",
    "summary": """\
<notes>
{{ summary or "no known preference" }}
</notes>

{{ task }}""",
}
"""The user turn with the notes, by what they show. The words are measured in docs/lab/telling.md."""
_BEFORE = {"user_first": "", "paper": "{{ task }}\n\n"}
"""What precedes the notes, by layout."""

_JINJA = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=False)
_COMPILED = {
    (layout, form): _JINJA.from_string(before + notes)
    for layout, before in _BEFORE.items()
    for form, notes in _NOTES.items()
}
_MARK = re.compile(r"<\s*+(?:/\s*+)?notes\s*+(?:/\s*+)?>", re.IGNORECASE)
_BRACKETS = re.compile(r"([<>])")


def layout_named(name: str) -> Layout:
    """One of LAYOUTS by its name.

    Raises:
        ConfigError: there is no such layout.
    """
    for layout in LAYOUTS:
        if layout == name:
            return layout
    raise ConfigError(f"`layout` {name}: choose from {', '.join(LAYOUTS)}")


def render(
    person: Person,
    prompt: str | Sequence[Message],
    *,
    content: Content,
    layout: Layout = "user_first",
    budget: Budget | None = None,
) -> Rendered:
    """The messages for one person and one prompt.

    Args:
        prompt: the conversation that the model continues; a plain text is one user turn.
        content: what to show of the person.
        layout: order of the prompt, `user_first` or that of the AlignX paper.
        budget: largest length of the prompt; None sets no limit.
    Raises:
        RecordError: there is nothing to show of this person (a history without evidence, directions without any
            belief), or the prompt alone does not fit the budget.
    """
    turns = conversation(prompt)
    if content == "none":
        return _fitted((), lambda _: turns, budget)
    if content in BRIDGES:
        direction = person.direction()
        if direction is None:
            raise RecordError(
                "there is no belief about this person: no annotated evidence, profile or correction; "
                "annotate the evidence with directions (penchant infer), or show the history itself (ica)"
            )
        poles = pole_lines(direction)
        summary = "" if content == "directions" else summary_of(person)
        form: Literal["directions", "summary"] = "summary" if content == "summary" else "directions"
        return _fitted((), lambda _: _turns(layout, form, turns, poles=poles, summary=summary), budget)
    if not person.persona.evidence and not person.corrections:
        raise RecordError("the persona has no evidence; give at least one item, or ask with persona 'none'")
    corrections = _correction_lines(person)
    return _fitted(
        person.persona.evidence,
        lambda kept: _turns(layout, "history", turns, items=_evidence_lines(kept, layout), corrections=corrections),
        budget,
    )


def without_notes(messages: Sequence[Message]) -> Conversation:
    """The conversation that was asked, from the messages that `render` made of it; any other messages as they are."""
    first = messages[0].content
    if messages[0].role != "system" or not first.endswith(_INSTRUCTION):
        return tuple(messages)
    own = first.removesuffix(_INSTRUCTION).removesuffix("\n\n")
    turns = list(messages[1:])
    place, task = len(turns) - 1, _asked_in_paper(turns[-1].content)
    if task is None:
        place = next(index for index, turn in enumerate(turns) if turn.role == "user")
        task = _asked_user_first(turns[place].content)
    turns[place] = replace(turns[place], content=task)
    return (*([Message("system", own)] if own else []), *turns)


_NOTES_BEGIN, _NOTES_END = f"{MARKS[0]}\n", f"\n{MARKS[1]}\n\n"


def _asked_in_paper(text: str) -> str | None:
    """The task of a turn in the layout `paper`, which repeats it, so that the end of the notes is the middle one."""
    parts = text.split(_NOTES_END)
    task = _NOTES_END.join(parts[len(parts) // 2 :])
    return task if len(parts) % 2 == 0 and text.startswith(f"{task}\n\n{_NOTES_BEGIN}") else None


def _asked_user_first(text: str) -> str:
    """The task of a turn that begins with notes; evidence holds no marks, so that their end is the first one."""
    notes, end, task = text.partition(_NOTES_END)
    return task if end and notes.startswith(MARKS[0]) else text


def fixed_texts() -> list[str]:
    """Every fixed text of this module; a tokenizer that is trained from scratch must include these words."""
    items: tuple[Evidence, ...] = (
        Comment("a", "a"),
        Comparison("a", "a", "a"),
        Rating("a", "a", liked=True),
        Rating("a", "a", liked=False),
        Demographics("a"),
        Statement("a"),
    )
    words = (_SURE, _UNSURE, _TORN)
    corrections = (_corrected("a", 1), _corrected("a", 0))
    return [_INSTRUCTION, *_NOTES.values(), *map(_line, items), *corrections, *words]


def summary_of(person: Person) -> str:
    """One line about a person: the summary if there is one, else the belief in words, grouped by how certain it is.

    Each pole of the person's direction is clear or probable. The person is of two minds where their evidence speaks for
    both poles and decides for none. A stated profile replaces the belief and the summary. Corrections are appended to
    a summary. The line is empty when the person has no direction.
    """
    if person.summary is not None and person.profile is None:
        return ". ".join([_quoted(person.summary).rstrip("."), *_correction_lines(person)])
    direction = person.direction()
    if direction is None:
        return ""
    clear = person.clear() or direction
    parts: dict[str, list[str]] = {_SURE: [], _UNSURE: [], _TORN: []}
    for dimension, sign in direction.poles():
        parts[_SURE if clear.sign(dimension.id) else _UNSURE].append(dimension.pole(sign))
    dimensions = direction.space.dimensions
    parts[_TORN] = [dimensions[direction.space.index(name)].name for name in person.of_two_minds()]
    return ". ".join(start + "; ".join(phrases) for start, phrases in parts.items() if phrases)


def pole_lines(direction: Direction) -> list[str]:
    """The phrases of the non-neutral poles, in index order."""
    return [dimension.pole(sign) for dimension, sign in direction.poles()]


def _turns(
    layout: Layout, form: Literal["history", "directions", "summary"], prompt: Conversation, **slots: object
) -> Conversation:
    """The conversation with the person in one of its user turns, and with the instruction to the model.

    In `user_first` the person opens the first user turn, so that all conversations of a person share one prefix. In
    `paper` the person stands in the last turn, between the task and its repetition. A system turn of the conversation's
    own stays first; the instruction joins it.
    """
    place = len(prompt) - 1
    if layout == "user_first":
        place = next(index for index, turn in enumerate(prompt) if turn.role == "user")
    body = _COMPILED[layout, form].render(task=prompt[place].content, **slots)
    turns = (*prompt[:place], Message("user", body), *prompt[place + 1 :])
    if prompt[0].role == "system":
        return (Message("system", f"{prompt[0].content}\n\n{_INSTRUCTION}"), *turns[1:])
    return (Message("system", _INSTRUCTION), *turns)


def _fitted(
    evidence: Sequence[Evidence],
    write: Callable[[Sequence[Evidence]], tuple[Message, ...]],
    budget: Budget | None,
) -> Rendered:
    """Drops as few whole items as needed to meet the budget; bisects, because counting tokens is slow."""
    order = sorted(range(len(evidence)), key=lambda i: (isinstance(evidence[i], Demographics | Statement), i))

    def without(count: int) -> tuple[Message, ...]:
        omitted = set(order[:count])
        return write([item for i, item in enumerate(evidence) if i not in omitted])

    def fits(count: int) -> bool:
        return budget is None or budget.count(without(count)) <= budget.max_tokens

    dropped = 0 if fits(0) else bisect_left(range(len(evidence) + 1), True, key=fits)
    if dropped > len(evidence):
        limit = budget.max_tokens if budget else 0
        raise RecordError(
            f"the prompt alone is longer than the budget of {limit} tokens; raise `max_prompt_tokens`; if the model's "
            "context is too short, drop the record"
        )
    return Rendered(without(dropped), kept=len(evidence) - dropped, dropped=dropped)


def _evidence_lines(evidence: Sequence[Evidence], layout: Layout) -> list[str]:
    if layout == "paper":
        # order in the published prompts: comments, then choices, then descriptions
        blocks = (
            Persona.of_items(evidence).of(*kinds)
            for kinds in ((Comment,), (Comparison, Rating), (Demographics, Statement))
        )
        evidence = [item for block in blocks for item in block]
    return [_line(item) for item in evidence]


_SUBJECTS = frozenset(["i", "i'm", "i’m", "i've", "my", "he", "she", "they", "we", "you", "this", "the"])
_VERBS = frozenset(
    ["is", "am", "are", "was", "has", "have", "likes", "loves", "prefers", "enjoys", "works", "lives", "hates", "wants"]
)


def _line(item: Evidence) -> str:
    match item:
        case Comment():
            return _reaction("asked", item.prompt, f'replied "{_quoted(item.text)}"')
        case Comparison():
            liked, other = _quoted(item.chosen), _quoted(item.rejected)
            return _reaction("they asked", item.prompt, f'liked the answer "{liked}" and not "{other}"')
        case Rating():
            verdict = "liked" if item.liked else "did not like"
            return _reaction("they asked", item.prompt, f'{verdict} the answer "{_quoted(item.answer)}"')
        case Demographics():
            text = _quoted(item.text)
            return f'About them: "{text}"' if _is_sentence(text) else f"They are {text}"
        case Statement():
            return f'They say: "{_quoted(item.text)}"'
        case _:
            assert_never(item)


def _is_sentence(description: str) -> bool:
    """Whether a description is a sentence of its own ("I work nights", "Ann is a nurse"), and no noun phrase."""
    words = [word.strip(",.;:").lower() for word in description.split(maxsplit=5)[:5]]
    return bool(words) and (words[0] in _SUBJECTS or any(word in _VERBS for word in words[1:4]))


def _reaction(occasion: str, prompt: str, deed: str) -> str:
    """A sentence about what the person did when a prompt was asked; an unknown prompt is left out."""
    question = _quoted(prompt)
    return f'When {occasion} "{question}", they {deed}' if question else f"They {deed}"


def _quoted(text: str) -> str:
    """Evidence as one line of data: our own marks are removed, line breaks become spaces, double quotes single ones.

    Removing a mark from the middle of another mark leaves a new one, which goes too. The time is linear: each part is
    joined once, since a bracket that closes no mark ends every mark that was open.
    """
    parts: list[str] = []
    opened: list[int] = []  # positions of "<" in parts that may still begin a mark
    for part in _BRACKETS.split(text):
        if part == "<":
            opened.append(len(parts))
        parts.append(part)
        if part == ">" and opened:
            start = opened.pop()
            if _MARK.fullmatch("".join(parts[start:])):
                parts[start:] = [" "]
            else:
                opened.clear()
    return " ".join("".join(parts).replace('"', "'").split())


def _correction_lines(person: Person) -> list[str]:
    """The corrections as lines of a history; the phrases come from the space of the belief or profile."""
    if not person.corrections:
        return []
    space = person.belief.space if person.belief else person.profile.space if person.profile else None
    if space is None:
        raise RecordError("corrections need a space to be put into words; build the person with person.meet")
    dimensions: list[tuple[Dimension, Sign]] = [
        (space.dimensions[space.index(name)], sign) for name, sign in person.corrected().items()
    ]
    return [_corrected(dimension.pole(sign) if sign else dimension.name, sign) for dimension, sign in dimensions]


def _corrected(phrase: str, sign: Sign) -> str:
    """A correction in words, by the phrase of its pole, or by the name of a dimension that is not about the person."""
    return f"They say: {phrase}" if sign else f"They say that {phrase} does not matter"
