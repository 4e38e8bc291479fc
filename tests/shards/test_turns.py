"""Conversations in the forms that files have."""

import time

import pytest

from penchant.errors import RecordError
from penchant.message import Message
from penchant.shards.turns import answer_of, filled, object_in, texts_of, transcript, turn_of, turns_of, unpacked

TEA = (Message("user", "Tea?"), Message("assistant", "Yes."))


@pytest.mark.parametrize(
    "value",
    [
        [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "Yes."}],
        [{"from": "human", "value": "Tea?"}, {"from": "gpt", "value": "Yes."}],
        [{"role": "user", "content": [{"type": "text", "text": "Tea?"}]}, {"role": "model", "parts": ["Yes."]}],
        [{"author": {"role": "user"}, "content": {"parts": ["Tea?"]}}, {"speaker": "Bot", "text": "Yes."}],
        {"messages": [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "Yes."}]},
        '[{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "Yes."}]',
        "[{'role': 'user', 'content': 'Tea?'}, {'role': 'assistant', 'content': 'Yes.'}]",
        "\n\nHuman: Tea?\n\nAssistant: Yes.",
    ],
)
def test_every_form_of_two_turns_is_the_same_two_turns(value: object) -> None:
    assert turns_of(value, "prompt") == TEA
    assert answer_of(value, "chosen") == (TEA[:1], "Yes.")


def test_a_plain_text_is_one_turn_of_the_user_and_an_answer_by_itself() -> None:
    assert turns_of("Tea?", "prompt") == TEA[:1]
    assert answer_of(" Yes.", "chosen") == ((), " Yes.")
    assert answer_of({"text": "Yes."}, "chosen") == ((), "Yes.")
    assert answer_of('["a", "list of code"]', "chosen") == ((), '["a", "list of code"]')


def test_a_transcript_without_its_last_answer_is_a_prompt() -> None:
    assert transcript("\n\nHuman: Tea?\n\nAssistant:") == TEA[:1]
    assert transcript("He said: Human: no") == ()
    assert transcript("Human rights matter.") == ()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "prompt is missing"),
        (3, "prompt is of type int"),
        ([], "prompt is of type list"),
        (["Tea?"], "prompt is a list of texts"),
        ([{"role": "king", "content": "x"}], r"prompt\[0\] has a speaker 'king'"),
        ([{"content": "x"}], r"prompt\[0\] has a speaker missing"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "a part of kind 'image_url'; only texts are read"),
        ([{"role": "user", "content": "a\0"}], "NUL"),
    ],
)
def test_what_is_no_conversation_sets_its_row_aside(value: object, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        turns_of(value, "prompt")


@pytest.mark.parametrize(
    ("value", "message"),
    [("  ", "chosen is empty"), ([{"role": "user", "content": "x"}], "does not end with an answer"), (None, "missing")],
)
def test_what_is_no_answer_sets_its_row_aside(value: object, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        answer_of(value, "chosen")


def test_lists_of_texts_are_read_from_cells_too() -> None:
    assert texts_of('["one", "two"]', "prompt") == ["one", "two"]
    assert texts_of(["one", None], "prompt") == ["one", ""]
    assert texts_of("plain", "prompt") == ["plain"]
    with pytest.raises(RecordError, match="a list of texts belongs there"):
        texts_of([1], "prompt")


def test_a_turn_without_content_has_an_empty_text_and_an_empty_text_is_refused_where_one_is_needed() -> None:
    assert turn_of({"role": "assistant", "content": None}, "turn") == Message("assistant", "")
    with pytest.raises(RecordError, match="chosen is empty"):
        filled(" ", "chosen")


def test_unpacking_takes_time_in_proportion_to_the_length() -> None:
    for text in ("[{" * 100_000, "[{'" + "a" * 500_000, "\n\nHuman:" * 60_000, "[" + " " * 500_000):
        started = time.process_time()
        unpacked(text)
        transcript(text)
        assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("value", "found"),
    [('{"a": 1}', {"a": 1}), ("{'a': 1}", {"a": 1}), ({"a": 1}, {"a": 1}), ("{a", None), ("[1]", None), (3, None)],
)
def test_an_object_may_stand_in_a_cell_as_a_text(value: object, found: object) -> None:
    assert object_in(value) == found
