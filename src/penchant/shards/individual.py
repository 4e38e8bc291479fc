"""One person as one JSON object: their evidence, and nothing that is asked of them.

`{"user_id": "u1", "evidence": [{"kind": "comment", "prompt": "…", "text": "…"}, …]}`, items as in JSON lines. If items
carry directions, `space` says over which space, as it does there. What the person says of themselves by dimension may
stand under `corrections`: `[{"dimension": "science", "sign": -1}]`, 0 for "this is not about me".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from penchant.errors import DataError, RecordError, SpaceError
from penchant.person import Correction
from penchant.persona import Persona
from penchant.shards.codec import evidence_of, signs_of
from penchant.shards.fields import refuse_unknown, text
from penchant.shards.jsonl import unstamped
from penchant.space import PreferenceSpace

KEYS = ("user_id", "evidence")
"""Those that every file has."""
_SHAPE = 'give {"user_id": "…", "evidence": [{"kind": "comment", "prompt": "…", "text": "…"}]}'


@dataclass(frozen=True, slots=True)
class Individual:
    """What a file says of one person."""

    user_id: str
    persona: Persona
    positions: tuple[int, ...]
    """Where in the file each item of the persona stands, from 0."""
    lost: Mapping[int, str] = field(default_factory=dict)
    """Why others were left out, by their place."""
    corrections: tuple[Correction, ...] = ()


def is_individual(path: Path) -> bool:
    """Whether a path is a `.json` file that holds one object; published rows are a list of them."""
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read(path: Path, space: PreferenceSpace | None) -> Individual:
    """The person of a file.

    Raises:
        DataError: not JSON, or of another shape.
        SpaceError, SpaceMismatch: directions or corrections that do not fit `space`.
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
        known = unstamped(content, space)
        refuse_unknown(known, (*KEYS, "corrections"), what="a person's file")
        evidence, lost = evidence_of(known, space)
        corrections = tuple(Correction(name, sign) for name, sign in signs_of(known, "corrections").items())
        if space is not None:
            for one in corrections:
                space.index(one.dimension_id)
        return Individual(
            text(content, "user_id"), Persona(tuple(evidence.values())), tuple(evidence), lost, corrections
        )
    except RecordError as error:
        raise DataError(f"{path}: {error}; {_SHAPE}") from error
    except (DataError, SpaceError) as error:
        in_the_file = type(error)(f"{path}: {error}")
        raise in_the_file from error
