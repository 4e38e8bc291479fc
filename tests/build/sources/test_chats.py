import pytest

from penchant.build.sources.chats import parse
from penchant.build.turns import BEFORE
from penchant.errors import RecordError

COLUMNS = {"thread": "room", "author": "who", "text": "said"}


def test_a_message_answers_the_one_before_and_needs_no_id() -> None:
    post = parse({"room": 7, "who": "ann", "said": "Tea?"}, COLUMNS, "log line 3")
    assert (post.id, post.thread, post.parent, post.text) == ("log line 3", "7", BEFORE, "Tea?")
    named = parse({"nr": 5, "room": 7, "who": "ann", "said": "Tea?"}, {**COLUMNS, "id": "nr"}, "log line 3")
    assert named.id == "5"


def test_a_message_of_no_conversation_is_dropped() -> None:
    with pytest.raises(RecordError, match="no conversation"):
        parse({"room": None, "who": "ann", "said": "Tea?"}, COLUMNS, "log line 3")
