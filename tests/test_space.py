import pickle
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import (
    Dimension,
    Direction,
    PreferenceSpace,
    SpaceError,
    SpaceMismatch,
    load_space,
    parse_space,
    spaces,
)
from penchant.space import SPACE_FILE, find_space_file

PUBLISHED_DIGEST = {"alignx90": "dd6531128ae9", "manner": "4cb14bc39d0d"}
"""Vectors are positional: a published space is never edited. A new one gets a new file and a new line here."""


@pytest.fixture(scope="module")
def alignx() -> PreferenceSpace:
    return load_space("alignx90")


@pytest.mark.parametrize("name", PUBLISHED_DIGEST)
def test_a_published_space_never_changes(name: str) -> None:
    assert load_space(name).digest == PUBLISHED_DIGEST[name]


def test_every_shipped_space_is_pinned() -> None:
    assert {path.stem for path in Path(spaces.__path__[0]).glob("*.toml")} == set(PUBLISHED_DIGEST)


@pytest.mark.parametrize(
    ("index", "positive", "negative"),
    [
        (0, "Young", "Older"),
        (1, "Female", "Male"),
        (14, "Prefers superficial interaction", "Prefers deep interaction"),
        (16, "Concise communication style", "Detailed communication style"),
        (89, "Likes fashion", "Dislikes fashion"),
    ],
)
def test_the_published_index_order_is_kept(alignx: PreferenceSpace, index: int, positive: str, negative: str) -> None:
    dimension = alignx.dimensions[index]
    assert dimension.positive.startswith(positive)
    assert dimension.negative.startswith(negative)
    assert alignx.index(dimension.id) == index


def test_alignx_has_ninety_dimensions_in_five_groups(alignx: PreferenceSpace) -> None:
    groups = Counter(dimension.group for dimension in alignx.dimensions)
    assert groups == {"trait": 7, "need": 21, "life": 12, "quality": 7, "interest": 43}


def test_ten_dimensions_have_a_comma_in_a_label_so_a_joined_profile_cannot_be_split(alignx: PreferenceSpace) -> None:
    assert sum("," in dimension.positive + dimension.negative for dimension in alignx.dimensions) == 10


def test_no_two_poles_of_alignx_read_the_same(alignx: PreferenceSpace) -> None:
    poles = [pole for dimension in alignx.dimensions for pole in (dimension.positive, dimension.negative)]
    assert len(set(poles)) == 180


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=90, max_size=90))
def test_the_published_encoding_makes_the_round_trip(values: list[float]) -> None:
    assert Direction.from_published(load_space("alignx90"), values).published() == values


def test_published_one_is_the_positive_pole_and_zero_the_negative(tiny: PreferenceSpace) -> None:
    direction = Direction.from_published(tiny, [1, 0, 0.5])
    assert direction.signs.tolist() == [1, -1, 0]
    assert direction.signs.dtype == np.int8


@pytest.mark.parametrize("value", [2, -1, 0.4, float("nan"), None, "1", [1], Decimal("0.5"), 1 + 0j])
def test_an_unknown_published_value_is_refused_by_the_name_of_its_dimension(tiny, value: object) -> None:
    with pytest.raises(SpaceError, match="humour"):
        Direction.from_published(tiny, [1, value, 0.5])  # type: ignore[list-item]


def test_a_published_vector_of_another_length_is_refused(tiny: PreferenceSpace) -> None:
    with pytest.raises(SpaceError, match="2 values.*3 dimensions"):
        Direction.from_published(tiny, [1, 0])


@pytest.mark.parametrize("signs", [[1, 0], [1, 0, 0, 0], [[1, 0, 0]], [2, 0, 0], [0.5, 0, 0]])
def test_a_direction_of_wrong_length_or_value_is_refused(tiny: PreferenceSpace, signs: list) -> None:
    with pytest.raises(SpaceError):
        Direction(tiny, signs)


def test_a_direction_cannot_be_changed(tiny: PreferenceSpace) -> None:
    direction = tiny.direction({"length": 1})
    with pytest.raises(ValueError, match="read-only"):
        direction.signs[0] = -1
    with pytest.raises(AttributeError):
        direction.signs = np.zeros(3, dtype=np.int8)


