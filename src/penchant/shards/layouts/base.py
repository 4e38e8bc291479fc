"""What a layout is: a way to read preferences from the columns of a table. It knows no files.

A layout is recognised by the columns of a file and by its first rows. It turns the content of a row into statements:
a choice between two answers, a rating of one answer, or a question alone. Who stated it, when, and under which id is
read the same way for all layouts (`shards.identity`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from penchant.errors import RecordError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.turns import turns_of

Turns = tuple[Message, ...]
SAMPLE_ROWS = 50
"""So many rows are looked at to recognise a layout."""
USERS = tuple(
    [
        "user_id",
        "annotator_id",
        "annotator",
        "worker_id",
        "worker",
        "rater_id",
        "rater",
        "judge_hash",
        "judge_id",
        "judge",
        "evaluator_id",
        "evaluator",
        "labeler_id",
        "labeler",
        "reviewer_id",
        "reviewer",
        "participant_id",
        "participant",
        "respondent_id",
        "respondent",
        "person_id",
        "person",
        "userid",
        "user_identifier",
        "useridentifier",
        "completed_by",
        "annotation_agent",
        "request_user_id",
        "customer_id",
        "user",
        "username",
        "user_name",
        "email",
        "author_user_name",
        "reviewer_name",
        "annotator_name",
        "rater_name",
        "judge_name",
        "annotator_index",
        "grader",
        "coder",
        "tester",
        "subject_id",
        "voter",
        "voter_id",
        "employee",
        "employee_id",
        "customer",
        "member_id",
        "user_email",
        "annotator_email",
        "reviewer_email",
        "visitor_id",
        "prolific_pid",
        "prolific_id",
    ]
)
"""Columns that may name the person who judged, the surest first; authors of texts are not among them."""


_PLATFORM = re.compile(r"(?:Input|Answer|INPUT|OUTPUT|ASSIGNMENT)[.:](?=.)")
"""What MTurk and Toloka put before the names of columns."""
_REMARK = re.compile(r"\([^()]{0,80}\)\s*$")


@dataclass(frozen=True, slots=True)
class Choice:
    """A person prefers one answer to another."""

    prompt: Turns
    chosen: str
    rejected: str
    user: object = None
    """Who chose, where the content of the row says it below its columns."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person likes an answer, or does not."""

    prompt: Turns
    answer: str
    liked: bool
    user: object = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PromptOnly:
    """A question without answers."""

    prompt: Turns
    user: object = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wrote:
    """A text that a person wrote, and what it answers, if that is known."""

    text: str
    prompt: str = ""
    user: object = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """A description of a person."""

    text: str
    user: object = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """A part of a row that states no preference, with the reason: a tie, an answer that nobody rated."""

    reason: str


REJECTED = Nothing("the annotation was rejected by its requester")


def rejected(row: Content) -> bool:
    """Whether a row of MTurk or Toloka is an annotation that its requester did not accept."""
    states = (row.get(name) for name in ("AssignmentStatus", "ASSIGNMENT:status"))
    return any(str(state).strip().lower() in ("rejected", "expired", "skipped") for state in states)


Statement = Choice | Verdict | PromptOnly | Wrote | Described | Nothing


def plain(name: str) -> str:
    """A column's name in small letters with underscores: `Answer 1` and `Answer1`… stay apart, `ResponseA` is split.

    >>> [plain(name) for name in ("Answer 1", "ResponseA", "annotatorId", "Which is better?")]
    ['answer_1', 'response_a', 'annotator_id', 'which_is_better']
    """
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()).strip("_")


def bare(name: str) -> str:
    """A column's name without a remark behind it: `Answer A (our model)` is `Answer A`."""
    return _REMARK.sub("", name).strip()


def cell(row: Content, column: str) -> Any:
    """The value in a column; `a.b` is the part `b` of the object in column `a`, unless a column has this very name.

    A part may be a number: `choices.0.text` is that of the first entry of a list.
    """
    if column in row or "." not in column:
        return row.get(column)
    value: Any = row
    for part in column.split("."):
        if isinstance(value, list) and part.isdecimal():
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(part)
        else:
            return None
    return value


def _paths(name: str, value: object, depth: int = 3) -> Iterator[str]:
    """The names of the parts of an object that are no objects themselves, `depth` levels down at most."""
    for part, inner in value.items() if isinstance(value, Mapping) and depth else ():
        path = f"{name}.{part}"
        if isinstance(inner, Mapping) and not {"choices", "messages"} & inner.keys():
            yield from _paths(path, inner, depth - 1)
        elif inner is not None:
            yield path


