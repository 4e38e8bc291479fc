import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Direction, PreferenceSpace
from penchant.errors import DataError, SpaceError
from penchant.shards.profile import parse_profile
from penchant.space import Dimension, load_space

ALIGNX90 = load_space("alignx90")


def joined(direction: Direction, joint: str = ", ") -> str:
    return joint.join(dimension.pole(sign) for dimension, sign in direction.poles())


@given(st.lists(st.sampled_from([-1, 0, 0, 1]), min_size=90, max_size=90))
def test_any_profile_of_the_published_space_is_read_back(signs: list[int]) -> None:
    direction = Direction(ALIGNX90, signs)
    assert parse_profile(joined(direction), ALIGNX90) == direction


def test_ten_dimensions_have_a_pole_with_a_comma_and_each_is_read_between_others() -> None:
    commas = [d.id for d in ALIGNX90.dimensions if "," in d.positive + d.negative]
    assert [ALIGNX90.index(d) for d in commas] == [14, 15, 22, 23, 24, 32, 33, 37, 38, 39]
    for dimension_id in commas:
        for sign in (-1, 1):
            direction = ALIGNX90.direction({"gender": 1, dimension_id: sign, "fashion": -1})
            assert parse_profile(joined(direction), ALIGNX90) == direction


@pytest.mark.parametrize(
    ("profile", "index", "sign"),
    [
        ("Young", 0, 1),
        ("Older", 0, -1),
        ("Female", 1, 1),
        ("Male", 1, -1),
        ("Prefers superficial interaction (casual, stress-free chat)", 14, 1),
        ("Prefers deep interaction (discussing interests, emotional topics, etc.)", 14, -1),
        ("Concise communication style", 16, 1),
        ("Detailed communication style", 16, -1),
    ],
)
def test_the_poles_that_are_easily_swapped_have_their_published_sign(profile: str, index: int, sign: int) -> None:
    direction = parse_profile(profile, ALIGNX90)
    assert direction.signs[index] == sign
    assert abs(direction.signs).sum() == 1


def test_the_longest_phrase_wins_over_one_that_begins_it() -> None:
    space = PreferenceSpace(
        "nested",
        (
            Dimension("art", "A", "g", "Likes art", "Hates art"),
            Dimension("old", "B", "g", "Likes art, old", "Likes artists"),
        ),
    )
    assert parse_profile("Likes art, old", space) == space.direction({"old": 1})
    assert parse_profile("Likes artists, Likes art", space) == space.direction({"old": -1, "art": 1})


@pytest.mark.parametrize("joint", [",", ",  ", " , ", ",\n"])
def test_white_space_around_commas_does_not_matter(joint: str) -> None:
    direction = ALIGNX90.direction({"age_group": 1, "order": 1, "dance": -1})
    assert parse_profile(f" {joined(direction, joint)} ", ALIGNX90) == direction


def test_an_empty_profile_is_neutral() -> None:
    assert parse_profile("", ALIGNX90) == ALIGNX90.direction()


@pytest.mark.parametrize("unknown", ["Likes sleeping", "likes sleep", "Likes", "Likes sleep; Young"])
def test_unknown_text_is_an_error_that_shows_it(unknown: str) -> None:
    with pytest.raises(DataError, match=f"no pole of space 'alignx90': '{unknown}"):
        parse_profile(f"Young, {unknown}, Female", ALIGNX90)


def test_both_poles_of_one_dimension_are_refused_and_one_named_twice_is_not() -> None:
    with pytest.raises(DataError, match="both poles of 'age_group'"):
        parse_profile("Young, Female, Older", ALIGNX90)
    assert parse_profile("Young, Young", ALIGNX90) == ALIGNX90.direction({"age_group": 1})


def test_a_space_in_which_two_poles_share_a_phrase_cannot_read_profiles() -> None:
    space = PreferenceSpace("twice", (Dimension("a", "A", "g", "same", "x"), Dimension("b", "B", "g", "same", "y")))
    with pytest.raises(SpaceError, match="'same' is a pole of 'a' and of 'b'"):
        parse_profile("x", space)
