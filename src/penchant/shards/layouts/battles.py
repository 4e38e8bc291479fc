"""Layouts with two answers and a verdict: votes between models (LMSYS), SHP, WebGPT, HelpSteer, tables of one's own.

Which value means which answer differs from file to file. A verdict is taken if its value names a side ("a", "left",
the name of the column, the text of the answer) or if the layout is a published one. A file whose verdicts could mean
either is refused with the option that settles it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Literal

from penchant.errors import DataError, RecordError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import (
    REJECTED,
    Choice,
    Layout,
    Nothing,
    Sample,
    Statement,
    Turns,
    prompt_turns,
    rejected,
)
from penchant.shards.turns import answer_of, texts_of, turns_of

Side = Literal["first", "second", "tie"]
TIE = Nothing("the two answers tie")
NO_VERDICT = Nothing("the verdict is neither side")
_STEMS = (
    "conversation", "response", "answer", "completion", "output", "reply", "text", "option", "candidate", "message",
    "output_text", "human_ref", "orig_response", "generation", "model_response", "summary", "assistant", "result",
    "content", "",
)  # fmt: skip
_ENDS = (("a", "b"), ("1", "2"), ("0", "1"), ("left", "right"), ("one", "two"), ("first", "second"))
VERDICTS = (
    "winner", "preference", "preferred", "preferred_response", "preferred_answer", "choice", "chosen", "better",
    "better_response", "better_response_id", "vote", "verdict", "selected", "selection", "overall_preference",
    "preference_strength", "orig_preference", "human_preference", "judgment", "judgement", "label", "labels", "pick",
    "picked", "favorite", "favourite", "best", "result", "annotation", "rating", "decision",
)  # fmt: skip
_PROMPTS = (
    "prompt", "question", "orig_instruction", "instruction", "history", "context", "query", "input", "post", "task",
    "user_prompt", "request", "user", "messages", "conversation", "input_text",
)  # fmt: skip
_BETTER = {"better", "prefer", "prefers", "preferred", "preference", "winner", "best"}
"""Words that a column of verdicts has in its name, such as "Which answer is better?"."""
WORSE = {"worse", "worst", "loser", "lost", "harmful", "flagged", "error", "errors", "bad"}
"""Words in the name of a column that says which answer is the worse one."""
_SHOWN = {"swapped", "swap", "flipped", "is_swapped", "is_flipped", "reversed", "shown_first", "first_shown"}
"""Columns that say in which order the answers were shown."""
_SYSTEMS = ("model", "variant", "version", "system", "arm")
"""Words for what wrote an answer, in names of columns."""
SCORES = ("score", "rating", "votes", "reward", "quality", "rank")
"""Beginnings of the names of columns with a number for each answer."""
LOWER_IS_BETTER = ("rank",)
_TIES = frozenset((
    "tie", "ties", "tievote", "bothbadvote", "aboutthesame", "unjudgeable", "tieinconsistent", "tied", "draw",
    "both", "bothbad", "bothgood", "neither", "equal", "same", "none", "nopreference", "tiebothbad", "equallygood",
    "even", "unsure", "0.5", "nobody", "boththesame", "bothequal", "bothequallygood", "equallybad", "nodifference",
    "cantdecide", "skip",
))  # fmt: skip
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
SHOWN = (
    "'{moved}' says in which order the answers were shown, so '{column}' may name a place and not an answer; if it "
    "names an answer, say so: --columns prompt=…,chosen={first},rejected={second},label={column},first=VALUE"
)
DISAGREE = (
    "'{column}' and '{other}' both say which answer is better, and disagree in some rows; choose one: "
    "--columns prompt=…,chosen={first},rejected={second},label={column}"
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
    if plain in _TIES:
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


def battled(sample: Sample) -> Layout | None:
    """A file with two answers and a verdict, or a score for each.

    Raises:
        DataError: the verdicts could mean either side.
    """
    sides = sides_of(sample)
    if sides is None:
        return None
    first, second = sides
    decide: Callable[[Content], Side | None]
    columns: tuple[str, ...]
    winners = tuple(name for name in ("winner_model_a", "winner_model_b", "winner_tie") if sample.has(name))
    if len(winners) == 3:
        decide, columns, name = _decided_by_flags, winners, "lmsys"
    elif (verdict := verdict_column(sample, sides)) is not None:
        decide, columns = _decided_by(verdict, sample, sides), (verdict,)
        name = "lmsys" if first == "conversation_a" else "shp" if first == "human_ref_A" else "battles"
    elif first == "output_text_a" and sample.has("score"):  # LLM Comparator: above 0, A is better
        columns, name = ("score",), "llm comparator"

        def decide(row: Content) -> Side | None:
            return _by_sign(row.get("score"), negative_is_first=False)

    elif (scores := _score_columns(sample, sides)) is not None:
        decide, columns, name = _decided_by_scores(scores), scores, "battles"
    else:
        return None
    if name == "battles" and (moved := next((sample.plain()[n] for n in _SHOWN if n in sample.plain()), None)):
        raise DataError(SHOWN.format(moved=moved, column=columns[0], first=first, second=second))
    prompt_key = None if first == "conversation_a" else prompt_column(sample)
    if prompt_key is None and not first.lower().startswith("conversation"):
        return None
    fields = {"chosen": first, "rejected": second, "label": columns[0]}
    if prompt_key is not None:
        fields = {"prompt": prompt_key, **fields}

    def read(row: Content) -> Iterator[Statement]:
        verdict = REJECTED if rejected(row) else None
        yield verdict or _decided(decide(row), *_answers(row, prompt_key, first, second))

    return Layout(name, fields, read, also=frozenset(columns))


def prompt_column(sample: Sample) -> str | None:
    """The column that holds the prompt, in any spelling of capitals."""
    spelt = sample.plain()
    return next((spelt[name] for name in _PROMPTS if name in spelt), None)


def sides_of(sample: Sample) -> tuple[str, str] | None:
    """The columns of the two answers."""
    spelt = sample.plain()
    for stem in _STEMS:
        for one, two in _ENDS:
            for pattern in ("{stem}_{end}", "{stem}{end}", "{end}_{stem}", "{stem} {end}", "{stem}-{end}"):
                pair = [pattern.format(stem=stem, end=end).strip("_- ") for end in (one, two)]
                if pair[0] in spelt and pair[1] in spelt and (stem or one in ("a", "left")):
                    columns = (spelt[pair[0]], spelt[pair[1]])
                    if all(not isinstance(sample.value(name), bool | int | float) for name in columns):
                        return columns
    if sample.has("model_a_response", "model_b_response"):
        return ("model_a_response", "model_b_response")
    return None


def siblings(sample: Sample, sides: tuple[str, str]) -> tuple[str, ...]:
    """The columns of all answers: those of the two sides, and others that are lettered or numbered on from them."""
    stem, last = sides[0][:-1], sides[1][-1:]
    more = [name for name in sample.columns if name[:-1] == stem and name[-1:].isalnum() and name[-1:] > last]
    return (*sides, *sorted(more))


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
        DataError: two columns do, by names that decide nothing, and disagree.
    """
    spelt = {name: col for name, col in sample.plain().items() if col not in sides and col not in answers}
    known = next((spelt[name] for name in VERDICTS if name in spelt and sample.values(spelt[name])), None)
    if known is not None:
        return known
    asked = [column for name, column in spelt.items() if set(name.split("_")) & _BETTER and sample.values(column)]
    for other in asked[1:]:
        both = [[side_of(row.get(name), *sides) for name in (asked[0], other)] for row in sample.rows]
        if any({"first", "second"} == set(pair) for pair in both):
            raise DataError(DISAGREE.format(column=asked[0], other=other, first=sides[0], second=sides[1]))
    return asked[0] if asked else None


