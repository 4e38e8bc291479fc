"""Logs of chat products: the thumbs of people in them."""

import pytest

from penchant.errors import RecordError
from penchant.message import Message
from penchant.shards.layouts.base import Verdict
from penchant.shards.layouts.ratings import UNRATED

PROMPT = (Message("user", "Tea?"),)
ASK = {"role": "user", "content": "Tea?"}
ASKED = {"type": "user_message", "output": "Tea?"}
ANSWERED = {"type": "assistant_message", "output": "Yes."}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"userId": "u", "input": {"messages": [ASK]}, "output": "Yes.", "user-feedback": [1]}, "langfuse traces"),
        ({"userIdentifier": "u", "steps": [ASKED, {**ANSWERED, "feedback": {"value": 1}}]}, "chainlit threads"),
    ],
)
def test_the_thumb_of_a_user_is_read(statements, row: dict[str, object], name: str) -> None:
    assert statements(row) == (name, [Verdict(PROMPT, "Yes.", True)])


def test_a_thread_without_feedback_says_nothing(statements) -> None:
    assert statements({"steps": [ASKED, ANSWERED]})[1] == [UNRATED]


def test_feedback_without_its_chat_is_set_aside(statements) -> None:
    row = {"user_id": "u", "data": {"rating": 1}, "meta": {"message_id": "b"}, "snapshot": None}
    with pytest.raises(RecordError, match="the chat of the feedback is not in the file"):
        statements(row)


def test_reactions_of_weave_are_thumbs_of_whoever_reacted_and_notes_are_none(statements) -> None:
    def call(*feedback: dict[str, object]) -> dict[str, object]:
        choices = [{"index": 0, "message": {"role": "assistant", "content": "Yes."}}]
        summary = {"weave": {"feedback": list(feedback)}}
        return {"inputs": {"model": "m", "messages": [ASK]}, "output": {"choices": choices}, "summary": summary}

    down = {"feedback_type": "wandb.reaction.1", "creator": "cara", "payload": {"emoji": "x", "alias": ":thumbs_down:"}}
    note = {"feedback_type": "wandb.note.1", "creator": "bo", "payload": {"note": "see below"}}
    name, found = statements(call(down, note), call(note))
    assert name == "weave calls"
    assert found == [Verdict(PROMPT, "Yes.", False, user="cara"), UNRATED]
