"""`penchant build --explain ROW`: where a record of a built data set comes from, or why a row is in none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.errors import DataError
from penchant.runs.build_folder import DROPPED, MANIFEST
from penchant.space import SPACE_FILE, load_space

if TYPE_CHECKING:
    from penchant.record import Record

RULES = ("own", "votes", "drawn")
"""Rules by which records are made of posts; other records were taken over, with a provenance of their own."""

_MOST = 5
"""Records that are named where many have a row as evidence."""


def explain(out: Path, row: str) -> dict[str, Any]:
    """What became of a row.

    Args:
        out: the folder of a data set that was built.
        row: a row of a source, such as `posts.jsonl line 17`, or the id of a record.
    Returns:
        `dropped`: the step and the reason, if the row is in no record; `records` that ask about it, as prompt or reply;
        and the ids of records that have it as `evidence`.
    Raises:
        DataError: there is no such data set, or nothing of this name in it. A row that was kept, but is in no record,
            has neither `dropped` nor `records` nor `evidence`.
    """
    if not (out / MANIFEST).is_file():
        raise DataError(f"{out} holds no data set that was built to its end; check `out`, or go on with `resume`")
    dropped = list(_dropped(out, row))
    records, evidence = [], []
    for described in _records(out, row):
        ids = (described["record"], *described["record"].split(" > "))
        if row in (*ids, described["prompt"], described["chosen"], described["rejected"]):
            records.append(described)
        else:
            evidence.append(described["record"])
    if not dropped and not records and not evidence and not _is_of_a_source(out, row):
        raise DataError(
            f"{out}: nothing is called '{row}'; give a line of JSON lines, from 1 (posts.jsonl line 17), a row "
            "of another table, from 0 without its header (posts.csv row 0), or the id of a record"
        )
    return {"row": row, "dropped": dropped, "records": records, "evidence": evidence}


def _is_of_a_source(out: Path, row: str) -> bool:
    content = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    for name in content["made_from"]:
        file = name.removeprefix("file ")
        unit = "row" if re.search(r"\.(?:csv|tsv|parquet|json|arrow)(?:\.\w+)?$", file) else "line"
        if re.fullmatch(rf"{re.escape(file)} {unit} \d+", row):
            return True
    return False


def _dropped(out: Path, row: str) -> Iterator[dict[str, str]]:
    import pyarrow.parquet as pq

    table = pq.read_table(out / DROPPED, filters=[("origin", "=", row)])
    yield from ({"step": entry["step"], "reason": entry["reason"]} for entry in table.to_pylist())


def _records(out: Path, row: str) -> Iterator[dict[str, Any]]:
    from penchant.shards.parquet import read

    for split in ("train", "test"):
        folder = out / split
        if not (folder / MANIFEST).is_file():
            continue
        for record in read(folder, load_space(str(folder / SPACE_FILE)), verify=False):
            meta = json.loads(record.provenance.meta) if record.provenance.attribute in RULES else {}
            parts = dict(zip(("prompt", "chosen", "rejected"), meta.get("rows", ("", "", "")), strict=True))
            evidence = meta.get("evidence", {})
            ids = (record.record_id, *record.record_id.split(" > "))
            if row in (*ids, *parts.values(), *evidence, *evidence.values()):
                yield _described(record, split, parts, evidence)


def _described(record: Record, split: str, parts: dict[str, str], evidence: dict[str, str]) -> dict[str, Any]:
    direction = record.direction
    return {
        "record": record.record_id,
        "split": split,
        "person": record.user_id,
        "rule": record.provenance.attribute,
        **parts,
        "direction": direction and {dimension.id: sign for dimension, sign in direction.poles()},
        "evidence": evidence,
    }


def summary(manifest: Mapping[str, Any], out: Path) -> str:
    """The steps of a build, a line each, and what came out."""
    lines = []
    for step, counts in manifest["steps"].items():
        reasons = "; ".join(f"{reason}: {number:,}" for reason, number in counts["dropped"].items())
        lines.append(f"{step:<11} {counts['in']:>11,} → {counts['out']:>11,} {counts['unit']:<8}{reasons}".rstrip())
    records = ", ".join(f"{split}: {number:,} records" for split, number in manifest["records"].items())
    return "\n".join([*lines, f"{records}; folder: {out}"])


def explanation(values: Mapping[str, Any]) -> str:
    """What `explain` returns, in words."""
    lines = [f"left out at step '{drop['step']}': {drop['reason']}" for drop in values["dropped"]]
    for record in values["records"]:
        for key, value in record.items():
            text = _poles(value) if key == "direction" else value
            lines.append(f"{key}: {', '.join(filter(None, value.values())) if key == 'evidence' else text}")
        lines.append("")
    if values["evidence"]:
        lines.append(f"evidence of {len(values['evidence']):,} records: {', '.join(values['evidence'][:_MOST])}")
    text = "\n".join(lines).rstrip()
    return text or "no step left this row out, and no record uses it; or the source has no such row"


def _poles(direction: Mapping[str, int] | None) -> str:
    return ", ".join(f"{name}{'+' if sign > 0 else '-'}" for name, sign in (direction or {}).items()) or "none"
