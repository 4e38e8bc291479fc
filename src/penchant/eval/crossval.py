"""Keeps the scores of each cross-validation fold on disk, and joins the scores of all folds.

A stopped run can continue from the files, and several processes can measure different folds. This module does not train
anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import DataError
from penchant.eval.score import Scored
from penchant.record import Record
from penchant.shards.atomic import replacing

SCORES = "scores.json"


def save_scores(folder: Path, scored: Sequence[Scored]) -> None:
    """Writes the margins of one fold; the file appears complete or not at all. Ceilings are not kept."""
    content = [
        {
            "method": scores.method,
            "variant": scores.variant,
            "role": scores.role,
            "persona": scores.persona,
            "records": [record.record_id for record in scores.records],
            "margins": scores.margins.tolist(),
        }
        for scores in scored
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / SCORES) as path:
        path.write_text(json.dumps(content), encoding="utf-8")


def load_scores(folder: Path, records: Mapping[str, Record]) -> list[Scored]:
    """What `save_scores` wrote, without ceilings.

    Args:
        records: by their id.
    Raises:
        DataError: the file has scores of other records, or is no list of scores.
    """
    path = folder / SCORES
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parts = [(_texts(part), part["records"], np.array(part["margins"], dtype=np.float64)) for part in content]
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path} holds no scores ({error}); remove the folder and measure the fold again") from error
    try:
        return [
            Scored(**texts, records=tuple(records[name] for name in names), margins=margins)
            for texts, names, margins in parts
        ]
    except KeyError as error:
        raise DataError(
            f"{path} was measured on other records ({error} is not among them); give another `out`"
        ) from error


def together(folds: Sequence[Sequence[Scored]]) -> list[Scored]:
    """The scores of all folds by method and persona, in the order of the first fold.

    Raises:
        DataError: the folds measured different methods or personas, or two of them the same record.
    """
    tables = [[(scores.label, scores.persona) for scores in fold] for fold in folds]
    if any(table != tables[0] for table in tables):
        raise DataError("the folds measured different methods or personas; remove those of an older run")
    return [_joined(parts) for parts in zip(*folds, strict=True)]


def _texts(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in ("method", "variant", "role", "persona")}


def _joined(parts: Sequence[Scored]) -> Scored:
    first, records = parts[0], tuple(record for part in parts for record in part.records)
    if len({record.record_id for record in records}) < len(records):
        raise DataError("two folds measured the same records; remove those of an older run")
    return Scored(
        method=first.method,
        persona=first.persona,
        records=records,
        margins=np.concatenate([part.margins for part in parts]),
        variant=first.variant,
        role=first.role,
    )
