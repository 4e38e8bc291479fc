import numpy as np
import pytest

from penchant.errors import DataError, RecordError
from penchant.shards.fields import (
    flag,
    integer,
    items,
    mapping,
    refuse_unknown,
    sequence,
    text,
    text_or_empty,
    text_or_none,
)


def test_a_text_that_is_not_there_is_not_called_empty() -> None:
    with pytest.raises(RecordError, match="^k is missing$"):
        text({"other": "x"}, "k")


@pytest.mark.parametrize("content", [{"k": None}, {"k": ""}, {"k": " \n\u3000"}])
def test_a_text_that_says_nothing_sets_the_row_aside(content: dict[str, object]) -> None:
    with pytest.raises(RecordError, match="^k is empty$"):
        text(content, "k")


@pytest.mark.parametrize("read", [text, text_or_empty, text_or_none])
def test_a_text_of_another_type_sets_the_row_aside(read) -> None:
    with pytest.raises(RecordError, match="'k' is of type int; it must be text"):
        read({"k": 3}, "k")


@pytest.mark.parametrize("read", [text, text_or_empty, text_or_none])
def test_a_lone_surrogate_sets_the_row_aside(read) -> None:
    with pytest.raises(RecordError, match="^k is not valid Unicode$"):
        read({"k": "a\ud800"}, "k")


def test_a_text_comes_back_as_it_is_and_null_as_empty_or_none() -> None:
    assert text({"k": " a "}, "k") == " a "
    assert text_or_empty({"k": None}, "k") == ""
    assert text_or_none({}, "k") is None
    assert text_or_none({"k": ""}, "k") == ""


@pytest.mark.parametrize(
    "value", [[{"a": 1}], ({"a": 1},), np.array([{"a": 1}], dtype=object)], ids=["list", "tuple", "numpy"]
)
def test_lists_may_be_lists_tuples_or_arrays(value: object) -> None:
    assert items({"k": value}, "k") == [{"a": 1}]


def test_a_missing_list_is_empty_and_a_missing_sequence_is_none() -> None:
    assert items({"k": None}, "k") == []
    assert sequence({}, "k") is None
    assert sequence({"k": np.zeros(0)}, "k") == []


def test_an_entry_that_is_no_object_is_named_by_its_place() -> None:
    with pytest.raises(DataError, match=r"'k\[1\]' is of type str; it must be an object"):
        items({"k": [{}, "x"]}, "k")


@pytest.mark.parametrize("value", ["x", 3, {"a": 1}])
def test_something_else_than_a_list_is_refused(value: object) -> None:
    with pytest.raises(DataError, match="it must be a list"):
        sequence({"k": value}, "k")


def test_an_object_a_flag_and_a_number_are_read() -> None:
    assert mapping({"k": {"a": 1}}, "k") == {"a": 1}
    assert mapping({}, "k") is None
    assert flag({"k": False}, "k") is False
    assert integer({"k": 0}, "k") == 0


@pytest.mark.parametrize(("read", "value"), [(mapping, [1]), (flag, 1), (flag, None), (integer, True), (integer, "1")])
def test_another_type_is_refused_with_its_key(read, value: object) -> None:
    with pytest.raises(DataError, match="'k' is (missing|of type)"):
        read({"k": value}, "k")


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(DataError, match="a record has no key 'choosen'; nearest is 'chosen'"):
        refuse_unknown(["prompt", "choosen"], ["prompt", "chosen"], what="a record")
