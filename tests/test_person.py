import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Comment, Correction, Direction, Person, Persona, PreferenceSpace, SpaceError, SpaceMismatch, meet

signs = st.lists(st.sampled_from([-1, 0, 1]), min_size=3, max_size=3)


def persona(space: PreferenceSpace, **told: int) -> Persona:
    return Persona((Comment("post", "comment", space.direction(told)),))


def test_a_person_is_held_to_be_what_the_evidence_says(tiny: PreferenceSpace) -> None:
    assert meet(persona(tiny, length=1), tiny).direction() == tiny.direction({"length": 1})


@given(signs, signs, signs)
def test_a_correction_outranks_belief_and_profile_on_every_dimension(tiny, believed, stated, own) -> None:
    evidence = Persona((Comment("p", "c", Direction(tiny, believed)),))
    corrections = tuple(Correction(d.id, sign) for d, sign in zip(tiny.dimensions, own, strict=True))
    for profile in (None, Direction(tiny, stated)):
        person = meet(evidence, tiny, corrections=corrections, profile=profile)
        assert person.direction() == Direction(tiny, own)


def test_a_correction_of_zero_removes_the_dimension_and_leaves_the_others(tiny: PreferenceSpace) -> None:
    person = meet(persona(tiny, length=1, depth=-1), tiny, corrections=(Correction("length", 0),))
    assert person.direction() == tiny.direction({"depth": -1})


def test_the_latest_correction_of_a_dimension_counts(tiny: PreferenceSpace) -> None:
    corrections = (Correction("length", 1), Correction("humour", 1), Correction("length", -1))
    person = meet(Persona(), tiny, corrections=corrections)
    assert person.corrected() == {"length": -1, "humour": 1}
    assert person.direction() == tiny.direction({"length": -1, "humour": 1})


def test_a_stated_profile_stands_in_for_the_belief(tiny: PreferenceSpace) -> None:
    person = meet(persona(tiny, length=1), tiny, profile=tiny.direction({"humour": -1}))
    assert person.direction() == tiny.direction({"humour": -1})


def test_evidence_for_both_poles_leaves_of_two_minds_until_own_word_settles_it(tiny: PreferenceSpace) -> None:
    # the newer item is weaker by as much as the older one has faded
    older, newer = (Direction(tiny, [sign, 0, sign], [sure] * 3) for sign, sure in ((1, 1.0), (-1, 0.955)))
    torn = Persona((Comment("post", "then", older), Comment("post", "now", newer)))
    assert meet(torn, tiny).of_two_minds() == ["length", "depth"]
    assert meet(torn, tiny, corrections=(Correction("depth", 0),)).of_two_minds() == ["length"]
    assert meet(torn, tiny, profile=tiny.direction({"humour": 1})).of_two_minds() == []
    assert Person(torn).of_two_minds() == []
    # whoever turns plainly is of the newer mind
    turned = Persona((*persona(tiny, length=1).evidence, *persona(tiny, length=-1).evidence))
    assert meet(turned, tiny).of_two_minds() == []
    assert meet(turned, tiny).direction() == tiny.direction({"length": -1})


def test_what_is_stated_is_clear_or_only_likely(tiny: PreferenceSpace) -> None:
    doubtful = Persona((Comment("post", "comment", Direction(tiny, [1, 1, 0], [0.6, 1.0, 1.0])),))
    person = meet(doubtful, tiny)
    assert person.direction() == tiny.direction({"length": 1, "humour": 1})
    assert person.clear() == tiny.direction({"humour": 1})
    own = meet(doubtful, tiny, corrections=(Correction("length", 1),))
    assert own.clear() == own.direction()


def test_leanings_are_between_the_poles_and_those_stated_are_certain(tiny: PreferenceSpace) -> None:
    said = persona(tiny, length=1, depth=-1)
    length, humour, depth = meet(said, tiny).leanings(tiny)
    assert 0.9 < length < 1
    assert depth == pytest.approx(-length)
    assert humour == 0
    assert meet(said, tiny, corrections=(Correction("length", -1),)).leanings(tiny).tolist() == [-1, 0, depth]
    assert meet(said, tiny, profile=tiny.direction({"humour": 1})).leanings(tiny).tolist() == [0, 1, 0]
    assert Person().leanings(tiny).tolist() == [0, 0, 0]


def test_nothing_known_is_none_and_not_neutral(tiny: PreferenceSpace) -> None:
    assert Person().direction() is None
    assert meet(Persona((Comment("post", "not annotated"),)), tiny).direction() is None
    assert meet(persona(tiny), tiny).direction() == tiny.direction()


def test_a_correction_of_an_unknown_dimension_is_refused_when_people_meet(tiny: PreferenceSpace) -> None:
    with pytest.raises(SpaceError, match="nearest is 'length'"):
        meet(Persona(), tiny, corrections=(Correction("lenght", 1),))


def test_a_profile_or_evidence_of_another_space_is_refused(tiny: PreferenceSpace) -> None:
    other = tiny.subset(["length", "depth"], name="two")
    with pytest.raises(SpaceMismatch, match="profile"):
        meet(Persona(), tiny, profile=other.direction())
    with pytest.raises(SpaceMismatch, match="evidence 0"):
        meet(persona(other, length=1), tiny)


def test_meeting_somebody_else_in_between_changes_nothing(tiny: PreferenceSpace) -> None:
    before = meet(persona(tiny, length=1), tiny)
    meet(persona(tiny, length=-1, humour=1), tiny, corrections=(Correction("depth", 1),))
    assert meet(persona(tiny, length=1), tiny) == before
