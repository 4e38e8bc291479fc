"""Wordings apart, and intervals in words."""

from penchant import Persona, Provenance, Record
from penchant.cli.suites.wording import by_phrasing, first_people, interval


def test_wordings_are_told_apart_where_records_say_theirs() -> None:
    records = [
        Record(f"r{i}", "u", "p", "a", "b", Persona(()), provenance=Provenance("d", "all", phrasing))
        for i, phrasing in enumerate(("unseen", "known", "unseen", ""))
    ]
    found = by_phrasing(records)
    assert {name: [record.record_id for record in some] for name, some in found.items()} == {
        "unseen": ["r0", "r2"],
        "known": ["r1"],
        "all": ["r3"],
    }


def test_an_interval_is_in_brackets_and_nothing_where_there_is_none() -> None:
    assert interval((0.1234, 0.5), 100, 1) == "(12.3–50.0)"
    assert interval([0.1234, 0.5], 1, 2) == "(0.12–0.50)"
    assert interval(None, 1, 2) == ""


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
    kept = first_people(records, 8)
    assert [record.user_id for record in kept] == [
        *["known0"] * 3,
        *["known1"] * 3,
        *["unseen0"] * 3,
        *["unseen1"] * 3,
    ]
    assert first_people(records, 1000) == records
