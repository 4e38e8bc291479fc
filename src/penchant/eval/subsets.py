"""Selects records: by wording, or of the first people.

Simulated records have known wordings, which also occur in the training data, and unseen wordings.
"""

from __future__ import annotations

from collections.abc import Sequence

from penchant.record import Record


def by_phrasing(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records with known and with unseen wordings; all records under `all` if the data does not mark wordings."""
    parts: dict[str, list[Record]] = {}
    for record in records:
        parts.setdefault(record.provenance.phrasing or "all", []).append(record)
    return parts


def first_people(records: Sequence[Record], most: int) -> list[Record]:
    """All records of the first people for each wording, about `most` records; all records if there are fewer."""
    parts = by_phrasing(records)
    kept: set[str] = set()
    for part in parts.values():
        for count, record in enumerate(part):
            person = record.person_id
            if person not in kept and count >= most // len(parts):
                break
            kept.add(person)
    return [record for record in records if record.person_id in kept]
