"""Exports of annotation tools: Argilla and Label Studio. Each annotation states something of its annotator.

The texts are the tool's fields under names of the team's own. The two answers and the prompt are found by these names
(`battles.sides_of`), a verdict by what it names: a field, a letter, left or right, or an order of fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from penchant.shards.fields import Content
from penchant.shards.layouts.base import Choice, Layout, Sample, Statement, Turns, listed, objects, prompt_turns
from penchant.shards.layouts.battles import NO_VERDICT, TIE, prompt_column, side_of, sides_of
from penchant.shards.layouts.scores import UNRATED, beats
from penchant.shards.turns import answer_of, turns_of


def argilla(sample: Sample) -> Layout | None:
    """Records of Argilla: nested (version 2 and its server's), or flattened into columns (versions 1 and 2)."""
    fields = sample.value("fields")
    if isinstance(fields, Mapping) and sample.has("responses"):
        inner = Sample.of([_mapping(row.get("fields")) for row in sample.rows])
        return _tool("argilla", inner, {"answers": "fields", "label": "responses"}, "fields", _nested)
    flat = [name.removesuffix(".responses.users") for name in sample.columns if name.endswith(".responses.users")]
    if flat:
        used = frozenset(name for name in sample.columns if name.startswith(tuple(f"{one}." for one in flat)))
        label = {"label": f"{flat[0]}.responses"}
        return _tool("argilla", sample, label, None, lambda row: _flattened(row, flat), also=used)
    old = [
        name.removesuffix("-suggestion-metadata") for name in sample.columns if name.endswith("-suggestion-metadata")
    ]
    old = [name for name in old if sample.has(name)]
    if old:
        used = frozenset(name for name in sample.columns if name.startswith(tuple(f"{one}-suggestion" for one in old)))
        return _tool("argilla", sample, {"label": old[0]}, None, lambda row: _listed(row, old), also=used)
    return None


def label_studio(sample: Sample) -> Layout | None:
    """Tasks of Label Studio with their annotations, or its short form with one annotation a row (JSON-MIN, CSV)."""
    data, annotations = sample.value("data"), sample.value("annotations")
    if isinstance(data, Mapping) and isinstance(annotations, list):
        inner = Sample.of([_mapping(row.get("data")) for row in sample.rows])
        return _tool("label studio", inner, {"answers": "data", "label": "annotations"}, "data", _annotated)
    if sample.has("annotation_id", "lead_time"):
        controls = [name for name in sample.columns if any(_is_result(value) for value in sample.values(name))]
        if not controls:
            skipped = {"annotator", "annotation_id", "lead_time", "created_at", "updated_at", "id", "agreement"}
            sides = sides_of(sample) or ("", "")
            rest = [name for name in sample.columns if name not in skipped and name not in sides]
            controls = [
                name for name in rest if any(isinstance(v, str) and side_of(v, *sides) for v in sample.values(name))
            ]
        if controls:
            used = {"user_id": "annotator", "label": controls[0]}
            return _tool("label studio", sample, used, None, lambda row: _short(row, controls))
    return None


Votes = Iterator[tuple[object, object]]
"""Annotator and value, one after the other."""


def _tool(
    name: str,
    inner: Sample,
    fields: Mapping[str, str],
    holder: str | None,
    votes: Any,
    also: frozenset[str] = frozenset(),
) -> Layout | None:
    """The layout of a tool, if its fields hold a prompt and two answers."""
    sides = sides_of(inner)
    prompt_key = None if sides is None else prompt_column(inner)
    if sides is None or prompt_key is None:
        return None
    named = {"prompt": holder or prompt_key, "chosen": holder or sides[0], "rejected": holder or sides[1]}
    several = _siblings(inner, sides)

    def read(row: Content) -> Iterator[Statement]:
        texts = _mapping(row.get(holder)) if holder else row
        prompt = prompt_turns(turns_of(texts.get(prompt_key), prompt_key), prompt_key)
        answers = {side: answer_of(texts.get(side), side)[1] for side in several}
        found = False
        for user, value in votes(row):
            found = True
            yield from _vote(prompt, answers, sides, user, value)
        if not found:
            yield UNRATED

    return Layout(name, {**named, **fields}, read, also=also)


def _siblings(inner: Sample, sides: tuple[str, str]) -> tuple[str, ...]:
    """The columns of all answers: those of the two sides, and others that are numbered as they are."""
    stem = sides[0][:-1]
    more = [name for name in inner.columns if name[:-1] == stem and name not in sides and name[-1:].isalnum()]
    return (*sides, *sorted(more)) if stem else sides


def _vote(
    prompt: Turns, answers: Mapping[str, str], sides: tuple[str, str], user: object, value: object
) -> Iterator[Statement]:
    first, second = sides
    order = _order(value, answers)
    if order is not None:
        yield from beats(prompt, [(answers[name], -float(rank)) for name, rank in order.items()], user=user)
        return
    side = side_of(_single(value), first, second)
    if side in ("first", "second"):
        good, bad = (first, second) if side == "first" else (second, first)
        yield Choice(prompt, answers[good], answers[bad], user=user)
    else:
        yield TIE if side == "tie" else NO_VERDICT


def _order(value: object, answers: Mapping[str, str]) -> dict[str, int] | None:
    """Answer -> rank, from a list of answers (the best first) or of `{"value", "rank"}`; None for another value."""
    if isinstance(value, Mapping) and isinstance(value.get("ranker"), list):
        value = value["ranker"]
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) < 2:
        return None
    ranks = {}
    for place, entry in enumerate(value):
        name = entry.get("value") if isinstance(entry, Mapping) else entry
        if name not in answers:
            return None
        ranks[str(name)] = int(entry["rank"]) if isinstance(entry, Mapping) and "rank" in entry else place
    return ranks


