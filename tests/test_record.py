import dataclasses

import pytest

from penchant import Persona, PreferenceSpace, Record, RecordError
from penchant.message import Message
from penchant.record import people_digest


def record(**changes: object) -> Record:
    fields = {"record_id": "r1", "user_id": "u1", "prompt": "p", "chosen": "y", "rejected": "n"}
    return Record(**{**fields, **changes})


@pytest.mark.parametrize("name", ["prompt", "chosen", "rejected"])
@pytest.mark.parametrize("empty", ["", " \n\t"])
def test_a_record_with_an_empty_text_is_refused_by_id_and_field(name: str, empty: str) -> None:
    with pytest.raises(RecordError, match="record 'r1'.* empty") as raised:
        record(**{name: empty})
    assert name in str(raised.value)


def test_a_plain_prompt_is_one_turn_and_the_task_is_the_last_one() -> None:
    assert record().prompt == (Message("user", "p"),)
    turns = (Message("user", "p"), Message("assistant", "a"), Message("user", "q"))
    assert record(prompt=list(turns)).prompt == turns
    assert record(prompt=turns).task == "q"


def test_a_conversation_that_the_assistant_ends_is_refused_with_the_records_id() -> None:
    with pytest.raises(RecordError, match="record 'r1': the prompt ends with a turn of the assistant"):
        record(prompt=(Message("user", "p"), Message("assistant", "a")))


def test_a_record_may_be_without_user_persona_and_directions() -> None:
    bare = record(user_id=None)
    assert bare.persona == Persona()
    assert (bare.direction, bare.profile, bare.golden) == (None, None, None)
    assert bare.split == "train"


def test_the_three_directions_of_a_record_are_kept_apart(tiny: PreferenceSpace) -> None:
    pair, stated, true = (tiny.direction({name: 1}) for name in ("length", "humour", "depth"))
    full = record(direction=pair, profile=stated, golden=true)
    assert (full.direction, full.profile, full.golden) == (pair, stated, true)


def test_a_record_cannot_be_changed_but_replaced() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        record().prompt = "q"
    with pytest.raises(RecordError):
        dataclasses.replace(record(), chosen="")


def test_a_record_without_a_user_is_of_a_person_apart() -> None:
    assert record().person_id == "u1"
    assert record(user_id=None).person_id == "r1"


def test_a_digest_says_which_people_there_are_whatever_else_is_in_their_records() -> None:
    some = [record(user_id="a"), record(record_id="r2", user_id="b", prompt="q")]
    digest = people_digest(some)
    assert len(digest) == 16
    assert people_digest([*reversed(some), record(record_id="r3", user_id="a")]) == digest
    assert people_digest(some[:1]) != digest
    assert people_digest([record(user_id="ab")]) != people_digest([record(user_id="a"), record(user_id="b")])
