"""One answer and a thumb: which values are up, which are down, and which say nothing."""

import pytest

from penchant.errors import DataError
from penchant.message import Message
from penchant.shards.layouts import recognise
from penchant.shards.layouts.base import Nothing, Sample, Verdict
from penchant.shards.layouts.ratings import UNRATED, stars_of, thumb_of

PROMPT = (Message("user", "Tea?"),)
ASK = {"role": "user", "content": "Tea?"}


@pytest.mark.parametrize(
    ("value", "liked"),
    [
        *((value, True) for value in (True, 1, "1", "up", "👍", "thumbs_up", "Like", "positive", [1], {"rating": 1})),
        *((value, False) for value in (False, 0, -1, "-1", "down", "👎", "thumbs-down", "disliked", "bad")),
    ],
)
def test_a_thumb_is_up_or_down(value: object, liked: bool) -> None:
    assert thumb_of(value) is liked


@pytest.mark.parametrize("value", [None, "", "perhaps", 3, [], [1, 0]])
def test_no_thumb_is_no_thumb_down(value: object) -> None:
    assert isinstance(thumb_of(value), Nothing)


def test_stars_are_liked_from_four_on_and_disliked_to_two(statements) -> None:
    rows = [{"question": "Tea?", "answer": "Yes.", "rating": stars} for stars in (1, 2, 3, 4, 5)]
    liked = [s.liked if isinstance(s, Verdict) else None for s in statements(*rows)[1]]
    assert liked == [False, False, None, True, True]


def test_numbers_that_are_neither_thumbs_nor_stars_are_refused() -> None:
    rows = [{"question": "Tea?", "answer": "Yes.", "rating": number} for number in (10, 70)]
    with pytest.raises(DataError, match="numbers from 10 to 70, neither thumbs nor 1 to 5 stars"):
        recognise(Sample.of(rows), {})


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"prompt": "Tea?", "completion": "Yes.", "label": True}, "kto"),
        ({"instruction": "Tea?", "input": "", "output": "Yes.", "kto_tag": True}, "kto"),
        ({"messages": [ASK, {"role": "assistant", "content": "Yes."}], "thumb": "up"}, "thumbs"),
        ({"question_content": "Tea?", "response_content": "Yes.", "liked": "True", "disliked": "False"}, "thumbs"),
    ],
)
def test_every_form_of_one_thumb_is_the_same_thumb(statements, row: dict[str, object], name: str) -> None:
    assert statements(row) == (name, [Verdict(PROMPT, "Yes.", True)])


@pytest.mark.parametrize(
    ("value", "stars"), [(4, 4.0), ("4/5", 4.0), ("3.5 / 5", 3.5), ("5 stars", 5.0), ("★★☆☆☆", 2.0), ("good", None)]
)
def test_stars_are_read_in_every_spelling(value: object, stars: float | None) -> None:
    assert stars_of(value) == stars


def test_a_comma_may_stand_for_the_point_and_a_text_among_numbers_does_not_make_one_a_thumb(statements) -> None:
    rows = [{"question": "Tea?", "answer": "Yes.", "rating": value} for value in ("4,5", "1", "5", "n/a")]
    liked = [one.liked if isinstance(one, Verdict) else None for one in statements(*rows)[1]]
    assert liked == [True, False, True, None]
    words = [{"question": "Tea?", "answer": "Yes.", "rating": value} for value in ("1", "up", "down")]
    assert [one.liked for one in statements(*words)[1]] == [True, True, False]


def test_two_columns_tell_one_thumb_and_neither_or_both_tell_none(statements) -> None:
    row = {"question": "Tea?", "answer": "Yes."}
    marks = [(True, False), (False, True), (False, False), (True, True), (None, None)]
    found = statements(*({**row, "liked": liked, "disliked": disliked} for liked, disliked in marks))[1]
    assert [one.liked for one in found[:2]] == [True, False]
    assert found[2:] == [UNRATED] * 3


def test_counts_of_thumbs_in_two_columns_are_refused() -> None:
    rows = [{"question": "Tea?", "answer": "Yes.", "thumbs_up": 3, "thumbs_down": 1}]
    with pytest.raises(DataError, match="both say whether an answer is liked"):
        recognise(Sample.of(rows), {})
