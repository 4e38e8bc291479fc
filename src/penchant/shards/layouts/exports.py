"""Exports of annotation tools: Argilla and Label Studio. Each annotation states something of its annotator.

This module finds the annotations in a tool's file; `annotations` says what they state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from penchant.shards.fields import Content
from penchant.shards.layouts.annotations import Vote, Votes, single, task_of
from penchant.shards.layouts.base import Layout, Nothing, Sample, Statement, listed, objects
from penchant.shards.layouts.battles import sides_of
from penchant.shards.layouts.verdicts import side_of
from penchant.shards.times import time_of

UNFINISHED = Nothing("the annotation is a draft or was discarded")
_RESULTS = ("pairwise", "choices", "ranker", "rating", "number")


def argilla(sample: Sample) -> Layout | None:
    """Records of Argilla: nested (version 2 and its server's), or flattened into columns (versions 1 and 2)."""
    if isinstance(sample.value("fields"), Mapping) and sample.has("responses"):
        return _tool("argilla", sample, "fields", "responses", _nested)
    flat = [name.removesuffix(".responses.users") for name in sample.columns if name.endswith(".responses.users")]
    if flat:
        used = frozenset(name for name in sample.columns if name.startswith(tuple(f"{one}." for one in flat)))
        return _tool("argilla", sample, None, f"{flat[0]}.responses", lambda row: _flattened(row, flat), also=used)
    old = [name for name in sample.columns if _is_responses(sample.value(name))]
    if old:
        used = frozenset(name for name in sample.columns if name.startswith(tuple(f"{one}-suggestion" for one in old)))
        return _tool("argilla", sample, None, old[0], lambda row: _columns(row, old), also=used)
    return None


def label_studio(sample: Sample) -> Layout | None:
    """Tasks of Label Studio with their annotations, or its short form with one annotation a row (JSON-MIN, CSV)."""
    if isinstance(sample.value("data"), Mapping) and isinstance(sample.value("annotations"), list):
        return _tool("label studio", sample, "data", "annotations", _annotated)
    if sample.has("annotation_id", "lead_time"):
        controls = [name for name in sample.columns if any(_is_result(value) for value in sample.values(name))]
        if not controls:
            skipped = {"annotator", "annotation_id", "lead_time", "created_at", "updated_at", "id", "agreement"}
            sides = sides_of(sample) or ("", "")
            rest = [name for name in sample.columns if name not in skipped and name not in sides]
            controls = [
                name for name in rest if any(isinstance(v, str) and side_of(v, *sides) for v in sample.values(name))
            ]
        if not controls:
            controls = [name for name in ("rating", "score", "quality") if sample.values(name)]
        if controls:
            return _tool("label studio", sample, None, controls[0], lambda row: _short(row, controls))
    return None


def _tool(
    name: str,
    sample: Sample,
    holder: str | None,
    label: str,
    votes: Votes,
    also: frozenset[str] = frozenset(),
) -> Layout | None:
    """The layout of a tool, if its annotations say which text is liked.

    Args:
        holder: the column with the texts of the task; None: the texts are columns themselves.
    """
    inner = sample if holder is None else Sample.of([_mapping(row.get(holder)) for row in sample.rows])
    task = task_of(inner, [vote for row in sample.rows for vote in votes(row) if isinstance(vote, Vote)])
    if task is None:
        return None

    def read(row: Content) -> Iterator[Statement]:
        texts = row if holder is None else _mapping(row.get(holder))
        yield from task.statements(texts, votes(row))

    def column(field: str) -> str:
        return field if holder is None else f"{holder}.{field}"

    if len(task.answers) > 1:
        fields = {"chosen": column(task.answers[0]), "rejected": column(task.answers[1])}
    else:
        fields = {"answers" if task.listed else "answer": column(task.answers[0])}
    used = {**({"user_id": "annotator"} if sample.has("annotator") else {}), "prompt": column(task.prompt)}
    more = frozenset(column(field) for field in task.answers[2:])
    return Layout(name, {**used, **fields, "label": label}, read, also=also | more)


def _nested(row: Content) -> Iterator[Vote | Nothing]:
    responses = row.get("responses")
    if isinstance(responses, Mapping):  # version 2: question -> answers
        for question, entries in responses.items():
            for entry in objects(entries, "responses"):
                yield _response(entry, question, entry.get("value"))
        return
    for response in objects(responses, "responses"):
        for question, answer in _mapping(response.get("values")).items():
            yield _response(response, question, answer.get("value") if isinstance(answer, Mapping) else answer)


def _response(entry: Mapping[str, Any], question: str, value: object) -> Vote | Nothing:
    """A response of Argilla, unless it is a draft or was discarded."""
    if entry.get("status") not in (None, "submitted"):
        return UNFINISHED
    return Vote(entry.get("user_id"), value, question, time_of(entry.get("updated_at") or entry.get("inserted_at")))


def _flattened(row: Content, questions: Sequence[str]) -> Iterator[Vote | Nothing]:
    for name in questions:
        values, people, states = (
            listed(row.get(f"{name}.responses{part}"), f"{name}.responses{part}") for part in ("", ".users", ".status")
        )
        states = states or ["submitted"] * len(values)
        for value, user, state in zip(values, people, states, strict=False):
            yield Vote(user, value, name) if state in (None, "submitted") else UNFINISHED


def _is_responses(value: object) -> bool:
    """Whether a column holds responses of Argilla's version 1: `{"user_id", "value", "status"}`."""
    if isinstance(value, Mapping):
        return {"user_id", "value", "status"} <= set(value)
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping) and _is_responses(value[0])


def _columns(row: Content, questions: Sequence[str]) -> Iterator[Vote | Nothing]:
    for name in questions:
        entries: Any = row.get(name)
        if isinstance(entries, Mapping):  # columns in place of rows
            columns = {key: listed(value, name) for key, value in entries.items()}
            entries = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=False)]
        for entry in objects(entries, name):
            yield _response(entry, name, entry.get("value"))


def _annotated(row: Content) -> Iterator[Vote | Nothing]:
    for annotation in objects(row.get("annotations"), "annotations"):
        if annotation.get("was_cancelled"):
            yield UNFINISHED
            continue
        user = annotation.get("completed_by")
        if isinstance(user, Mapping):
            user = user.get("id", user.get("email"))
        at = time_of(annotation.get("created_at"))
        results = objects(annotation.get("result"), "result")
        said = [one for one in results if one.get("type") in _RESULTS]
        for one in said:
            yield Vote(user, one.get("value"), str(one.get("from_name") or ""), at)
        if not said:
            yield Vote(user, None, "", at)


def _short(row: Content, controls: Sequence[str]) -> Iterator[Vote | Nothing]:
    for name in controls:
        value = row.get(name)
        if isinstance(value, str) and value[:1] in "[{":
            with suppress(ValueError, RecursionError):
                value = json.loads(value)
        yield Vote(None, single(value) if value is not None else None, name)


def _is_result(value: object) -> bool:
    if isinstance(value, str) and value[:1] in "[{":
        return any(mark in value for mark in ('"selected"', '"ranker"', '"choices"', '"rating"'))
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], Mapping)
        and any(key in value[0] for key in ("selected", "ranker", "choices", "rating"))
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
