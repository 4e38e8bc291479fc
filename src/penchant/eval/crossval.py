"""Models aligned and tested on other people of the same file: the scores of each fold, put together.

Knows nothing of training: it keeps what each fold measured, so that a run can go on where it stopped and folds can be
measured by several processes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from penchant.errors import DataError
from penchant.eval.score import Scored
from penchant.record import Record
from penchant.shards.atomic import replacing

SCORES = "scores.json"


def save_scores(folder: Path, scored: Sequence[Scored]) -> None:
    """Writes the margins of one fold, in one piece."""
    content = [
        {
            "method": one.method,
            "persona": one.persona,
            "records": [record.record_id for record in one.records],
            "margins": one.margins.tolist(),
        }
        for one in scored
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / SCORES) as path:
        path.write_text(json.dumps(content), encoding="utf-8")


def load_scores(folder: Path, records: Mapping[str, Record]) -> list[Scored]:
    """What `save_scores` wrote; records by their id.

    Raises:
        DataError: scores of other records than these, or a file that is no list of scores.
    """
    path = folder / SCORES
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [
            Scored(
                one["method"],
                one["persona"],
                tuple(records[name] for name in one["records"]),
                np.array(one["margins"], dtype=np.float64),
                None,
            )
            for one in content
        ]
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} holds no scores ({error}); remove the folder and measure the fold again") from error
    except KeyError as error:
        raise DataError(
            f"{path} was measured on other records ({error} is not among them); give another --out"
        ) from error


def together(folds: Sequence[Sequence[Scored]]) -> list[Scored]:
    """The scores of all folds by method and persona, in the order of the first fold.

    Raises:
        DataError: folds that measured different things, or the same record.
    """
    asked = [[(one.method, one.persona) for one in fold] for fold in folds]
    if any(order != asked[0] for order in asked):
        raise DataError("the folds measured different methods or personas; remove those of an older run")
    return [_joined(parts) for parts in zip(*folds, strict=True)]


def _joined(parts: Sequence[Scored]) -> Scored:
    records = tuple(record for part in parts for record in part.records)
    if len({record.record_id for record in records}) < len(records):
        raise DataError("two folds measured the same records; remove those of an older run")
    margins = np.concatenate([part.margins for part in parts])
    return Scored(parts[0].method, parts[0].persona, records, margins, None)
