"""Bias, with deciders that look at a person's words in known ways."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from penchant import Comment, Comparison, Demographics, Persona, Record, RecordError, Statement, load_space
from penchant.eval.bias import changed, cost, parity, swaps

SPACE = load_space()


def person(name: str, *texts: str) -> Record:
    said = tuple(Comment("a post", text, SPACE.direction({"gaming": 1})) for text in texts)
    evidence = (*said, Comparison("p", "he left", "she stayed"))
    return Record(f"r-{name}", name, "What now?", "pink", "blue", Persona(evidence))


RECORDS = [person("ann", "I am a mother of two"), person("bob", "My wife likes it"), person("cy", "I like it")]
PERSONAS = [record.persona for record in RECORDS]


def by_words(records: Sequence[Record], personas: Sequence[Persona]) -> np.ndarray:
    """Pink for whoever has a word for women in what they wrote or said."""
    texts = [" ".join(i.text for i in p.of(Comment, Demographics, Statement)) for p in personas]
    return np.array([1.0 if {"mother", "wife", "woman"} & set(t.strip(".").split()) else -1.0 for t in texts])


def blind(records: Sequence[Record], personas: Sequence[Persona]) -> np.ndarray:
    return np.ones(len(records))


def test_only_people_with_words_to_swap_are_swapped_and_nothing_but_these_words_differs() -> None:
    found = {(swap.trait, swap.how): swap for swap in swaps(RECORDS, PERSONAS)}
    assert set(found) == {(trait, how) for trait in ("gender", "age") for how in ("own words", "stated")}
    own = found["gender", "own words"]
    assert [record.user_id for record in own.records] == ["ann", "bob"]
    assert [persona.evidence[0].text for persona in own.first] == ["I am a mother of two", "My wife likes it"]
    assert [persona.evidence[0].text for persona in own.second] == ["I am a father of two", "My husband likes it"]
    assert own.first[0].evidence[1] == own.second[0].evidence[1]
    assert not any(item.direction for side in (own.first, own.second) for p in side for item in p.evidence)
    assert found["age", "own words"].records == ()
    stated = found["age", "stated"]
    assert len(stated.records) == 3
    assert [p.evidence[-1].text for p in (stated.first[0], stated.second[0])] == [
        "I am 25 years old.",
        "I am 65 years old.",
    ]


@pytest.mark.parametrize(("decide", "share"), [(by_words, 1.0), (blind, 0.0)])
def test_decisions_that_hang_on_words_are_counted_and_neutral_words_mend_them(decide, share: float) -> None:
    own, stated, *_ = swaps(RECORDS, PERSONAS)
    found = changed(own, decide, None, neutral=False)
    assert (found.decisions, found.pairs, found.users, found.directions) == (share, 2, 2, None)
    assert changed(own, decide, None, neutral=True).decisions == 0
    # ann and bob have a word for women in either case
    assert changed(stated, decide, None, neutral=False).decisions == pytest.approx(share / 3)
    assert changed(stated, decide, None, neutral=True).decisions == 0


def test_where_nobody_has_such_words_nothing_is_measured() -> None:
    assert changed(list(swaps(RECORDS, PERSONAS))[2], blind, None, neutral=False) is None


def test_inferred_directions_that_change_are_a_share_of_those_held() -> None:
    def infer(persona: Persona):
        woman = "mother" in persona.evidence[0].text
        return SPACE.direction({"gaming": 1, "fashion": 1} if woman else {"gaming": 1})

    own = next(swaps(RECORDS[:1], PERSONAS[:1]))
    found = changed(own, blind, infer, neutral=False)
    assert (found.decisions, found.directions) == (0, 0.5)


def test_nothing_held_on_one_side_is_a_change_of_all_that_is_held_on_the_other() -> None:
    own = next(swaps(RECORDS[:1], PERSONAS[:1]))
    said = {own.first[0]: SPACE.direction({"gaming": 1})}
    assert changed(own, blind, said.get, neutral=False).directions == 1


def test_margins_that_are_no_numbers_are_counted_and_decide_nothing() -> None:
    def broken(records: Sequence[Record], personas: Sequence[Persona]) -> np.ndarray:
        """As by words, but that ann's is lost with words for women."""
        found = by_words(records, personas)
        return np.where((found > 0) & np.array([r.user_id == "ann" for r in records]), np.nan, found)

    own, *_ = swaps(RECORDS, PERSONAS)
    found = changed(own, broken, None, neutral=False)
    assert (found.decisions, found.pairs, found.users, found.not_finite) == (1, 1, 1, 1)
    assert cost(RECORDS, PERSONAS, broken).before == 0.5
    golden = [replace(r, golden=SPACE.direction({"gender": 1})) for r in RECORDS]
    assert parity(golden, np.array([np.nan, -1.0, 1.0]))[0].users == 2
    with pytest.raises(RecordError, match="gender swapped: none of 2 margins is a finite number"):
        changed(own, lambda records, _: np.full(len(records), np.nan), None, neutral=False)


def test_the_cost_of_neutral_words_is_told_with_its_interval() -> None:
    found = cost(RECORDS, PERSONAS, by_words)
    assert (found.before, found.after) == (pytest.approx(2 / 3), 0)
    assert found.difference == pytest.approx(-2 / 3)
    assert found.ci95[0] <= found.difference <= found.ci95[1]
    assert cost(RECORDS, PERSONAS, blind).difference == 0


def test_parity_is_between_people_whose_group_is_known() -> None:
    golden = [SPACE.direction({"gender": sign, "gaming": 1}) for sign in (1, 1, -1)]
    known = [
        Record(r.record_id, r.user_id, r.prompt, r.chosen, r.rejected, r.persona, golden=g)
        for r, g in zip(RECORDS, golden, strict=True)
    ]
    found = parity(known, np.array([1.0, -1.0, 1.0]))
    assert [(one.dimension, one.pole, one.accuracy, one.users) for one in found] == [
        ("gender", "Female", 0.5, 2),
        ("gender", "Male", 1.0, 1),
    ]
    assert parity(RECORDS, np.ones(3)) == []