def test_a_direction_does_not_follow_the_array_it_was_made_from(tiny: PreferenceSpace) -> None:
    signs = np.array([1, 0, 0], dtype=np.int8)
    direction = Direction(tiny, signs)
    signs[0] = -1
    assert direction.sign("length") == 1


def test_directions_are_equal_by_content_and_differ_between_spaces(tiny: PreferenceSpace) -> None:
    other = PreferenceSpace("tiny", tuple(reversed(tiny.dimensions)))
    assert tiny.direction({"length": 1}) == Direction(tiny, [1, 0, 0])
    assert hash(tiny.direction({"length": 1})) == hash(Direction(tiny, [1, 0, 0]))
    assert tiny.direction() != other.direction()
    assert tiny.direction() != "neutral"


def test_a_direction_survives_pickling(tiny: PreferenceSpace) -> None:
    direction = tiny.direction({"length": 1, "depth": -1})
    assert pickle.loads(pickle.dumps(direction)) == direction


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=3, max_size=3))
def test_flipping_twice_is_the_same_and_keeps_neutral(tiny: PreferenceSpace, signs: list[int]) -> None:
    direction = Direction(tiny, signs)
    assert direction.flipped().signs.tolist() == [-sign for sign in signs]
    assert direction.flipped().flipped() == direction


def test_poles_are_the_decided_dimensions_in_index_order(tiny: PreferenceSpace) -> None:
    poles = tiny.direction({"depth": 1, "length": -1}).poles()
    assert [dimension.pole(sign) for dimension, sign in poles] == ["Likes it long", "Likes detail, with sources"]


def test_overlaying_sets_named_dimensions_and_leaves_the_original(tiny: PreferenceSpace) -> None:
    direction = tiny.direction({"length": 1, "humour": 1})
    assert direction.overlaid({"length": -1, "humour": 0}).signs.tolist() == [-1, 0, 0]
    assert direction.overlaid({}) == direction
    assert direction.signs.tolist() == [1, 1, 0]


@pytest.mark.parametrize("sign", [0.5, 2, -3])
def test_a_sign_between_or_beyond_the_poles_is_refused_by_name(tiny: PreferenceSpace, sign: float) -> None:
    for make in (tiny.direction, tiny.direction().overlaid):
        with pytest.raises(SpaceError, match="humour"):
            make({"humour": sign})


def test_neutral_has_no_pole_phrase(tiny: PreferenceSpace) -> None:
    with pytest.raises(SpaceError, match="neutral"):
        tiny.dimensions[0].pole(0)


def test_an_unknown_dimension_is_refused_with_the_nearest_name(tiny: PreferenceSpace) -> None:
    with pytest.raises(SpaceError, match="nearest is 'humour'"):
        tiny.index("humor")


def test_require_takes_its_own_space_and_names_both_otherwise(tiny, alignx: PreferenceSpace) -> None:
    tiny.direction().require(tiny, where="row 3")
    with pytest.raises(SpaceMismatch, match="row 3.*'tiny'.*'alignx90'"):
        tiny.direction().require(alignx, where="row 3")


def test_the_digest_depends_on_order_and_poles_but_not_on_the_name(tiny: PreferenceSpace) -> None:
    first = tiny.dimensions[0]
    other_pole = Dimension(first.id, first.name, first.group, "Likes it brief", first.negative)
    assert PreferenceSpace("renamed", tiny.dimensions).digest == tiny.digest
    assert PreferenceSpace("tiny", tuple(reversed(tiny.dimensions))).digest != tiny.digest
    assert PreferenceSpace("tiny", (other_pole, *tiny.dimensions[1:])).digest != tiny.digest


def test_a_subset_keeps_the_order_of_its_space(tiny: PreferenceSpace) -> None:
    assert [d.id for d in tiny.subset(["depth", "length", "depth"], name="two").dimensions] == ["length", "depth"]


@pytest.mark.parametrize("ids", [(), ("length", "length")])
def test_a_space_needs_dimensions_with_ids_of_their_own(ids: tuple[str, ...]) -> None:
    with pytest.raises(SpaceError, match="at least one|twice"):
        PreferenceSpace("broken", tuple(Dimension(i, i, "need", "+", "-") for i in ids))


@pytest.mark.parametrize("name", ["alignx91", "__init__", "__init__.py", "../spaces/alignx90", ""])
def test_a_name_that_is_no_shipped_space_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(SpaceError, match="shipped are: alignx90, manner;"):
        load_space(name)