@dataclass(frozen=True, slots=True)
class Sample:
    """The columns of a file, in order, and its first rows."""

    columns: tuple[str, ...]
    rows: tuple[Content, ...]

    @classmethod
    def of(cls, rows: Iterable[Content]) -> Sample:
        """The sample of some rows; the columns are those of all rows together."""
        kept = tuple(rows)
        return cls(tuple(dict.fromkeys(name for row in kept for name in row)), kept)

    def has(self, *names: str) -> bool:
        """Whether every one of these columns is there."""
        return all(name in self.columns for name in names)

    def first(self, names: Iterable[str]) -> str | None:
        """The first of these columns that is there."""
        return next((name for name in names if name in self.columns), None)

    def values(self, name: str) -> list[object]:
        """The values of a column that are not missing."""
        return [value for row in self.rows if (value := cell(row, name)) is not None]

    def value(self, name: str) -> object:
        """The first value of a column that is not missing; None without one."""
        return next(iter(self.values(name)), None)

    def nested(self) -> tuple[str, ...]:
        """The parts of objects in columns, as `column.part`; see `cell`."""
        found = {path: None for row in self.rows for name, value in row.items() for path in _paths(name, value)}
        return tuple(name for name in found if name not in self.columns)

    def spelt(self) -> dict[str, str]:
        """Plain name -> column; a part of an object counts by its own name, if no column has this name."""
        names = self.plain()
        for path in self.nested():
            names.setdefault(path.rpartition(".")[2].lower(), path)
        return names

    def plain(self) -> dict[str, str]:
        """Name in small letters, and as `plain` writes it -> column.

        A column of a task platform counts without the word before it: `Input.prompt`, `OUTPUT:result`; any column also
        without a remark behind it: `Answer A (our model)`.
        """
        names = {name.lower(): name for name in self.columns}
        for name in self.columns:
            names.setdefault(plain(name), name)
        for name in self.columns:
            if (platform := _PLATFORM.match(name)) is not None:
                names.setdefault(plain(name[platform.end() :]), name)
            names.setdefault(plain(bare(name)), name)
        return names


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to read the rows of one file."""

    name: str
    fields: Mapping[str, str]
    """What is read -> the column that it is read from, for people to check."""
    read: Callable[[Content], Iterable[Statement]]
    """Content of a row -> what it states. Raises RecordError to set the row aside."""
    group: str | None = None
    """Rows with the same value in this column, one after the other, are read as one: `{"rows": […]}`."""
    apart: bool = False
    """Whether a value of `group` may come again later, as another group."""
    also: frozenset[str] = field(default_factory=frozenset)
    """Columns that the layout reads besides those in `fields`."""

    @property
    def columns(self) -> set[str]:
        """Every column that the layout reads."""
        return {*self.fields.values(), *self.also}


Recognise = Callable[[Sample], Layout | None]
"""The layout of a file, or None where it has another one."""


def prompt_turns(turns: Turns, key: str = "prompt") -> Turns:
    """Turns as a prompt: an answer of the assistant without text at the end is left out.

    Raises:
        RecordError: the turns do not end with the user's.
    """
    while turns and turns[-1].role == "assistant" and not turns[-1].content.strip():
        turns = turns[:-1]
    if not turns:
        raise RecordError(f"{key} is empty")
    if turns[-1].role not in ("user", "tool"):
        raise RecordError(f"{key} ends with a turn of the {turns[-1].role}; it must end with the user's")
    return turns


def objects(value: object, key: str) -> list[Mapping[str, Any]]:
    """A list of objects; empty where it is missing.

    Raises:
        RecordError: the value is no list, or an entry is no object.
    """
    entries = listed(value, key)
    if not all(isinstance(entry, Mapping) for entry in entries):
        raise RecordError(f"{key} is no list of objects")
    return entries


def listed(value: object, key: str) -> list[Any]:
    """A list; empty where it is missing. Raises RecordError: the value is no list."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is not None and not isinstance(value, list | tuple):
        raise RecordError(f"{key} is of type {type(value).__name__}; a list belongs there")
    return list(value or ())


def prompt_of(row: Content, key: str) -> Turns:
    """The prompt in a column. Raises RecordError: it is missing, or does not end with the user's turn."""
    return prompt_turns(turns_of(cell(row, key), key), key)
