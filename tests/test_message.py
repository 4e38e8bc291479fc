"""Conversations: who speaks, in what order, and what is refused."""

import pytest

from penchant.errors import RecordError
from penchant.message import Message, as_dicts, conversation

TURNS = (Message("user", "Tea?"), Message("assistant", "Yes."), Message("user", "Which?"))


def test_a_plain_text_is_one_turn_of_the_user() -> None:
    assert conversation("Tea?") == (Message("user", "Tea?"),)


def test_a_conversation_is_kept_as_it_is_to_the_turn() -> None:
    assert conversation(list(TURNS)) == TURNS


@pytest.mark.parametrize(
    ("turns", "says"),
    [
        ((), "without turns"),
        ("  ", "the prompt is empty"),
        (TURNS[:2], "ends with a turn of the assistant"),
        ((Message("robot", "Hm."), *TURNS), "turn 1 of the prompt has role 'robot'"),  # type: ignore[arg-type]
        ((Message("user", " "), *TURNS), "turn 1 of the prompt is empty"),
    ],
)
def test_what_is_no_conversation_is_refused_in_one_sentence(turns, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        conversation(turns)


def test_as_dicts_gives_the_form_of_templates_and_apis() -> None:
    assert as_dicts(TURNS)[0] == {"role": "user", "content": "Tea?"}
