from dataclasses import replace

import pytest

from penchant import Comment, Comparison, Demographics, Persona, PreferenceSpace, Rating, Record
from penchant.audit.leakage import AGAINST, ALONE, EXAMPLES, leakage
from penchant.message import Message

CLEAN = Record("r", "u", "what now?", "a long walk by the sea", "a nap", Persona((Comparison("p", "tea", "milk"),)))


def hits(records: list[Record], others: list[Record] | None = None) -> dict[str, int]:
    return {one.check: one.count for one in leakage(records, others or []) if one.count}


def record_with(*items: object) -> Record:
    return replace(CLEAN, persona=Persona(tuple(items)))


def test_a_record_that_gives_nothing_away_has_no_finding() -> None:
    assert hits([CLEAN]) == {}
    assert [one.check for one in leakage([CLEAN])] == list(ALONE)
    assert all(one.of == 1 and one.share == 0 for one in leakage([CLEAN]))


@pytest.mark.parametrize(
    ("item", "checks"),
    [
        (Comparison("x", "a long walk by the sea", "a nap"), {"own pair", "own answer"}),
        (Comparison("what now?", "tea", "milk"), {"own prompt"}),
        (Comment("x", "I took a long walk by the sea today"), {"own answer"}),
        (Comment("what now?", "tea"), {"own prompt"}),
        (Demographics("likes a long walk by the sea"), {"own answer"}),
        (Rating("x", "a nap", liked=False), {"own answer"}),
        # a short answer occurs in many texts by chance
        (Comment("x", "I took a nap"), set()),
    ],
)
def test_what_gives_the_answer_away_is_found_in_every_kind_of_evidence(item: object, checks: set[str]) -> None:
    assert hits([record_with(item)]) == dict.fromkeys(checks, 1)


def test_an_answer_in_an_earlier_turn_is_found_alone_and_against_other_data() -> None:
    turns = (Message("user", "and?"), Message("assistant", "a long walk by the sea"), Message("user", "what now?"))
    told = replace(CLEAN, prompt=turns)
    assert hits([told]) == {"own answer": 1}
    assert hits([replace(CLEAN, prompt=(*turns[:1], Message("assistant", "tea"), *turns[2:]))]) == {}
    later = Record("t", "v", turns, "x", "y")
    assert hits([CLEAN], [later]) == {"shared answer": 1}


def test_pairs_that_are_asked_twice_and_turned_round_are_counted() -> None:
    again = replace(CLEAN, record_id="s")
    turned = replace(CLEAN, record_id="t", chosen=CLEAN.rejected, rejected=CLEAN.chosen)
    assert hits([CLEAN, again]) == {"repeated": 2}
    assert hits([CLEAN, turned]) == {"contradicted": 2}
    # another person may prefer the other answer
    assert hits([CLEAN, replace(turned, user_id="v")]) == {}
    assert hits([replace(CLEAN, user_id=None), replace(turned, user_id=None)]) == {}
    # in some benchmarks the user id names a prompt: a record with another history is of another person
    other = replace(turned, persona=Persona((Comment("another post", "something else altogether"),)))
    assert hits([CLEAN, other]) == {}
    grown = replace(turned, persona=Persona((*CLEAN.persona.evidence, *other.persona.evidence)))
    assert hits([CLEAN, grown]) == {"contradicted": 2}


def test_a_profile_that_was_read_off_the_pair_is_found(tiny: PreferenceSpace) -> None:
    own, more = tiny.direction({"length": 1}), tiny.direction({"length": 1, "humour": -1})
    assert hits([replace(CLEAN, direction=own, profile=own)]) == {"own direction": 1}
    assert hits([replace(CLEAN, direction=own, profile=more)]) == {}
    assert hits([replace(CLEAN, direction=own, profile=tiny.direction({"length": -1}))]) == {}
    assert hits([replace(CLEAN, direction=own)]) == {}


def test_what_is_shared_with_the_training_data_is_counted() -> None:
    assert [one.check for one in leakage([CLEAN], [CLEAN])] == [*ALONE, *AGAINST]
    stranger = Record("t", "v", "q", "x", "y")
    assert hits([CLEAN], [stranger]) == {}
    assert hits([CLEAN], [replace(stranger, user_id="u")]) == {"shared person": 1}
    assert hits([CLEAN], [replace(stranger, chosen="a nap")]) == {"shared answer": 1}
    turned = replace(stranger, chosen="a nap", rejected="a long walk by the sea")
    assert hits([CLEAN], [turned]) == {"shared pair": 1, "shared answer": 1}
    assert hits([CLEAN], [replace(stranger, persona=CLEAN.persona)]) == {"shared history": 1}
    assert hits([replace(CLEAN, user_id=None)], [replace(stranger, user_id=None)]) == {}


def test_the_first_ids_are_told_and_no_more() -> None:
    records = [replace(CLEAN, record_id=f"r{i}") for i in range(9)]
    (finding,) = (one for one in leakage(records) if one.count)
    assert finding.examples == tuple(f"r{i}" for i in range(EXAMPLES))
    assert finding.share == 1


def test_several_people_with_one_pair_repeat_nothing() -> None:
    def of(name: str, user: str) -> Record:
        return Record(name, user, "q", "a", "b")

    repeated = ALONE["repeated"].test
    assert repeated([of("1", "u"), of("2", "v")]) == [False, False]
    assert repeated([of("1", "u"), of("2", "u"), of("3", "v")]) == [True, True, False]