def _score_columns(sample: Sample, sides: tuple[str, str]) -> tuple[str, str] | None:
    """Columns of numbers that end as the two answers do."""
    for one, two in _ENDS:
        if sides[0].lower().endswith(one) and sides[1].lower().endswith(two):
            cut = len(sides[0]) - len(one)
            for stem in SCORES:
                for joint in ("_", ""):
                    pair = (f"{stem}{joint}{sides[0][cut:]}", f"{stem}{joint}{sides[1][len(sides[1]) - len(two) :]}")
                    if sample.has(*pair):
                        return pair
    return None


def _decided_by(column: str, sample: Sample, sides: tuple[str, str]) -> Callable[[Content], Side | None]:
    """How a column of verdicts is read."""
    first, second = sides
    if column in _SCALES:
        return lambda row: _by_sign(row.get(column), negative_is_first=True)
    if column == "labels" and first == "human_ref_A":  # SHP: 1 says that A is preferred
        return _numbered(column, first=1, second=0)
    said = [value for value in sample.values(column) if str(value).strip() and side_of(value, "-", "-") != "tie"]
    numbers = {number_of(value) for value in said}
    if numbers and None not in numbers:
        ends = (first[-1:], second[-1:])
        if ends == ("0", "1") and numbers <= {0, 1}:
            return _numbered(column, first=0, second=1)
        if numbers <= {1, 2} and (2 in numbers or ends == ("1", "2")):
            return _numbered(column, first=1, second=2)
        shown = sorted({str(value) for value in sample.values(column)})
        values = ", ".join(shown[:7])
        message = AMBIGUOUS if len(shown) <= 2 else SCALE
        raise DataError(message.format(column=column, values=values, first=first, second=second))

    models = model_columns(sample, column)

    def decide(row: Content) -> Side | None:
        value = row.get(column)
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


