"""Reads one person from one JSON object: the person's evidence, without a prompt or a pair of answers.

`{"user_id": "u1", "evidence": [{"kind": "comment", "prompt": "…", "text": "…"}, …]}`. Items have the same keys as in
JSON lines. If items have directions, `space` must name their space, as in JSON lines. The optional key `corrections`
holds the person's own statements about single dimensions: `[{"dimension": "science", "sign": -1}]`; sign 0 means "this
is not about me".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from penchant.correction import Correction
from penchant.errors import DataError, RecordError, SpaceError
from penchant.persona import Persona
from penchant.shards.codec import evidence_of, signs_of
from penchant.shards.fields import refuse_unknown, text
from penchant.shards.jsonl import unstamped
from penchant.space import PreferenceSpace

KEYS = ("user_id", "evidence")
"""The required keys."""
_FIRST_KEYS = ("user_id", "evidence", "corrections", "space")
_SHAPE = 'give {"user_id": "…", "evidence": [{"kind": "comment", "prompt": "…", "text": "…"}]}'


@dataclass(frozen=True, slots=True)
class Individual:
    """The content of the file of one person."""

    user_id: str
    persona: Persona
    positions: tuple[int, ...]
    """Position of each persona item in the list of the file, from 0."""
    lost: Mapping[int, str] = field(default_factory=dict)
    """Position -> reason, for the items that were left out."""
    corrections: tuple[Correction, ...] = ()


def is_individual(path: Path) -> bool:
    """Whether a path is a `.json` file with the object of one person; other objects hold a table."""
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        begin = file.read(400).removeprefix(b"\xef\xbb\xbf")
    first = re.match(rb"\s*\{\s*\"(\w+)\"", begin)
    return first is not None and first[1].decode() in _FIRST_KEYS


def read(path: Path, space: PreferenceSpace | None) -> Individual:
    """The person in a file.

    Raises:
        DataError: the file is not JSON or has another shape.
        SpaceError, SpaceMismatch: directions or corrections do not fit `space`.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise DataError(f"{path}: not valid JSON ({error}); {_SHAPE}") from error
    if not isinstance(content, Mapping):
        raise DataError(f"{path}: holds no JSON object; {_SHAPE}")
    try:
        if missing := [key for key in KEYS if content.get(key) is None]:
            raise DataError(f"has no '{missing[0]}'; {_SHAPE}")
        fields = unstamped(content, space)
        refuse_unknown(fields, (*KEYS, "corrections"), what="a person's file")
        evidence, lost = evidence_of(fields, space)
        corrections = tuple(Correction(name, sign) for name, sign in signs_of(fields, "corrections").items())
        if space is not None:
            for correction in corrections:
                space.index(correction.dimension_id)
        return Individual(
            user_id=text(content, "user_id"),
            persona=Persona(tuple(evidence.values())),
            positions=tuple(evidence),
            lost=lost,
            corrections=corrections,
        )
    except RecordError as error:
        raise DataError(f"{path}: {error}; {_SHAPE}") from error
    except (DataError, SpaceError) as error:
        located = type(error)(f"{path}: {error}")
        raise located from error
