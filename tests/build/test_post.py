from datetime import UTC, datetime

import pytest

from penchant.build.post import Post, post_of, posts_of, table_of
from penchant.build.recipe import FIELDS
from penchant.errors import RecordError

COLUMNS = {name: name for name in FIELDS}
ROW = {"id": 7, "author": "ann", "text": " hello "}


def test_a_row_becomes_a_post_whatever_the_types_of_its_ids() -> None:
    post = post_of({**ROW, "parent": 3, "score": "5", "at": 1_400_000_000, "title": "On tea"}, COLUMNS, "a line 1")
    assert post == Post(
        "7", "3", "3", "ann", "On tea\n\nhello", 5, datetime(2014, 5, 13, 16, 53, 20, tzinfo=UTC), "a line 1"
    )
    assert post_of(ROW, COLUMNS, "").thread == "7"  # the first of its own thread
    assert post_of({**ROW, "score": "many", "at": 0}, COLUMNS, "").score is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"id": None}, "no id"), ({"author": " "}, "no author"), ({"text": None}, "no text"), ({"text": "a\0b"}, "NUL")],
)
def test_a_row_that_is_no_post_says_why(change, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        post_of({**ROW, **change}, COLUMNS, "")


def test_a_table_gives_the_posts_back() -> None:
    posts = [post_of(ROW, COLUMNS, "x"), post_of({**ROW, "id": "b", "parent": "7", "at": "2024-01-01"}, COLUMNS, "y")]
    assert list(posts_of(table_of(posts))) == posts
    assert list(posts_of(table_of([]))) == []
