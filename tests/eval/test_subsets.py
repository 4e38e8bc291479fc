"""Wordings apart, and the first people of each."""

from penchant import Persona, Provenance, Record
from penchant.eval.subsets import by_phrasing, first_people


def test_wordings_are_told_apart_where_records_say_theirs() -> None:
    records = [
        Record(f"r{i}", "u", "p", "a", "b", Persona(()), provenance=Provenance("d", "all", phrasing))
        for i, phrasing in enumerate(("unseen", "known", "unseen", ""))
    ]
    parts = by_phrasing(records)
    assert {name: [record.record_id for record in part] for name, part in parts.items()} == {
        "unseen": ["r0", "r2"],
        "known": ["r1"],
        "all": ["r3"],
    }


def test_whole_people_are_taken_as_many_of_each_wording() -> None:
    records = [
        Record(
            f"{phrasing}{person}{i}",
            f"{phrasing}{person}",
            "p",
            "a",
            "b",
            Persona(()),
            provenance=Provenance("d", "all", phrasing),
        )
        for phrasing in ("known", "unseen")
        for person in range(5)
        for i in range(3)
    ]
    kept = [record.user_id for record in first_people(records, 8)]
    assert kept == ["known0"] * 3 + ["known1"] * 3 + ["unseen0"] * 3 + ["unseen1"] * 3
    assert first_people(records, 1000) == records
