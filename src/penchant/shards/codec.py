"""A record as plain values and back: the one definition of penchant's own layout, for Parquet and JSON lines alike.

A direction is a sparse list of {dimension, sign}, with {confidence} besides where it was inferred, so that a neutral
direction (an empty list) differs from none (null), and a reader needs no index order. Evidence carries its kind and
only the fields of that kind.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import assert_never, get_args

import numpy as np

from penchant.errors import DataError, RecordError, SpaceError
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona, Rating, Statement
from penchant.record import Provenance, Record
from penchant.shards.base import Kept
from penchant.shards.fields import Content, flag, items, mapping, refuse_unknown, text, text_or_empty, text_or_none
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
)
_SIGNS: dict[object, Sign] = {-1: -1, 0: 0, 1: 1}


def kind_of(item: Evidence) -> str:
    """The name that files give to a kind of evidence; it outlives renamed classes."""
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
        SpaceError: it holds a direction and no space is given.
        SpaceMismatch: it holds a direction over another space.
    """

    def signs(direction: Direction | None) -> list[dict[str, object]] | None:
        if direction is None:
            return None
        where = f"record '{record.record_id}'"
        if space is None:
            raise SpaceError(f"{where} has a direction over '{direction.space.name}'; pass that space to write it")
        direction.require(space, where=where)
        poles: list[dict[str, object]] = [{"dimension": one.id, "sign": sign} for one, sign in direction.poles()]
        if direction.confidence is not None:
            for pole, place in zip(poles, np.flatnonzero(direction.signs), strict=True):
                pole["confidence"] = float(direction.confidence[place])
        return poles

    def plain(item: Evidence) -> dict[str, object]:
        values = {field.name: getattr(item, field.name) for field in fields(item)}
        return {"kind": kind_of(item), **values, "direction": signs(item.direction)}

    return {
        "record_id": record.record_id,
        "user_id": record.user_id,
        "prompt": record.prompt,
        "chosen": record.chosen,
        "rejected": record.rejected,
        "evidence": [plain(item) for item in record.persona.evidence],
        "direction": signs(record.direction),
        "profile": signs(record.profile),
        "golden": signs(record.golden),
        "split": record.split,
        "provenance": asdict(record.provenance),
    }


def decode(content: Content, space: PreferenceSpace | None) -> Kept:
    """A record from plain values; absent keys take the defaults of Record.

    Raises:
        RecordError: no prompt, or an empty answer: set the row aside.
        DataError: an unknown key or kind, or a value of the wrong type.
        SpaceError: an unknown dimension, or a direction where no space is given.
    """
    if "corrections" in content:
        raise DataError(
            "a record has no key 'corrections'; a person's own word stands in a file of that person, "
            '{"user_id": …, "evidence": […], "corrections": […]}'
        )
    refuse_unknown(content, KEYS, what="a record")
    record_id = text_or_empty(content, "record_id")
    if not record_id:
        alone = "; one person without anything asked of them goes into a .json file of their own"
        hint = alone if "evidence" in content and "prompt" not in content else ""
        raise DataError(f"the record has no 'record_id'; give it one that is unique in the file{hint}")
    evidence, lost = evidence_of(content, space)
    record = Record(
        record_id=record_id,
        user_id=text_or_none(content, "user_id"),
        prompt=text(content, "prompt"),
        chosen=text(content, "chosen"),
        rejected=text(content, "rejected"),
        persona=Persona(tuple(evidence.values())),
        direction=_direction(content, "direction", space),
        profile=_direction(content, "profile", space),
        golden=_direction(content, "golden", space),
        split=split_of(content),
        provenance=_provenance(content),
    )
    return Kept(record, tuple(lost.values()))


def split_of(content: Content) -> str:
    """The split of a row; `train` when it does not say, as in Record."""
    split = text_or_none(content, "split")
    return "train" if split is None else split


def evidence_of(content: Content, space: PreferenceSpace | None) -> tuple[dict[int, Evidence], dict[int, str]]:
    """The items under `evidence`, and why others were left out, each by its place in the list.

    Raises:
        DataError, SpaceError: as `decode`, with the place of the item.
    """
    kept: dict[int, Evidence] = {}
    lost: dict[int, str] = {}
    for place, item in enumerate(items(content, "evidence")):
        try:
            kind = text_or_empty(item, "kind")
            kept[place] = _item(kind, item, space)
        except RecordError as error:
            lost[place] = f"{kind}: {error}"
        except (DataError, SpaceError) as error:
            at_the_item = type(error)(f"evidence[{place}]: {error}")
            raise at_the_item from error
    return kept, lost


def _item(kind: str, item: Content, space: PreferenceSpace | None) -> Evidence:
    direction = _direction(item, "direction", space)
    match kind:
        case "comment":
            _only(item, Comment)
            return Comment(text_or_empty(item, "prompt"), text(item, "text"), direction)
        case "comparison":
            _only(item, Comparison)
            prompt = text_or_empty(item, "prompt")
            return Comparison(prompt, text(item, "chosen"), text(item, "rejected"), direction)
        case "demographics":
            _only(item, Demographics)
            return Demographics(text(item, "text"), direction)
        case "rating":
            _only(item, Rating)
            return Rating(text_or_empty(item, "prompt"), text(item, "answer"), flag(item, "liked"), direction)
        case "statement":
            _only(item, Statement)
            return Statement(text(item, "text"), direction)
        case _:
            known = ", ".join(sorted(cls.__name__.lower() for cls in get_args(Evidence)))
            raise DataError(f"evidence of unknown kind '{kind}'; known are: {known}")


def _only(item: Content, kind: type[Evidence]) -> None:
    # a Parquet struct has the fields of every kind; those of the others are null
    stated = (key for key, value in item.items() if value is not None)
    refuse_unknown(stated, ["kind", *(field.name for field in fields(kind))], what=f"a {kind.__name__.lower()}")


def signs_of(content: Content, key: str) -> dict[str, Sign]:
    """Dimension id -> sign, of a list of `{"dimension": …, "sign": …}`; empty where there is none.

    Raises:
        DataError: another shape or sign, or a dimension twice.
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
    sure: dict[int, float] = {}
    for entry in items(content, key):
        dimension_id = text_or_empty(entry, "dimension")
        confidence = entry.get("confidence")
        if confidence is not None:
            if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 < confidence <= 1:
                raise DataError(f"'{key}' of '{dimension_id}' has confidence {confidence!r}; give a number in (0, 1]")
            sure[space.index(dimension_id)] = confidence
    direction = space.direction(signs)
    return Direction(space, direction.signs, [sure.get(i, 1.0) for i in range(len(space))]) if sure else direction


def _provenance(content: Content) -> Provenance:
    stated = mapping(content, "provenance") or {}
    names = [field.name for field in fields(Provenance)]
    refuse_unknown(stated, names, what="provenance")
    return Provenance(**{name: text_or_empty(stated, name) for name in names})
