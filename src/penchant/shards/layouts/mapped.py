"""A layout that the user states: which column holds what (`--columns prompt=question,chosen=…`)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from penchant.errors import ConfigError
from penchant.shards.fields import Content
from penchant.shards.layouts.base import (
    Choice,
    Layout,
    Nothing,
    PromptOnly,
    Sample,
    Statement,
    Turns,
    Verdict,
    cell,
    prompt_of,
)
from penchant.shards.layouts.battles import NO_VERDICT, TIE, Side, number_of, side_of
from penchant.shards.layouts.pairs import with_earlier
from penchant.shards.layouts.ratings import THUMBS, UNRATED, Scale, scale_of, thumb, unwrapped
from penchant.shards.layouts.scores import beats, picked
from penchant.shards.turns import answer_of, texts_of, turns_of

FIELDS = (
    "user_id", "record_id", "at", "split", "attribute", "prompt", "chosen", "rejected", "label", "first", "answer",
    "answers", "scores",
)  # fmt: skip
"""What `--columns` may name. `first` is no column: it is the label that stands for the answer in `chosen`."""
IDENTITY = ("user_id", "record_id", "at", "split", "attribute")
"""Fields about the row; they may be named beside a layout that is recognised."""
_SHAPE = "give user_id=annotator,prompt=question,chosen=answer_a,rejected=answer_b,label=preferred, or such a YAML file"


def parse_columns(text: str) -> dict[str, str]:
    """A mapping field -> column, from `field=column,…` or a YAML file.

    Raises:
        ConfigError: the text has another form, or names an unknown field.
    """
    if text.endswith((".yaml", ".yml")):
        try:
            content = yaml.safe_load(Path(text).read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
            raise ConfigError(f"`columns` {text}: not a readable YAML file ({error}); {_SHAPE}") from error
        if not isinstance(content, dict):
            raise ConfigError(f"`columns` {text}: holds no mapping; {_SHAPE}")
        stated = {str(key): str(value) for key, value in content.items()}
    else:
        parts = [part.partition("=") for part in text.split(",") if part.strip()]
        if not parts or not all(sign and column.strip() for _, sign, column in parts):
            raise ConfigError(f"`columns` {text}: not of the form field=column; {_SHAPE}")
        stated = {name.strip(): column.strip() for name, _, column in parts}
    for name in stated:
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.0)[0]
            raise ConfigError(f"`columns` names no field '{name}'; nearest is '{near}'; known are {', '.join(FIELDS)}")
    return stated


def mapped(sample: Sample, columns: Mapping[str, str]) -> Layout:
    """The layout that a mapping states.

    Raises:
        ConfigError: a column is not there, or the fields make no preference.
    """
    for name, column in columns.items():
        names = (*sample.columns, *sample.nested())
        if name != "first" and column not in names and not sample.values(column):
            near = difflib.get_close_matches(column, names, n=1, cutoff=0.0)
            hint = f"; nearest is '{near[0]}'" if near else ""
            raise ConfigError(
                f"`columns` {name}={column}: the data has no such column{hint}; it has: {', '.join(names)}"
            )
    fields = {name: column for name, column in columns.items() if name != "first"}
    read = _reader(sample, dict(columns))
    return Layout("columns", fields, read)


def _reader(sample: Sample, columns: dict[str, str]):  # type: ignore[no-untyped-def]
    prompt_key = columns.get("prompt")
    if {"chosen", "rejected"} <= columns.keys():
        return lambda row: _pair(row, prompt_key, columns)
    if {"answers", "scores"} <= columns.keys():
        return lambda row: _scored(row, prompt_key, columns)
    if {"answers", "label"} <= columns.keys():
        return picked(sample, prompt_key, columns["answers"], columns["label"], columns.get("first"))
    if {"answer", "label"} <= columns.keys():
        label = columns["label"]
        scale = THUMBS if "first" in columns else scale_of(sample.values(label), label)
        return lambda row: _rated(row, prompt_key, columns, scale)
    if prompt_key is not None and not {"chosen", "rejected", "answer", "answers"} & columns.keys():
        return lambda row: [PromptOnly(prompt_of(row, prompt_key))]
    raise ConfigError(
        "`columns` make no preference: name chosen and rejected (and label, if it says which is better), or answers "
        "and scores, or answers and label, or answer and label; a prompt alone makes questions"
    )


def _prompt(row: Content, prompt_key: str | None, before: Turns) -> Turns:
    turns = turns_of(unwrapped(cell(row, prompt_key)), prompt_key) if prompt_key is not None else ()
    return with_earlier(turns, before, prompt_key or "the prompt")


def _pair(row: Content, prompt_key: str | None, columns: Mapping[str, str]) -> Iterator[Statement]:
    first, second = columns["chosen"], columns["rejected"]
    (before, one), (_, other) = answer_of(cell(row, first), first), answer_of(cell(row, second), second)
    side: Side | None = "first"
    if "label" in columns:
        side = _side(cell(row, columns["label"]), first, second, (one, other), columns.get("first"))
    if side is None:
        yield NO_VERDICT
    elif side == "tie":
        yield TIE
    else:
        pair = (one, other) if side == "first" else (other, one)
        yield Choice(_prompt(row, prompt_key, before), *pair)


def _side(value: object, first: str, second: str, texts: tuple[str, str], stated: str | None) -> Side | None:
    if value is None:
        return None
    if stated is not None:
        named = side_of(value, first, second)
        if named == "tie":
            return "tie"
        return "first" if _same(value, stated) else "second"
    if isinstance(value, str) and value in texts and texts[0] != texts[1]:
        return "first" if value == texts[0] else "second"
    number = number_of(value)
    if number is not None:
        if number in (1, 2) and not isinstance(value, bool) and first[-1:] == "1" and second[-1:] == "2":
            return "first" if number == 1 else "second"
        raise ConfigError(
            f"`columns`: the label holds {value!r}, which does not say which answer it means; "
            f"add first=VALUE, the value that stands for '{first}'"
        )
    return side_of(value, first, second)


def _same(value: object, stated: str) -> bool:
    numbers = (number_of(value), number_of(stated))
    if None not in numbers:
        return numbers[0] == numbers[1]
    return str(value).strip().lower() == stated.strip().lower()


def _scored(row: Content, prompt_key: str | None, columns: Mapping[str, str]) -> Iterator[Statement]:
    texts = texts_of(cell(row, columns["answers"]), columns["answers"])
    scores = cell(row, columns["scores"])
    values = [number_of(score) for score in scores] if isinstance(scores, list | tuple) else []
    if len(values) != len(texts):
        yield Nothing("answers and scores are not lists of the same length")
        return
    yield from beats(_prompt(row, prompt_key, ()), zip(texts, values, strict=True))


def _rated(row: Content, prompt_key: str | None, columns: Mapping[str, str], scale: Scale) -> Iterator[Statement]:
    before, answer = answer_of(unwrapped(cell(row, columns["answer"])), columns["answer"])
    value, prompt = cell(row, columns["label"]), _prompt(row, prompt_key, before)
    if "first" not in columns:
        yield from thumb(value, prompt, answer, scale)
    elif value is None:
        yield UNRATED
    else:
        yield Verdict(prompt, answer, _same(value, columns["first"]))