def _decided_by_flags(row: Content) -> Side | None:
    flags = [number_of(row.get(name)) for name in ("winner_model_a", "winner_model_b", "winner_tie")]
    sides: tuple[Side, ...] = ("first", "second", "tie")
    return sides[flags.index(1)] if flags.count(1) == 1 else None


def _decided_by_scores(columns: tuple[str, str]) -> Callable[[Content], Side | None]:
    lower = columns[0].lower().startswith(LOWER_IS_BETTER)

    def decide(row: Content) -> Side | None:
        one, two = (number_of(row.get(name)) for name in columns)
        if one is None or two is None:
            return None
        return "tie" if one == two else "first" if (one > two) != lower else "second"

    return decide


def _by_sign(value: object, *, negative_is_first: bool) -> Side | None:
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


def _answers(row: Content, prompt_key: str | None, first: str, second: str) -> tuple[Turns, str, str]:
    """The prompt and the two answers.

    Raises:
        RecordError: a text is missing, or two conversations differ before their last answer.
    """
    one, other = row.get(first), row.get(second)
    if prompt_key is None or (isinstance(one, list) and isinstance(other, list)):
        if number_of(row.get("turn")) == 1 and isinstance(one, list) and isinstance(other, list):
            one, other = one[:2], other[:2]  # MT-bench: the verdict is about the first turn
        before, answer = answer_of(one, first)
        beside, another = answer_of(other, second)
        if before != beside:
            raise RecordError("the two conversations differ before their last answer, so they share no prompt")
        return prompt_turns(before, first), answer, another
    value = row.get(prompt_key)
    if prompt_key == "instruction" and isinstance(row.get("input"), str) and isinstance(value, str):
        value = "\n\n".join(part for part in (value, str(row["input"]).strip()) if part.strip())  # AlpacaFarm
    if isinstance(value, Mapping) and isinstance(value.get("full_text"), str):  # WebGPT
        value = value["full_text"]
    if (
        isinstance(value, str)
        and value[:1] == "["
        and all(isinstance(side, str) and side[:1] == "[" for side in (one, other))
    ):
        return _several_turns(row, prompt_key, first, second)
    return prompt_turns(turns_of(value, prompt_key), prompt_key), answer_of(one, first)[1], answer_of(other, second)[1]


def _several_turns(row: Content, prompt_key: str, first: str, second: str) -> tuple[Turns, str, str]:
    """Prompts and answers as lists in cells (LMSYS on Kaggle)."""
    prompts, ones, others = (texts_of(row.get(name), name) for name in (prompt_key, first, second))
    for name, texts in ((prompt_key, prompts), (first, ones), (second, others)):
        if not texts or not texts[-1].strip():
            raise RecordError(f"{name} is empty")
    if ones[:-1] != others[:-1] or not len(prompts) == len(ones) == len(others):
        raise RecordError("the two conversations differ before their last answer, so they share no prompt")
    turns: list[Message] = []
    for prompt, answer in zip(prompts, ones, strict=True):
        turns += [Message("user", prompt), Message("assistant", answer)]
    return tuple(turns[:-1]), ones[-1], others[-1]


def _decided(side: Side | None, prompt: Turns, first: str, second: str) -> Statement:
    if side is None:
        return NO_VERDICT
    if side == "tie":
        return TIE
    return Choice(prompt, *((first, second) if side == "first" else (second, first)))
