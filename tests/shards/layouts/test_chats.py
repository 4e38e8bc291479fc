"""Thumbs inside the turns of a chat."""

from penchant.message import Message
from penchant.shards.layouts.base import Nothing, Verdict

ASKED = {"role": "user", "content": "Tea?"}


def answer(text: str, **more: object) -> dict[str, object]:
    return {"role": "assistant", "content": text, **more}


def test_each_answer_with_a_thumb_is_a_rating_after_the_turns_before_it(statements) -> None:
    turns = [ASKED, answer("No.", feedback={"thumb": "down"}), ASKED, answer("Yes.", feedback={"thumb": "up"})]
    name, found = statements({"user": "u", "messages": turns})
    first = (Message("user", "Tea?"),)
    later = (*first, Message("assistant", "No."), Message("user", "Tea?"))
    assert name == "chats with thumbs"
    assert found == [Verdict(first, "No.", liked=False), Verdict(later, "Yes.", liked=True)]


def test_stars_in_turns_are_read_as_stars_and_a_chat_without_any_says_nothing(statements) -> None:
    rated = {"user": "u", "messages": [ASKED, answer("Yes.", rating=5)]}
    poor = {"user": "u", "messages": [ASKED, answer("No.", rating=1)]}
    up, down, nothing = statements(rated, poor, {"user": "v", "messages": [ASKED, answer("Yes.")]})[1]
    assert (up.liked, down.liked) == (True, False)
    assert isinstance(nothing, Nothing)
