from datetime import UTC, datetime

from penchant.build.post import Post
from penchant.build.turns import BEFORE, turned


def message(name: str, author: str, text: str, *, thread: str = "c", second: int | None = None) -> Post:
    at = None if second is None else datetime(2024, 1, 1, 0, 0, second, tzinfo=UTC)
    return Post(name, thread, BEFORE, author, text, at=at, origin=f"row {name}")


def test_messages_in_a_row_are_one_turn_that_answers_the_turn_before() -> None:
    sent = [
        message("1", "ann", "Hello"),
        message("2", "ann", "Tea?"),
        message("3", "ben", "Yes"),
        message("4", "ann", "Good"),
    ]
    kept, joined = turned(sent)
    assert [(post.id, post.parent, post.text) for post in kept] == [
        ("1", None, "Hello\nTea?"),
        ("3", "1", "Yes"),
        ("4", "3", "Good"),
    ]
    assert [post.id for post in joined] == ["2"]


def test_messages_are_in_the_order_of_their_times_where_all_have_one() -> None:
    late_first = [message("1", "ann", "b", second=9), message("2", "ben", "a", second=1)]
    assert [post.id for post in turned(late_first)[0]] == ["2", "1"]
    one_without = [message("1", "ann", "b", second=9), message("2", "ben", "a")]
    assert [post.id for post in turned(one_without)[0]] == ["1", "2"]


def test_conversations_are_apart_and_other_posts_stay_as_they_are() -> None:
    post = Post("p", "t", None, "ann", "A post")
    kept, joined = turned([message("1", "ann", "x"), post, message("2", "ben", "y", thread="d")])
    assert {one.id: one.parent for one in kept} == {"1": None, "p": None, "2": None}
    assert joined == []
