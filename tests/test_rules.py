"""Controls are antisymmetric, and correct on cases that can be checked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import RecordError
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona, Rating, Statement
from penchant.record import Provenance, Record
from penchant.rules import (
    CONTROLS,
    STYLE_FEATURES,
    habit,
    longer,
    overlap,
    style,
    style_vector,
    swap_personas,
    words,
)

TEXTS = st.text(alphabet="ab ,!?\nCÄ", min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
ITEMS = st.one_of(
    st.builds(Comment, TEXTS, TEXTS),
    st.builds(Comparison, TEXTS, TEXTS, TEXTS),
    st.builds(Demographics, TEXTS),
    st.builds(Rating, TEXTS, TEXTS, st.booleans()),
    st.builds(Statement, TEXTS),
)


def asked(chosen: str, rejected: str, *, user: str | None = "u", evidence: tuple[Evidence, ...] = ()) -> Record:
    return Record(f"r-{user}", user, "What now?", chosen, rejected, Persona(evidence))


def margin(control, record: Record) -> float:
    return float(control([record], [record.persona])[0])


@pytest.mark.parametrize("name", sorted(CONTROLS))
@given(st.lists(st.tuples(TEXTS, TEXTS, st.lists(ITEMS, max_size=4)), min_size=1, max_size=4))
def test_every_control_changes_its_sign_when_the_answers_are_swapped(name: str, rows: list) -> None:
    records = [asked(chosen, rejected, evidence=tuple(items)) for chosen, rejected, items in rows]
    swapped = [replace(record, chosen=record.rejected, rejected=record.chosen) for record in records]
    personas = [record.persona for record in records]
    margins = CONTROLS[name](records, personas)
    assert margins.shape == (len(records),)
    assert np.allclose(margins, -CONTROLS[name](swapped, personas), rtol=0, atol=1e-9)


def test_longer_counts_words_and_not_letters() -> None:
    assert margin(longer, asked("one two, three!", "extraordinarily long")) == 1
    assert words("It's ÄB-c 2!") == ["it", "s", "äb", "c", "2"]


def test_longer_does_not_look_at_the_person() -> None:
    brief = Comparison("p", "no", "no because of this")
    assert margin(longer, asked("a b c", "a", evidence=(brief,))) == 2


def test_habit_follows_the_length_of_the_persons_own_choices() -> None:
    brief, wordy = Comparison("p", "no", "no because of this"), Comparison("p", "yes indeed", "yes")
    assert margin(habit, asked("a b c", "a", evidence=(brief, brief, wordy))) == -2
    assert margin(habit, asked("a b c", "a", evidence=(brief, wordy, wordy))) == 2
    assert margin(habit, asked("a b c", "a", evidence=(brief, wordy))) == 0
    assert margin(habit, asked("a b c", "a", evidence=(Comment("p", "so much to say here"),))) == 0


def test_habit_counts_choices_and_not_their_size() -> None:
    much, little = Comparison("p", "w " * 50, "w"), Comparison("p", "w", "w w")
    assert margin(habit, asked("a b", "a", evidence=(much, little, little))) == -1


def test_overlap_prefers_the_words_the_person_wrote_and_liked() -> None:
    for item in (
        Comment("p", "tea"),
        Demographics("tea"),
        Statement("tea"),
        Rating("p", "tea", liked=True),
        Comparison("p", "tea", "milk"),
    ):
        assert margin(overlap, asked("drink tea", "drink coffee", evidence=(item,))) > 0, item


def test_overlap_avoids_the_words_the_person_rejected() -> None:
    for item in (Rating("p", "tea", liked=False), Comparison("p", "milk", "tea")):
        assert margin(overlap, asked("drink tea", "drink coffee", evidence=(item,))) < 0, item


def test_overlap_does_not_read_the_posts_of_others() -> None:
    assert margin(overlap, asked("drink tea", "drink coffee", evidence=(Comment("tea tea tea", "nothing"),))) == 0


def test_overlap_by_hand_on_two_documents() -> None:
    # every word is in one of two documents: all weights are alike, so each text is a unit vector of equal parts
    record = asked("tea cake", "coffee bread", evidence=(Comment("p", "tea"), Comparison("p", "cake", "bread")))
    assert margin(overlap, record) == pytest.approx(1.0 - (-(1 / 2**0.5)))


def test_a_word_in_every_answer_counts_less_than_a_rare_one() -> None:
    common, rare = Comment("p", "drink"), Comment("p", "tea")
    records = [asked("drink tea", "tea", evidence=(common, rare)), asked("drink", "drink milk")]
    margins = overlap(records, [Persona((common, rare)), Persona()])
    plain = overlap([asked("drink", "tea")], [Persona((common, rare))])
    assert plain[0] == pytest.approx(0)
    assert margins[0] != pytest.approx(0)
    assert margins[1] == 0


def test_style_has_one_number_per_named_feature() -> None:
    values = dict(zip(STYLE_FEATURES, style("So, NO!\nSo?"), strict=True))
    assert values["log words"] == pytest.approx(np.log(4))
    assert values["letters per word"] == pytest.approx(9 / 3)
    assert values["exclamations"] == pytest.approx(10 / 3)
    assert values["questions"] == pytest.approx(10 / 3)
    assert values["commas"] == pytest.approx(10 / 3)
    assert values["lines"] == pytest.approx(10 / 3)
    assert values["capitals"] == pytest.approx(10 * 4 / 11)
    assert values["variety"] == 1


def test_style_prefers_the_answer_written_like_past_choices() -> None:
    loud = Comparison("p", "yes! of course!", "yes of course")
    assert margin(style_vector, asked("go on! now!", "go on now", evidence=(loud,))) > 0
    assert margin(style_vector, asked("go on now", "go on! now!", evidence=(loud,))) < 0
    assert margin(style_vector, asked("go on! now!", "go on now", evidence=(Comment("p", "loud!"),))) == 0


@given(st.integers(2, 12), st.integers(0, 5))
def test_swapping_personas_is_a_derangement_of_people(count: int, seed: int) -> None:
    records = [
        asked("a", f"b{target}", user=f"u{user}", evidence=(Comment("p", f"I am u{user}"),))
        for user in range(count)
        for target in range(2)
    ]
    swapped = swap_personas(records, seed=seed)
    donors = {}
    for old, new in zip(records, swapped, strict=True):
        assert (new.record_id, new.user_id, new.chosen, new.rejected) == (
            old.record_id,
            old.user_id,
            old.chosen,
            old.rejected,
        )
        assert new.persona != old.persona
        donors.setdefault(old.user_id, set()).add(new.persona)
    assert all(len(personas) == 1 for personas in donors.values())
    assert len(set().union(*donors.values())) == count


def test_a_swap_takes_profile_and_golden_with_the_persona(tiny) -> None:
    one, two = (
        replace(
            asked("a", "b", user=user),
            profile=tiny.direction({"length": sign}),
            golden=tiny.direction({"humour": sign}),
        )
        for user, sign in (("u1", 1), ("u2", -1))
    )
    swapped = swap_personas([one, two], seed=0)
    assert (swapped[0].profile, swapped[0].golden) == (two.profile, two.golden)


def test_a_swap_is_with_somebody_who_shows_the_same_kinds_of_evidence() -> None:
    def told(user: str, *evidence: Evidence) -> list[Record]:
        return [asked("a", "b", user=user, evidence=(item,)) for item in evidence]

    def comment(user: str) -> Evidence:
        return Comment("p", f"I am {user}")

    def described(user: str) -> Evidence:
        return Demographics(f"I am {user}")

    records = [r for i in range(8) for r in told(f"u{i}", (comment, described)[i % 2](f"u{i}"))]
    for user in ("both", "twin"):  # their records have one kind of evidence or the other
        records += told(user, *(kind(user) for kind in (comment, described)[:: -1 if user == "twin" else 1]))
    swapped = swap_personas(records, seed=3)
    for old, new in zip(records, swapped, strict=True):
        (mine,), (theirs,) = old.persona.evidence, new.persona.evidence
        assert type(mine) is type(theirs)
        assert mine != theirs
    # a user without a match still gets another user's persona, and nobody keeps their own
    records += told("alone", Statement("I am alone"))
    for old, new in zip(records, swap_personas(records, seed=3), strict=True):
        assert new.persona.evidence[0].text != f"I am {old.user_id}"


def test_a_swap_does_not_look_at_attributes_which_may_name_what_is_preferred() -> None:
    records = [asked("a", "b", user=f"u{i}", evidence=(Comment("p", f"I am u{i}"),)) for i in range(40)]
    named = [replace(r, provenance=Provenance(attribute=f"pole {i % 2}")) for i, r in enumerate(records)]
    donors = [int(new.persona.evidence[0].text.removeprefix("I am u")) for new in swap_personas(named, seed=0)]
    assert 8 < sum(donor % 2 == i % 2 for i, donor in enumerate(donors)) < 32


def test_a_swap_is_decided_by_its_seed() -> None:
    records = [asked("a", "b", user=f"u{i}", evidence=(Comment("p", f"I am {i}"),)) for i in range(9)]
    assert swap_personas(records, seed=1) == swap_personas(records, seed=1)
    assert swap_personas(records, seed=1) != swap_personas(records, seed=2)


@pytest.mark.parametrize("users", [["u1"], ["u1", "u1"], [None, None], ["u1", "u2", None], []])
def test_a_swap_needs_two_people_with_ids(users: list) -> None:
    with pytest.raises(RecordError, match="at least two people"):
        swap_personas([asked("a", "b", user=user) for user in users], seed=0)
