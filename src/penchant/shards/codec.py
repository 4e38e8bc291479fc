"""Converts records to plain values and back; Parquet and JSON lines share this definition of penchant's own layout.

A direction is a sparse list of {dimension, sign} entries; entries of an inferred direction also have {confidence}. So a
neutral direction (an empty list) differs from no direction (null), and readers do not depend on the order of
dimensions. Each evidence item has its kind and only the fields of that kind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, assert_never, get_args

import numpy as np

from penchant.errors import DataError, RecordError, SpaceError
from penchant.message import Conversation, as_dicts, as_value, conversation
from penchant.persona import Comment, Comparison, Demographics, Evidence, Item, Persona, Rating, Statement
from penchant.record import Provenance, Question, Record
from penchant.shards.base import Kept, PersonItems
from penchant.shards.fields import (
    Content,
    flag,
    identifier,
    items,
    mapping,
    refuse_misspelt,
    refuse_unknown,
    text,
    text_or_empty,
    text_or_none,
)
from penchant.shards.turns import turns_of
from penchant.space import Direction, PreferenceSpace, Sign

KEYS = (
    "record_id",
    "user_id",
    "prompt",
    "chosen",
    "rejected",
    "evidence",
    "direction",
    "profile",
    "golden",
    "split",
    "provenance",
    "at",
)
_SIGNS: dict[object, Sign] = {-1: -1, 0: 0, 1: 1}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (*get_args(Evidence), Provenance)}


def kind_name(item: Evidence) -> str:
    """The name of a kind of evidence in files; it stays the same when classes are renamed."""
    match item:
        case Comment():
            return "comment"
        case Comparison():
            return "comparison"
        case Demographics():
            return "demographics"
        case Rating():
            return "rating"
        case Statement():
            return "statement"
        case _:
            assert_never(item)


def encode(record: Record, space: PreferenceSpace | None) -> dict[str, object]:
    """A record as plain values under `KEYS`.

    Raises:
        SpaceError: the record has a direction and `space` is None.
        SpaceMismatch: the record has a direction over another space.
    """

    def signs(direction: Direction | None) -> list[dict[str, object]] | None:
        if direction is None:
            return None
        where = f"record '{record.record_id}'"
        if space is None:
            raise SpaceError(f"{where} has a direction over '{direction.space.name}'; pass that space to write it")
        direction.require(space, where=where)
        poles: list[dict[str, object]] = [
            {"dimension": dimension.id, "sign": sign} for dimension, sign in direction.poles()
        ]
        if direction.confidence is not None:
            for pole, index in zip(poles, np.flatnonzero(direction.signs), strict=True):
                pole["confidence"] = float(direction.confidence[index])
        return poles

    def plain(item: Item) -> dict[str, object]:
        evidence = item.evidence
        identity = {"id": item.id or None, "at": item.at.isoformat() if item.at is not None else None}
        named = {key: value for key, value in identity.items() if value is not None}
        values = {name: getattr(evidence, name) for name in _FIELDS[type(evidence)]}
        if isinstance(evidence, Rating):
            values["before"] = as_dicts(evidence.before) or None
        return {"kind": kind_name(evidence), **named, **values, "direction": signs(evidence.direction)}

    return {
        "record_id": record.record_id,
        "user_id": record.user_id,
        "prompt": as_value(record.prompt),
        "chosen": record.chosen,
        "rejected": record.rejected,
        "evidence": [plain(item) for item in record.persona.items],
        "direction": signs(record.direction),
        "profile": signs(record.profile),
        "golden": signs(record.golden),
        "split": record.split,
        "provenance": {name: getattr(record.provenance, name) for name in _FIELDS[Provenance]},
        "at": None if record.at is None else record.at.isoformat(),
    }


def decode(content: Content, space: PreferenceSpace | None, *, number: int = 0) -> Kept:
    """A record from plain values; missing keys take the defaults of Record.

    Without the two answers the row is a question, and without a prompt the evidence of a person.

    Args:
        number: number of the row, from which a missing `record_id` is made.
    Raises:
        RecordError: the prompt or an answer is missing or empty; the caller sets the row aside.
        DataError: a key or kind is unknown, or a value has the wrong type.
        SpaceError: a dimension is unknown, or the record has a direction and `space` is None.
    """
    if "corrections" in content:
        raise DataError(
            "a record has no key 'corrections'; corrections belong in a .json file of the person, "
            '{"user_id": …, "evidence": […], "corrections": […]}'
        )
    extra = refuse_misspelt(content, KEYS, what="a record")
    evidence, lost = evidence_of(content, space)
    user_id = identifier(content, "user_id")
    asks, answered = (
        content.get("prompt") is not None,
        any(content.get(key) is not None for key in ("chosen", "rejected")),
    )
    if not asks and not answered and evidence and user_id:
        return Kept((PersonItems(user_id, tuple(evidence.values())),), tuple(lost.values()))
    shared: dict[str, Any] = {
        "record_id": identifier(content, "record_id") or made_id(content, number),
        "user_id": user_id,
        "prompt": prompt_of(content),
        "persona": Persona(tuple(evidence.values())),
        "profile": _direction(content, "profile", space),
        "split": split_of(content),
        "provenance": with_extra(_provenance(content), content, extra),
        "at": _time(content),
    }
    if not answered:
        return Kept((Question(**shared),), tuple(lost.values()))
    record = Record(
        **shared,
        chosen=answer_of(content, "chosen"),
        rejected=answer_of(content, "rejected"),
        direction=_direction(content, "direction", space),
        golden=_direction(content, "golden", space),
    )
    return Kept((record,), tuple(lost.values()))


def made_id(content: Content, number: int) -> str:
    """An id for a row without one, from its content and its number, so that equal rows have different ids."""
    texts = "\0".join(str(content.get(key)) for key in ("user_id", "prompt", "chosen", "rejected"))
    return f"{number}-{hashlib.sha1(texts.encode(errors='replace'), usedforsecurity=False).hexdigest()[:8]}"


def with_extra(provenance: Provenance, content: Content, extra: Sequence[str]) -> Provenance:
    """The provenance of a row, which keeps the columns that nothing else reads, as JSON."""
    values = {name: content[name] for name in extra if content.get(name) is not None}
    if not values:
        return provenance
    if provenance.meta:
        values = {"meta": provenance.meta, **values}
    return replace(provenance, meta=json.dumps(values, ensure_ascii=False, default=str))


def prompt_of(content: Content) -> Conversation:
    """The prompt of a row: a text, or a list of turns `{"role": …, "content": …}`.

    Raises:
        RecordError: there is no prompt, or it is no conversation that ends with the user; the caller drops the row.
    """
    value = content.get("prompt")
    if not isinstance(value, list):
        return conversation(text(content, "prompt"))
    return conversation(turns_of(value, "prompt") if value else ())


def answer_of(content: Content, key: str) -> str:
    """An answer of a row: a text, or a list of one turn of the assistant, as TRL has them.

    Raises:
        RecordError: there is none, or several turns; the caller drops the row.
    """
    value = content.get(key)
    if not isinstance(value, list):
        return text(content, key)
    turns = turns_of(value, key)
    if len(turns) != 1 or turns[0].role != "assistant":
        raise RecordError(f"{key} is not one turn of the assistant")
    return turns[0].content


def split_of(content: Content) -> str:
    """The split of a row; `train`, the default of Record, when the row has none."""
    split = text_or_none(content, "split")
    return "train" if split is None else split


def evidence_of(content: Content, space: PreferenceSpace | None) -> tuple[dict[int, Item], dict[int, str]]:
    """The usable items under `evidence`, and the reasons for leaving out others; both by position in the list, from 0.

    Items are in the order of their times where every item states one, else in the order of the list.

    Raises:
        DataError, SpaceError: as `decode`; the message names the position of the item.
    """
    kept: dict[int, Item] = {}
    lost: dict[int, str] = {}
    for position, item in enumerate(items(content, "evidence")):
        try:
            kind = text_or_empty(item, "kind")
            kept[position] = Item(_item(kind, item, space), id=text_or_empty(item, "id"), at=_time(item))
        except RecordError as error:
            lost[position] = f"{kind}: {error}"
        except (DataError, SpaceError) as error:
            located = type(error)(f"evidence[{position}]: {error}")
            raise located from error
    dated = [(item.at, position) for position, item in kept.items() if item.at is not None]
    if len(dated) == len(kept):
        kept = {position: kept[position] for _, position in sorted(dated)}
    return kept, lost


def _time(item: Content) -> datetime | None:
    value = text_or_none(item, "at")
    if not value:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise DataError(f"'at' is {value!r}; give a time as 2026-11-28T09:30:00Z, or leave it out") from error


def _item(kind: str, item: Content, space: PreferenceSpace | None) -> Evidence:
    direction = _direction(item, "direction", space)
    match kind:
        case "comment":
            _only(item, Comment)
            return Comment(text_or_empty(item, "prompt"), text(item, "text"), direction)
        case "comparison":
            _only(item, Comparison)
            prompt = text_or_empty(item, "prompt")
            chosen, rejected = text(item, "chosen"), text(item, "rejected")
            return Comparison(prompt, chosen=chosen, rejected=rejected, direction=direction)
        case "demographics":
            _only(item, Demographics)
            return Demographics(text(item, "text"), direction)
        case "rating":
            _only(item, Rating)
            prompt, answer = text_or_empty(item, "prompt"), text(item, "answer")
            before = turns_of(item["before"], "before") if item.get("before") else ()
            return Rating(prompt, answer, liked=flag(item, "liked"), direction=direction, before=before)
        case "statement":
            _only(item, Statement)
            return Statement(text(item, "text"), direction)
        case _:
            kinds = ", ".join(sorted(cls.__name__.lower() for cls in get_args(Evidence)))
            raise DataError(f"evidence of unknown kind '{kind}'; known are: {kinds}")


def _only(item: Content, kind: type[Evidence]) -> None:
    # a Parquet struct has the fields of all kinds; fields of other kinds are null
    stated = (key for key, value in item.items() if value is not None)
    refuse_unknown(stated, ["kind", "id", "at", *_FIELDS[kind]], what=f"a {kind.__name__.lower()}")


def signs_of(content: Content, key: str) -> dict[str, Sign]:
    """Dimension id -> sign, from a list of `{"dimension": …, "sign": …}`; empty when the key is missing.

    Raises:
        DataError: the list has another shape, a sign is not allowed, or a dimension appears twice.
    """
    signs: dict[str, Sign] = {}
    for entry in items(content, key):
        dimension_id, sign = text_or_empty(entry, "dimension"), entry.get("sign")
        if isinstance(sign, bool) or not isinstance(sign, int) or sign not in _SIGNS:
            raise DataError(f"'{key}' of '{dimension_id}' has sign {sign!r}; allowed are -1, 0 and 1")
        if dimension_id in signs:
            raise DataError(f"'{key}' names '{dimension_id}' twice; keep one")
        signs[dimension_id] = _SIGNS[sign]
    return signs


def _direction(content: Content, key: str, space: PreferenceSpace | None) -> Direction | None:
    if content.get(key) is None:
        return None
    if space is None:
        raise SpaceError(f"'{key}' is a direction, and no space was given; pass the space the file was written for")
    signs = signs_of(content, key)
    confidences: dict[int, float] = {}
    for entry in items(content, key):
        dimension_id = text_or_empty(entry, "dimension")
        confidence = entry.get("confidence")
        if confidence is not None:
            if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 < confidence <= 1:
                raise DataError(f"'{key}' of '{dimension_id}' has confidence {confidence!r}; give a number in (0, 1]")
            confidences[space.index(dimension_id)] = confidence
    direction = space.direction(signs)
    if not confidences:
        return direction
    return Direction(space, direction.signs, [confidences.get(i, 1.0) for i in range(len(space))])


def _provenance(content: Content) -> Provenance:
    stated = mapping(content, "provenance") or {}
    names = _FIELDS[Provenance]
    refuse_unknown(stated, names, what="provenance")
    return Provenance(**{name: text_or_empty(stated, name) for name in names})
