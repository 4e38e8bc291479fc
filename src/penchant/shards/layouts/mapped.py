"""A layout that the user states: which column holds what (`--columns prompt=question,chosen=…`)."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from penchant.errors import ConfigError, RecordError
from penchant.shards.fields import Content
from penchant.shards.layouts.base import (
    REJECTED,
    Choice,
    Described,
    Layout,
    Nothing,
    PromptOnly,
    Sample,
    Statement,
    Turns,
    Verdict,
    Wrote,
    cell,
    plain,
    prompt_of,
    rejected,
)
from penchant.shards.layouts.battles import last_answers
from penchant.shards.layouts.choices import picked
from penchant.shards.layouts.pairs import names_columns, with_earlier
from penchant.shards.layouts.ratings import NEUTRAL, THUMBS, UNCLEAR, UNRATED, Scale, scale_of, thumb, unwrapped
from penchant.shards.layouts.scores import beats
from penchant.shards.layouts.verdicts import (
    NO_VERDICT,
    TIE,
    WORSE,
    Side,
    model_columns,
    number_of,
    side_of,
    verdict_beside,
)
from penchant.shards.turns import answer_of, filled, texts_of, turns_of

FIELDS = (
    "user_id", "record_id", "at", "split", "attribute", "prompt", "chosen", "rejected", "label", "first", "second",
    "answer", "answers", "scores", "text", "description",
)  # fmt: skip
"""What `--columns` may name. `first` and `second` are no columns: they are the labels that mean the two answers. `text`
is what a person wrote, `description` what describes them."""
_LABELS = ("first", "second")
_ABOUT_PERSON = ("text", "description")
_TEXTS = ("prompt", "chosen", "rejected", "answer", "answers", "label", "scores")
"""Fields of which no two can be in one column."""
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
    columns = dict(columns)
    judges = _judges(sample, columns.get("label", ""))
    if len(judges) > 1 and {"chosen", "rejected"} <= columns.keys():
        return _judged(sample, columns, judges)
    for name, column in columns.items():
        names = (*sample.columns, *sample.nested())
        if name not in _LABELS and column not in names and not sample.values(column):
            near = difflib.get_close_matches(column, names, n=1, cutoff=0.0)
            hint = f"; nearest is '{near[0]}'" if near else ""
            raise ConfigError(
                f"`columns` {name}={column}: the data has no such column{hint}; it has: {', '.join(names)}"
            )
    fields = {name: column for name, column in columns.items() if name not in _LABELS}
    for column in (texts := [fields[name] for name in _TEXTS if name in fields]):
        if texts.count(column) > 1:
            twice = " and ".join(name for name in _TEXTS if fields.get(name) == column)
            raise ConfigError(f"`columns` {twice} name the same column, {column}; each needs a column of its own")
    read = _reader(sample, dict(columns))
    return Layout("columns", fields, read)


def _judges(sample: Sample, label: str) -> list[str]:
    """The columns that `label=ann+bob` names; fewer than two where it names one column, or one that is not there."""
    names = [name.strip() for name in label.split("+")]
    return names if label not in sample.columns and all(name in sample.columns for name in names) else []


def _judged(sample: Sample, columns: Mapping[str, str], judges: Sequence[str]) -> Layout:
    """Two answers and a column of verdicts for each judge, who is known by its name."""
    alone = [mapped(sample, {**columns, "label": judge}) for judge in judges]

    def read(row: Content) -> Iterator[Statement]:
        for judge, layout in zip(judges, alone, strict=True):
            for stated in layout.read(row):
                yield replace(stated, user=judge) if isinstance(stated, Choice) else stated

    return Layout("columns", alone[0].fields, read, also=frozenset(judges))


def _reader(sample: Sample, columns: dict[str, str]) -> Callable[[Content], Iterable[Statement]]:
    prompt_key = columns.get("prompt")
    if {"chosen", "rejected"} <= columns.keys():
        decide = _verdicts(sample, columns)
        return lambda row: _pair(row, prompt_key, columns, decide)
    if {"answers", "scores"} <= columns.keys():
        return lambda row: _scored(row, prompt_key, columns)
    if {"answers", "label"} <= columns.keys():
        return picked(sample, prompt_key, columns["answers"], columns["label"], columns.get("first"))
    if {"answer", "label"} <= columns.keys():
        label = columns["label"]
        if "first" not in columns and set(plain(label).split("_")) & WORSE:
            raise ConfigError(
                f"`columns` label={label}: it seems to mark bad answers; add first=VALUE, which means good"
            )
        if "first" in columns:
            stated = _stated(columns, values_of(sample, label), "a thumb down", None)
            return lambda row: _rated(row, prompt_key, columns, THUMBS, stated)
        scale = scale_of(sample.values(label), label)
        return lambda row: _rated(row, prompt_key, columns, scale, None)
    if {"text", "description"} & columns.keys():
        return lambda row: _about_person(row, prompt_key, columns)
    if prompt_key is not None and not {"chosen", "rejected", "answer", "answers"} & columns.keys():
        return lambda row: [PromptOnly(prompt_of(row, prompt_key))]
    raise ConfigError(
        "`columns` make no preference: name chosen and rejected (and label, if it says which is better), or answers "
        "and scores, or answers and label, or answer and label; a prompt alone makes questions; text is what a person "
        "wrote, and description what describes them"
    )


def _about_person(row: Content, prompt_key: str | None, columns: Mapping[str, str]) -> Iterator[Statement]:
    """What the person wrote, and what describes them."""
    prompt = cell(row, prompt_key) if prompt_key is not None else None
    texts = {name: str(cell(row, column) or "").strip() for name, column in columns.items() if name in _ABOUT_PERSON}
    if not any(texts.values()):
        raise RecordError(f"{' and '.join(columns[name] for name in texts)} is empty")
    if texts.get("text"):
        yield Wrote(filled(texts["text"], columns["text"]), prompt if isinstance(prompt, str) else "")
    if texts.get("description"):
        yield Described(filled(texts["description"], columns["description"]))


def _prompt(row: Content, prompt_key: str | None, before: Turns) -> Turns:
    turns = turns_of(unwrapped(cell(row, prompt_key)), prompt_key) if prompt_key is not None else ()
    return with_earlier(turns, before, prompt_key or "the prompt")


Decide = Callable[[Content, tuple[str, str]], Side | None]
"""Which of two answers a row prefers; takes the row and the two texts."""


def _pair(row: Content, prompt_key: str | None, columns: Mapping[str, str], decide: Decide) -> Iterator[Statement]:
    first, second = columns["chosen"], columns["rejected"]
    if rejected(row):
        yield REJECTED
        return
    before, one, other = last_answers(row, first, second)
    side = decide(row, (one, other))
    if side is None:
        yield NO_VERDICT
    elif side == "tie":
        yield TIE
    else:
        pair = (one, other) if side == "first" else (other, one)
        yield Choice(_prompt(row, prompt_key, before), *pair)


def _verdicts(sample: Sample, columns: Mapping[str, str]) -> Decide:
    """How the label of two answers is read.

    Raises:
        ConfigError: `chosen` holds no answers, or the labels could be read in two ways.
    """
    first, second = columns["chosen"], columns["rejected"]
    for name in ("chosen", "rejected"):
        if names_columns(sample, columns[name]):
            raise ConfigError(f"`columns` {name}={columns[name]}: it holds numbers or letters in place of answers")
    if "label" not in columns and (verdict := verdict_beside(sample, (first, second))) is not None:
        raise ConfigError(
            f"`columns` chosen={first},rejected={second}: '{verdict}' seems to say which of them is better; add "
            f"label={verdict}, or rename it if the first is always the better one"
        )
    if "label" not in columns:
        return lambda _row, _texts: "first"
    label = columns["label"]
    values = values_of(sample, label)
    listing = ", ".join(values[:7])
    models = model_columns(sample, label)
    if "first" in columns:
        return _stated(columns, values, f"'{second}'", models)
    if set(plain(label).split("_")) & WORSE:
        raise ConfigError(
            f"`columns` label={label}: it seems to name the worse answer; add first=VALUE, one of {listing}"
        )

    def decide(row: Content, texts: tuple[str, str]) -> Side | None:
        value = cell(row, label)
        if models is not None and isinstance(value, str):
            named = [row.get(name) == value for name in models]
            return None if named.count(True) != 1 else "first" if named[0] else "second"
        if isinstance(value, str) and value in texts and texts[0] != texts[1]:
            return "first" if value == texts[0] else "second"
        number = number_of(value)
        if number is None:
            return side_of(value, first, second)
        if number in (1, 2) and not isinstance(value, bool) and first[-1:] == "1" and second[-1:] == "2":
            return "first" if number == 1 else "second"
        raise ConfigError(
            f"`columns`: the label holds {value!r}, which does not say which answer it means; "
            f"add first=VALUE, the value that stands for '{first}'"
        )

    return decide


def values_of(sample: Sample, column: str) -> list[str]:
    """The different values of a column in the sample, as texts."""
    return list(dict.fromkeys(map(str, sample.values(column))))


def _stated(
    columns: Mapping[str, str], values: Sequence[str], other_side: str, models: tuple[str, str] | None
) -> Decide:
    """Labels of which the user says what stands for the first side (an answer, a thumb up), and for the other."""
    label, one = columns["label"], columns["first"]
    listing = ", ".join(values[:7])
    if models is not None:
        raise ConfigError(f"`columns` first={one}: '{label}' repeats {models[0]} or {models[1]}; leave `first` out")
    others = [v for v in values if not _same(v, one) and side_of(v, "-", "-") != "tie" and v.strip()]
    if len(others) == len(values) and len(others) > 1:
        raise ConfigError(f"`columns` first={one}: '{label}' holds no such value; it holds {listing}")
    if "second" not in columns and len(others) > 1:
        raise ConfigError(
            f"`columns` first={one}: '{label}' holds {listing}; add second=VALUE, the value that stands for "
            f"{other_side} (numbers between the two count for the nearer one)"
        )
    other = columns.get("second") or (others[0] if others else None)
    ends = (number_of(one), None if other is None else number_of(other))

    def decide(row: Content, _texts: tuple[str, str]) -> Side | None:
        value = cell(row, label)
        if value is None or value == "":
            return None
        number, (low, high) = number_of(value), ends
        if number is not None and low is not None and high is not None:
            if not min(low, high) <= number <= max(low, high):
                return None
            nearer: Side = "first" if abs(number - low) < abs(number - high) else "second"
            return "tie" if number * 2 == low + high else nearer
        if _same(value, one):
            return "first"
        if other is not None and _same(value, other):
            return "second"
        return "tie" if side_of(value, "-", "-") == "tie" else None

    return decide


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


def _rated(
    row: Content, prompt_key: str | None, columns: Mapping[str, str], scale: Scale, stated: Decide | None
) -> Iterator[Statement]:
    before, answer = answer_of(unwrapped(cell(row, columns["answer"])), columns["answer"])
    value, prompt = cell(row, columns["label"]), _prompt(row, prompt_key, before)
    if stated is None:
        yield from thumb(value, prompt, answer, scale)
        return
    side = stated(row, (answer, ""))
    if side in ("first", "second"):
        yield Verdict(prompt, answer, side == "first")
    else:
        yield NEUTRAL if side == "tie" else UNRATED if value in (None, "") else UNCLEAR