def test_a_space_of_ones_own_is_loaded_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\n[[dimension]]\nid = "tea"\nname = "Tea"\ngroup = ""\npositive = "Tea"\nnegative = "Coffee"\n'
    )
    assert load_space(str(path)).direction({"tea": -1}).poles()[0][0].negative == "Coffee"
    with pytest.raises(SpaceError, match="check the path"):
        load_space(str(tmp_path / "absent.toml"))


@pytest.mark.parametrize(
    "text",
    [
        "name = ",
        'name = "x"',
        'name = "x"\n[[dimension]]\nid = "a"',
        'name = "x"\n[[dimension]]\nid="a"\nname="a"\ngroup="g"\npositive="p"\nnegative="n"\ncolour="red"',
    ],
)
def test_a_broken_space_file_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(SpaceError, match=r"mine\.toml is not a space file"):
        parse_space(text, where="mine.toml")


def test_an_inferred_direction_holds_the_probability_of_each_sign(tiny: PreferenceSpace) -> None:
    inferred = Direction(tiny, [1, 0, -1], [0.9, 0.3, 0.6])
    assert inferred.probabilities().tolist() == pytest.approx([0.9, 1.0, 0.6])
    assert tiny.direction({"length": 1}).probabilities().tolist() == [1, 1, 1]
    assert inferred != Direction(tiny, [1, 0, -1])
    assert inferred == Direction(tiny, [1, 0, -1], [0.9, 1.0, 0.6])
    assert pickle.loads(pickle.dumps(inferred)) == inferred
    assert inferred.flipped() == Direction(tiny, [-1, 0, 1], [0.9, 1.0, 0.6])
    assert inferred.overlaid({"length": -1}) == Direction(tiny, [-1, 0, -1], [1.0, 1.0, 0.6])
    assert len({inferred, inferred.flipped().flipped()}) == 1


@pytest.mark.parametrize("sure", [[0.5, 0.5], [0.0, 1.0, 1.0], [1.5, 1.0, 1.0], [float("nan"), 1.0, 1.0]])
def test_probabilities_that_are_none_are_refused(tiny: PreferenceSpace, sure: list[float]) -> None:
    with pytest.raises(SpaceError, match="3 numbers above 0 and up to 1"):
        Direction(tiny, [1, 0, -1], sure)


def test_age_and_gender_are_withheld_until_a_space_says_otherwise() -> None:
    alignx90 = load_space()
    assert [d.id for d, kept in zip(alignx90.dimensions, alignx90.withheld, strict=True) if kept] == [
        "age_group",
        "gender",
    ]
    opened = load_space("alignx90+demographics")
    assert not opened.withheld.any()
    assert (opened.name, opened.digest, opened) == (alignx90.name, alignx90.digest, alignx90)
    assert opened.subset(["gender"], name="g").withheld.tolist() == [False]
    assert alignx90.subset(["gender", "gaming"], name="g").withheld.tolist() == [True, False]


def test_a_space_file_keeps_whether_it_withholds(tmp_path: Path) -> None:
    alignx90 = load_space()
    for space in (alignx90, alignx90.opened()):
        path = tmp_path / f"{space.protected}.toml"
        path.write_text(space.as_toml(), encoding="utf-8")
        assert load_space(str(path)).protected == space.protected
        assert not load_space(f"{path}+demographics").protected


def test_what_is_withheld_is_taken_out_of_a_direction_and_nothing_else() -> None:
    alignx90 = load_space()
    said = alignx90.direction({"gender": 1, "gaming": -1})
    assert said.without_withheld(alignx90) == alignx90.direction({"gaming": -1})
    assert said.without_withheld(alignx90.opened()) is said


def test_the_space_beside_data_is_that_in_its_folder_or_its_parents(tmp_path: Path) -> None:
    assert find_space_file(tmp_path / "rows.jsonl") is None
    (tmp_path / SPACE_FILE).touch()
    assert [find_space_file(tmp_path / name) for name in ("rows.jsonl", "train")] == [tmp_path / SPACE_FILE] * 2
    assert find_space_file(tmp_path) == tmp_path / SPACE_FILE
    assert find_space_file(tmp_path / "deep" / "train") is None
