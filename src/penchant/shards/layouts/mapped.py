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
    prompt_of,
    prompt_turns,
)
from penchant.shards.layouts.battles import NO_VERDICT, TIE, Side, number_of, side_of
from penchant.shards.layouts.ratings import thumb_of
from penchant.shards.layouts.scores import beats
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
        if name != "first" and column not in sample.columns:
            near = difflib.get_close_matches(column, sample.columns, n=1, cutoff=0.0)
            hint = f"; nearest is '{near[0]}'" if near else ""
            raise ConfigError(
                f"`columns` {name}={column}: the data has no such column{hint}; it has: {', '.join(sample.columns)}"
            )
    fields = {name: column for name, column in columns.items() if name != "first"}
    read = _reader(dict(columns))
    return Layout("columns", fields, read)


def _reader(columns: dict[str, str]):  # type: ignore[no-untyped-def]
    prompt_key = columns.get("prompt")
    if {"chosen", "rejected"} <= columns.keys():
        return lambda row: _pair(row, prompt_key, columns)
    if {"answers", "scores"} <= columns.keys():
        return lambda row: _scored(row, prompt_key, columns)
    if {"answer", "label"} <= columns.keys():
        return lambda row: _rated(row, prompt_key, columns)
    if prompt_key is not None and not {"chosen", "rejected", "answer", "answers"} & columns.keys():
        return lambda row: [PromptOnly(prompt_of(row, prompt_key))]
    raise ConfigError(
        "`columns` make no preference: name chosen and rejected (and label, if it says which is better), or answers "
        "and scores, or answer and label; a prompt alone makes questions"
    )


def _prompt(row: Content, prompt_key: str | None, before: Turns) -> Turns:
    turns = turns_of(row.get(prompt_key), prompt_key) if prompt_key is not None else ()
    if before and (not turns or before[: len(turns)] == turns):
        turns = before
    return prompt_turns(turns, prompt_key or "the prompt")


def _pair(row: Content, prompt_key: str | None, columns: Mapping[str, str]) -> Iterator[Statement]:
    first, second = columns["chosen"], columns["rejected"]
    (before, one), (_, other) = answer_of(row.get(first), first), answer_of(row.get(second), second)
    side: Side | None = "first"
    if "label" in columns:
        side = _side(row.get(columns["label"]), first, second, (one, other), columns.get("first"))
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
    texts = texts_of(row.get(columns["answers"]), columns["answers"])
    scores = row.get(columns["scores"])
    values = [number_of(score) for score in scores] if isinstance(scores, list | tuple) else []
    if len(values) != len(texts):
        yield Nothing("answers and scores are not lists of the same length")
        return
    yield from beats(_prompt(row, prompt_key, ()), zip(texts, values, strict=True))


def _rated(row: Content, prompt_key: str | None, columns: Mapping[str, str]) -> Iterator[Statement]:
    before, answer = answer_of(row.get(columns["answer"]), columns["answer"])
    value = row.get(columns["label"])
    if "first" in columns:
        liked: bool | Nothing = Nothing("the answer is not rated") if value is None else _same(value, columns["first"])
    else:
        liked = thumb_of(value)
    prompt = _prompt(row, prompt_key, before)
    yield liked if isinstance(liked, Nothing) else Verdict(prompt, answer, liked)
