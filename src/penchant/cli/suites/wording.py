"""How suites tell wordings apart and write intervals."""

from __future__ import annotations

from collections.abc import Sequence

from penchant.record import Record


def by_phrasing(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records of known and of unseen wordings apart; `all` where they are not told apart."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.provenance.phrasing or "all", []).append(record)
    return found


def first_people(records: Sequence[Record], most: int) -> list[Record]:
    """The records of whole people, the first of each wording, about `most` in all; everything where there are fewer."""
    parts = by_phrasing(records)
    kept: set[str] = set()
    for part in parts.values():
        for count, record in enumerate(part):
            person = record.person_id
            if person not in kept and count >= most // len(parts):
                break
            kept.add(person)
    return [record for record in records if record.person_id in kept]


def interval(ends: Sequence[float] | None, times: float, digits: int) -> str:
    """An interval in brackets, empty where there is none; `times` 100 makes shares per cents."""
    return "" if ends is None else f"({times * ends[0]:.{digits}f}–{times * ends[1]:.{digits}f})"