def _single(value: object) -> object:
    """A value without the wrappings of a tool: `{"selected": "left"}`, `{"choices": ["A"]}`, a list of one."""
    for _ in range(3):
        if isinstance(value, Mapping):
            value = next((value[key] for key in ("selected", "choices", "value") if key in value), None)
        elif isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1:
            value = value[0]
    return value


def _nested(row: Content) -> Votes:
    responses = row.get("responses")
    if isinstance(responses, Mapping):  # version 2: question -> answers
        for entries in responses.values():
            for entry in objects(entries, "responses"):
                yield entry.get("user_id"), entry.get("value")
        return
    for response in objects(responses, "responses"):
        if response.get("status") in (None, "submitted"):
            for answer in _mapping(response.get("values")).values():
                yield response.get("user_id"), answer.get("value") if isinstance(answer, Mapping) else answer


def _flattened(row: Content, questions: Sequence[str]) -> Votes:
    for name in questions:
        values, users, states = (
            listed(row.get(f"{name}.responses{part}"), f"{name}.responses{part}") for part in ("", ".users", ".status")
        )
        states = states or ["submitted"] * len(values)
        for value, user, state in zip(values, users, states, strict=False):
            if state == "submitted":
                yield user, value


def _listed(row: Content, questions: Sequence[str]) -> Votes:
    for name in questions:
        entries: Any = row.get(name) or []
        if isinstance(entries, Mapping):  # columns in place of rows
            keys = list(entries)
            entries = [dict(zip(keys, values, strict=True)) for values in zip(*entries.values(), strict=True)]
        for entry in objects(entries, name):
            if entry.get("status") in (None, "submitted"):
                yield entry.get("user_id"), entry.get("value")


def _annotated(row: Content) -> Votes:
    for annotation in objects(row.get("annotations"), "annotations"):
        if annotation.get("was_cancelled"):
            continue
        user = annotation.get("completed_by")
        if isinstance(user, Mapping):
            user = user.get("id", user.get("email"))
        results = objects(annotation.get("result"), "result")
        kinds = [one for one in results if one.get("type") in ("pairwise", "choices", "ranker", "rating")]
        yield user, kinds[0].get("value") if kinds else None


def _short(row: Content, controls: Sequence[str]) -> Votes:
    for name in controls:
        value = row.get(name)
        if isinstance(value, str) and value[:1] in "[{":
            with suppress(ValueError, RecursionError):
                value = json.loads(value)
        yield None, _single(value) if value is not None else None


def _is_result(value: object) -> bool:
    if isinstance(value, str) and value[:1] in "[{":
        return any(mark in value for mark in ('"selected"', '"ranker"', '"choices"'))
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], Mapping)
        and ("selected" in value[0] or "ranker" in value[0] or "choices" in value[0])
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
