"""Two answers that several people judge, each in a column of their own: `annotator1`, `annotator2`, …

A person of such a table is known by the column's name. PandaLM (arXiv:2306.05087) writes 1, 2, and 0 for a tie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from penchant.errors import DataError
from penchant.shards.fields import Content
from penchant.shards.layouts.base import Choice, Layout, Sample, Statement, plain, prompt_turns
from penchant.shards.layouts.battles import prompt_column, sides_of
from penchant.shards.layouts.verdicts import NO_VERDICT, TIE, Side, number_of, side_of
from penchant.shards.turns import answer_of, turns_of

_ROLES = "annotator|rater|judge|worker|labell?er|evaluator|voter|vote|reviewer|expert"
_JUDGE = re.compile(
    rf"(?:{_ROLES})_?(?:\d{{1,3}}|(?!(?:id|name|type|model|email|hash|age|gender|count|index)\b)[a-z]{{2,20}})"
)

_ONE = "'{names}' names one answer or the other; if it says which is better: --columns {mapping},label={names}"
_SEVERAL = (
    "{names} each name one answer or the other; if each holds the verdicts of one person: "
    "--columns {mapping},label={joined}; if they answer different questions, name the one to use: label={first}"
)
_COUNTED: dict[float | None, Side] = {0: "tie", 1: "first", 2: "second"}


def panel(sample: Sample) -> Layout | None:
    """A table with two answers and a column of verdicts for each judge, which has a name such as `annotator_1`."""
    sides, prompt_key = sides_of(sample), prompt_column(sample)
    judges = [name for name in sample.columns if _JUDGE.fullmatch(plain(name)) and sample.values(name)]
    if sides is None or prompt_key is None or len(judges) < 2:
        return None
    verdicts = [value for name in judges for value in sample.values(name) if str(value).strip()]
    numbers = {number_of(value) for value in verdicts if side_of(value, "-", "-") != "tie"}
    counted = numbers <= {0, 1, 2} and 2 in numbers
    if not counted and not all(side_of(value, *sides) for value in verdicts):
        return None

    def side(value: object) -> Side | None:
        if not counted or side_of(value, "-", "-") == "tie":
            return side_of(value, *sides)
        return _COUNTED.get(number_of(value))

    def read(row: Content) -> Iterator[Statement]:
        texts = [row.get(prompt_key), *([row.get("input")] if prompt_key == "instruction" else [])]
        asked = texts[0] if not isinstance(texts[0], str) else "\n\n".join(str(text) for text in texts if text)
        prompt = prompt_turns(turns_of(asked, prompt_key))
        one, other = (answer_of(row.get(name), name)[1] for name in sides)
        for judge in judges:
            match side(row.get(judge)):
                case "first":
                    yield Choice(prompt, one, other, user=judge)
                case "second":
                    yield Choice(prompt, other, one, user=judge)
                case "tie":
                    yield TIE
                case _:
                    yield NO_VERDICT

    fields = {"prompt": prompt_key, "chosen": sides[0], "rejected": sides[1], "label": judges[0]}
    return Layout("a column for each judge", fields, read, also=frozenset({*judges, "input"} & set(sample.columns)))


def unnamed(sample: Sample) -> None:
    """Refuses a table with two answers and columns that may hold verdicts, by names that do not say so.

    Raises:
        DataError: there are such columns; it says how to name them.
    """
    sides, prompt_key = sides_of(sample), prompt_column(sample)
    if sides is None or prompt_key is None:
        return
    kept = [name for name in sample.columns if name not in (*sides, prompt_key)]
    found = []
    for name in kept:
        verdicts = {value: side_of(value, *sides) for value in map(str, sample.values(name))}
        # a remark of several words may begin with "a"
        short = all(side == "tie" or (side and len(value.split()) <= 2) for value, side in verdicts.items())
        if short and set(verdicts.values()) & {"first", "second"}:
            found.append(name)
    said = {side_of(value, *sides) for name in found for value in sample.values(name)}
    if {"first", "second"} <= said:
        mapping = f"prompt={prompt_key},chosen={sides[0]},rejected={sides[1]}"
        sentence = _ONE if len(found) == 1 else _SEVERAL
        raise DataError(
            sentence.format(names=", ".join(found), first=found[0], joined="+".join(found), mapping=mapping)
        )
