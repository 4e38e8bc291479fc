"""Layouts of tables that other programs write. `recognise` tells which one a file has from its columns and first rows.

The order matters: a layout with columns of its own comes before those that share its columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from penchant.shards.fields import Content
from penchant.shards.layouts.base import Layout, PromptOnly, Recognise, Sample, Turns, prompt_of, prompt_turns
from penchant.shards.layouts.battles import battled
from penchant.shards.layouts.chats import chatgpt, chats, fastchat, librechat
from penchant.shards.layouts.choices import candidates, chosen_list
from penchant.shards.layouts.columns import best_column, ranked_columns, scored_columns
from penchant.shards.layouts.exports import argilla, label_studio
from penchant.shards.layouts.logs import chainlit, open_webui, traces, weave
from penchant.shards.layouts.mapped import IDENTITY, mapped
from penchant.shards.layouts.pairs import paired
from penchant.shards.layouts.panels import panel, unnamed
from penchant.shards.layouts.people import comments, profiles
from penchant.shards.layouts.ratings import rated
from penchant.shards.layouts.scores import (
    collective_alignment,
    community_alignment,
    helpsteer,
    multipref,
    prism,
    scored_list,
    summaries,
)
from penchant.shards.layouts.trees import oasst
from penchant.shards.turns import object_in, texts_of, turns_of, unpacked

LAYOUTS: tuple[Recognise, ...] = (
    label_studio,
    argilla,
    prism,
    community_alignment,
    collective_alignment,
    multipref,
    summaries,
    oasst,
    helpsteer,
    open_webui,
    chainlit,
    candidates,
    fastchat,
    chatgpt,
    paired,
    ranked_columns,
    scored_columns,
    best_column,
    panel,
    battled,
    unnamed,
    scored_list,
    chosen_list,
    traces,
    weave,
    chats,
    librechat,
    rated,
    profiles,
    comments,
)
_QUESTIONS = ("prompt", "question", "messages", "conversations", "query", "instruction", "turns")
_MORE = (
    "answer", "respon", "reply", "output", "completion", "better", "best", "prefer", "winner", "loser", "worse",
    "worst", "choice", "chosen", "choose", "reject", "vote", "rank", "rating", "score", "select", "option", "candidate",
    "label", "verdict", "stars", "thumb", "feedback", "text",
)  # fmt: skip
"""Parts of names of columns that may hold answers or verdicts."""


def recognise(sample: Sample, columns: Mapping[str, str]) -> Layout | None:
    """The layout of a file; None where it has none of those that are known.

    Args:
        columns: what the user says of the columns: field -> column; empty where they say nothing.
    Raises:
        ConfigError: the user names a column that is not there, or fields that make no preference.
        DataError: the file has a known layout whose labels could mean two things.
    """
    if set(columns) - set(IDENTITY):
        return mapped(sample, columns)
    return _recognised(sample) or _nested(sample) or _prompt_only(sample)


def _recognised(sample: Sample) -> Layout | None:
    return next((found for one in LAYOUTS if (found := one(sample)) is not None), None)


def _nested(sample: Sample) -> Layout | None:
    """The layout of the objects in one column, which may be texts of JSON (RLHF-V); None where there is none."""
    for column in sample.columns:
        if sample.rows and all(object_in(row.get(column)) for row in sample.rows):
            inner = _recognised(Sample.of(_opened(row, column) for row in sample.rows))
            # a question whose metadata hold a text is no comment
            if inner is not None and inner.group is None and {"chosen", "answers", "answer"} & inner.fields.keys():
                return _inside(column, inner, sample)
    return None


def _inside(column: str, inner: Layout, sample: Sample) -> Layout:
    """The layout of the objects in a column, as one of the rows."""
    fields = {field: held if held in sample.columns else f"{column}.{held}" for field, held in inner.fields.items()}
    read = inner.read
    return replace(inner, fields=fields, read=lambda row: read(_opened(row, column)), also=inner.also | {column})


def _opened(row: Content, column: str) -> Content:
    return {**row, **(object_in(row.get(column)) or {})}


def _prompt_only(sample: Sample) -> Layout | None:
    """Prompts without any answer; a table with a column that may hold answers or verdicts is none."""
    spelt = sample.plain()
    prompt_key = next((spelt[name] for name in _QUESTIONS if name in spelt), None)
    if prompt_key is None:
        return None
    for name, column in spelt.items():
        said = any(mark in name for mark in _MORE)
        if column != prompt_key and not name.startswith("reference") and (said or _is_long(sample.values(column))):
            return None
    value = unpacked(sample.value(prompt_key))
    if isinstance(value, list) and value and all(isinstance(turn, str) for turn in value):
        return Layout("questions", {"prompt": prompt_key}, lambda row: [PromptOnly(_first_turn(row, prompt_key))])
    if isinstance(value, list) and value and turns_of(value, prompt_key)[-1].role == "assistant":
        return None  # a conversation that is already answered is no question
    return Layout(
        "questions",
        {"prompt": prompt_key},
        lambda row: [PromptOnly(prompt_of(row, prompt_key))],
    )


def _first_turn(row: Content, prompt_key: str) -> Turns:
    """The first of the questions in a row, as the later ones follow on an answer that is not there (MT-bench)."""
    return prompt_turns(turns_of(texts_of(row.get(prompt_key), prompt_key)[0], prompt_key))


def _is_long(values: list[object]) -> bool:
    """Whether most values are texts of six words or more, or hold objects."""
    long = sum(isinstance(value, list | dict) or len(str(value).split()) > 5 for value in values)
    return long * 2 > len(values)
