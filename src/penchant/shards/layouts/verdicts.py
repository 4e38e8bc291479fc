"""Which of two answers a verdict means: a name, a number, a text, a score.

Which value means which answer differs from file to file. A verdict is taken if its value names a side ("a", "left",
the name of the column, the text of the answer) or if the layout is a published one. A file whose verdicts could mean
either is refused with the option that settles it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Literal

from penchant.errors import DataError
from penchant.shards.fields import Content
from penchant.shards.layouts.base import Nothing, Sample, bare

Side = Literal["first", "second", "tie"]
TIE = Nothing("the two answers tie")
NO_VERDICT = Nothing("the verdict is neither side")
VERDICTS = (
    "winner", "preference", "preferred", "preferred_response", "preferred_answer", "choice", "chosen", "better",
    "better_response", "better_response_id", "vote", "verdict", "selected", "selection", "overall_preference",
    "preference_strength", "orig_preference", "human_preference", "chosen_model", "chosen_model_name",
    "overall_response",
    "judgment", "judgement", "label", "labels", "pick",
    "picked", "favorite", "favourite", "best", "result", "annotation", "rating", "decision",
)  # fmt: skip
_BETTER = {"better", "prefer", "prefers", "preferred", "preference", "winner", "best"}
"""Words that a column of verdicts has in its name, such as "Which answer is better?"."""
WORSE = {"worse", "worst", "loser", "lost", "harmful", "flagged", "error", "errors", "bad"}
"""Words in the name of a column that says which answer is the worse one."""
_SYSTEMS = ("model", "variant", "version", "system", "arm")
"""Words for what wrote an answer, in names of columns."""
ENDS = (("a", "b"), ("1", "2"), ("0", "1"), ("left", "right"), ("one", "two"), ("first", "second"))
"""How the names of the columns of two answers end."""
SCORES = ("score", "rating", "votes", "reward", "quality", "rank")
"""Beginnings of the names of columns with a number for each answer."""
LOWER_IS_BETTER = ("rank",)
_TIES = frozenset((
    "tie", "ties", "tievote", "bothbadvote", "aboutthesame", "unjudgeable", "tieinconsistent", "tied", "draw",
    "both", "bothbad", "bothgood", "neither", "equal", "same", "none", "nopreference", "tiebothbad", "equallygood",
    "even", "unsure", "0.5", "nobody", "boththesame", "bothequal", "bothequallygood", "equallybad", "nodifference",
    "cantdecide", "skip",
))  # fmt: skip
TIED = ("both_equal", "is_tie", "tied")
"""Columns that mark a tie with true (compar:IA)."""
_FIRST = {"a", "left", "first", "one"}
_SECOND = {"b", "right", "second", "two"}
_SCALES = {"overall_preference", "preference_strength"}
"""HelpSteer: from -3, the first is much better, to 3, the second is much better; arXiv:2410.01257, arXiv:2505.11475."""
_COMMA = re.compile(r"^(\s*-?\d+),(\d{1,2}\s*)$")
_LETTERS = re.compile(r"[^a-z0-9.]+")
AMBIGUOUS = (
    "'{column}' holds {values}, which may count the answers from zero, or say whether the first is the better one; "
    "say which value stands for {first}: "
    "--columns prompt=…,chosen={first},rejected={second},label={column},first=VALUE"
)
SCALE = (
    "'{column}' holds {values}, which may be a scale; say which values stand for {first} and for {second}: "
    "--columns prompt=…,chosen={first},rejected={second},label={column},first=VALUE,second=VALUE "
    "(numbers between them count for the nearer one, the middle is a tie)"
)
DISAGREE = (
    "'{column}' and '{other}' both seem to say which answer is better, and disagree in some rows; name the one to use: "
    "--columns prompt=…,chosen={first},rejected={second},label={column}; if each holds the verdicts of one person: "
    "label={column}+{other}"
)
UNREADABLE = (
    "'{column}' holds {values}, which name neither '{first}' nor '{second}'; say which values stand for them: "
    "--columns prompt=…,chosen={first},rejected={second},label={column},first=VALUE,second=VALUE"
)


def side_of(value: object, first: str, second: str) -> Side | None:
    """Which side a value names without doubt; None where it names none.

    Args:
        first, second: the columns of the two answers.
    """
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        return None
    plain = _plain(value)
    if plain in _TIES or value.strip() in ("=", "=="):
        return "tie"
    if plain == _plain(first):
        return "first"
    if plain == _plain(second):
        return "second"
    words = set(re.split(r"[^a-z0-9]+", value.lower()))
    one, two = bool(words & _FIRST), bool(words & _SECOND)
    # "a" is a word too: a sentence is no verdict
    if one != two and len(words - {""}) <= 4:
        return "first" if one else "second"
    return None


def _plain(text: str) -> str:
    return _LETTERS.sub("", text.lower())


def verdict_beside(sample: Sample, sides: tuple[str, str]) -> str | None:
    """A column that names one or the other of two answers, row by row; None where there is none."""
    column = verdict_column(sample, sides)
    if column is None:
        return None
    named = {side_of(value, *sides) for value in sample.values(column)}
    return column if {"first", "second"} <= named else None


def verdict_column(sample: Sample, sides: tuple[str, str], answers: Container[str] = ()) -> str | None:
    """The column that says which of two answers is better; None where there is none.

    Args:
        answers: the columns of all answers, where there are more than two.
    Raises:
        DataError: two columns do, and disagree.
    """
    spelt = {name: col for name, col in sample.plain().items() if col not in sides and col not in answers}
    known = [spelt[name] for name in VERDICTS if name in spelt and sample.values(spelt[name])]
    asked = [column for name, column in spelt.items() if set(name.split("_")) & _BETTER and sample.values(column)]
    asked = list(dict.fromkeys([*known, *asked]))
    for other in asked[1:]:
        both = [[side_of(row.get(name), *sides) for name in (asked[0], other)] for row in sample.rows]
        if any({"first", "second"} == set(pair) for pair in both):
            raise DataError(DISAGREE.format(column=asked[0], other=other, first=sides[0], second=sides[1]))
    return asked[0] if asked else None


def score_columns(sample: Sample, sides: tuple[str, str]) -> tuple[str, str] | None:
    """Columns of numbers that end as the two answers do."""
    for one, two in ENDS:
        if sides[0].lower().endswith(one) and sides[1].lower().endswith(two):
            cut = len(sides[0]) - len(one)
            for stem in SCORES:
                for joint in ("_", ""):
                    pair = (f"{stem}{joint}{sides[0][cut:]}", f"{stem}{joint}{sides[1][len(sides[1]) - len(two) :]}")
                    if sample.has(*pair):
                        return pair
    return None


def decided_by(column: str, sample: Sample, sides: tuple[str, str]) -> Callable[[Content], Side | None]:
    """How a column of verdicts is read."""
    first, second = sides
    if column in _SCALES:
        return lambda row: by_sign(row.get(column), negative_is_first=True)
    if column == "labels" and first == "human_ref_A":  # SHP: 1 says that A is preferred
        return _numbered(column, first=1, second=0)
    said = [value for value in sample.values(column) if str(value).strip() and side_of(value, "-", "-") != "tie"]
    numbers = {number_of(value) for value in said}
    if numbers and None not in numbers:
        ends = (bare(first)[-1:], bare(second)[-1:])
        if ends == ("0", "1") and numbers <= {0, 1}:
            return _numbered(column, first=0, second=1)
        if numbers <= {1, 2} and (2 in numbers or ends == ("1", "2")):
            return _numbered(column, first=1, second=2)
        shown = sorted({str(value) for value in sample.values(column)})
        values = ", ".join(shown[:7])
        message = AMBIGUOUS if len(shown) <= 2 else SCALE
        raise DataError(message.format(column=column, values=values, first=first, second=second))

    models, tied = model_columns(sample, column), sample.first(TIED)

    def decide(row: Content) -> Side | None:
        value = row.get(column)
        if tied is not None and str(row.get(tied)).lower() in ("true", "1"):
            return "tie"
        if models is not None and isinstance(value, str):
            named = [row.get(name) == value for name in models]
            if named.count(True) == 1:
                return "first" if named[0] else "second"
        if isinstance(value, str) and len(value) > 1 and (texts := [row.get(side) for side in sides]).count(value) == 1:
            return "first" if texts[0] == value else "second"
        return side_of(value, first, second)

    if all(decide(row) is None for row in sample.rows):
        values = ", ".join(sorted({str(value) for value in sample.values(column)})[:5])
        raise DataError(UNREADABLE.format(column=column, values=values, first=first, second=second))
    return decide


def model_columns(sample: Sample, column: str) -> tuple[str, str] | None:
    """The columns of the names of the two models, where a column of verdicts repeats one of them in some row."""
    sides: dict[str, str] = {}
    for name, original in sample.plain().items():
        words = set(name.split("_"))
        if original != column and any(word.startswith(_SYSTEMS) for word in words):
            for side, marks in (("first", _FIRST | {"1"}), ("second", _SECOND | {"2"})):
                if words & marks or any(
                    word == f"{system}{mark}" for system in _SYSTEMS for mark in marks for word in words
                ):
                    sides.setdefault(side, original)
    if len(sides) < 2:
        return None
    pair = (sides["first"], sides["second"])
    repeated = any(row.get(column) in (row.get(pair[0]), row.get(pair[1])) for row in sample.rows if row.get(column))
    return pair if repeated else None


def _numbered(column: str, *, first: int, second: int) -> Callable[[Content], Side | None]:
    """A column in which one number stands for the first answer, and one for the second."""

    def decide(row: Content) -> Side | None:
        number = number_of(row.get(column))
        if number is None:
            return "tie" if side_of(row.get(column), "-", "-") == "tie" else None
        return "first" if number == first else "second" if number == second else None

    return decide


def decided_by_flags(row: Content) -> Side | None:
    """The side that one of three columns marks with 1 (LMSYS)."""
    flags = [number_of(row.get(name)) for name in ("winner_model_a", "winner_model_b", "winner_tie")]
    sides: tuple[Side, ...] = ("first", "second", "tie")
    return sides[flags.index(1)] if flags.count(1) == 1 else None


def decided_by_scores(columns: tuple[str, str]) -> Callable[[Content], Side | None]:
    """How two columns of scores, or of ranks, are read."""
    lower = columns[0].lower().startswith(LOWER_IS_BETTER)

    def decide(row: Content) -> Side | None:
        one, two = (number_of(row.get(name)) for name in columns)
        if one is None or two is None:
            return None
        return "tie" if one == two else "first" if (one > two) != lower else "second"

    return decide


def by_sign(value: object, *, negative_is_first: bool) -> Side | None:
    """The side that the sign of a number means; 0 is a tie."""
    number = number_of(value)
    if number is None:
        return None
    if number == 0:
        return "tie"
    return "first" if (number < 0) == negative_is_first else "second"


def number_of(value: object) -> float | None:
    """A number, also as a text (`4,5` is 4.5) or as true or false; None for anything else."""
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        return float(_COMMA.sub(r"\1.\2", value)) if isinstance(value, str) and value.strip() else None
    except ValueError:
        return None
