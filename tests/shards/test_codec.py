import dataclasses
import typing
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Direction, PreferenceSpace, Record
from penchant.errors import DataError, RecordError, SpaceError, SpaceMismatch
from penchant.persona import Comment, Evidence, Item, Persona, Statement
from penchant.record import Question
from penchant.shards import PersonItems
from penchant.shards.codec import KEYS, decode, encode, kind_name, split_of

KINDS = typing.get_args(Evidence)
BARE = {"record_id": "r", "prompt": "p", "chosen": "y", "rejected": "n"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signs", [None, {}, {"length": 1, "depth": -1}], ids=["none", "neutral", "signs"])
def test_every_kind_of_evidence_comes_back_as_it_was(kind, signs, tiny: PreferenceSpace, example_of) -> None:
    item = example_of(kind, None if signs is None else tiny.direction(signs))
    record = Record("r", None, "p", "y", "n", Persona((item,)))
    back = decode(encode(record, tiny), tiny)
    assert (*back.entries, back.lost) == (record, ())


def test_kinds_of_evidence_have_different_names(example_of) -> None:
    assert len({kind_name(example_of(kind)) for kind in KINDS}) == len(KINDS)


@given(st.data())
def test_any_record_comes_back_as_it_was(any_record, tiny: PreferenceSpace, data: st.DataObject) -> None:
    record = data.draw(any_record)
    assert decode(encode(record, tiny), tiny).entries[0] == record


def test_every_field_of_a_record_is_written(full_record, tiny: PreferenceSpace) -> None:
    content = encode(full_record("r"), tiny)
    fields = [field.name for field in dataclasses.fields(Record)]
    assert list(content) == list(KEYS) == [name if name != "persona" else "evidence" for name in fields]


def test_neutral_and_absent_directions_stay_apart(tiny: PreferenceSpace) -> None:
    assert encode(Record("r", None, "p", "y", "n", direction=tiny.direction()), tiny)["direction"] == []
    assert encode(Record("r", None, "p", "y", "n"), tiny)["direction"] is None


def test_a_row_by_hand_needs_an_id_and_three_texts(tiny: PreferenceSpace) -> None:
    assert decode(BARE, None).entries[0] == Record("r", None, "p", "y", "n")
    assert split_of({}) == "train"
    assert split_of({"split": ""}) == ""


@pytest.mark.parametrize("key", ["prompt", "chosen", "rejected"])
@pytest.mark.parametrize("empty", [None, "", " \n"])
def test_a_row_without_a_text_is_set_aside_with_the_reason(key: str, empty: str | None) -> None:
    with pytest.raises(RecordError, match=f"^{key} is empty$"):
        decode({**BARE, key: empty}, None)


def test_an_item_keeps_its_id_and_its_time(tiny: PreferenceSpace) -> None:
    items = [
        {"kind": "statement", "text": "short", "id": "s1", "at": "2026-03-01T12:00:00+02:00"},
        {"kind": "comment", "text": "long"},
    ]
    record = decode({**BARE, "evidence": items}, None).entries[0]
    first, second = record.persona.items
    assert (first.id, first.at) == ("s1", datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert (second.id, second.at) == ("", None)
    assert decode(encode(record, tiny), tiny).entries[0] == record


def test_items_that_all_have_times_are_sorted_by_them(tiny: PreferenceSpace) -> None:
    dates = ("2026-03-02", "2025-01-01", "2026-03-01T08:00:00Z")
    items = [{"kind": "statement", "text": date, "at": date} for date in dates]
    kept = decode({**BARE, "evidence": items}, None).entries[0].persona.evidence
    assert [item.text for item in kept] == [dates[1], dates[2], dates[0]]
    undated = (
        decode({**BARE, "evidence": [*items, {"kind": "statement", "text": "x"}]}, None).entries[0].persona.evidence
    )
    assert [item.text for item in undated] == [*dates, "x"]


def test_a_time_that_is_none_is_an_error_that_says_how_to_write_one() -> None:
    with pytest.raises(DataError, match="evidence\\[0\\]: 'at' is 'yesterday'; give a time as"):
        decode({**BARE, "evidence": [{"kind": "statement", "text": "x", "at": "yesterday"}]}, None)


TURNS = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Tea?"},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Which?"},
]


def test_a_prompt_may_be_a_conversation(tiny: PreferenceSpace) -> None:
    record = decode({**BARE, "prompt": TURNS}, None).entries[0]
    assert [turn.role for turn in record.prompt] == ["system", "user", "assistant", "user"]
    assert record.task == "Which?"
    assert encode(record, tiny)["prompt"] == TURNS
    assert encode(decode(BARE, None).entries[0], tiny)["prompt"] == "p"


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "without turns"),
        (TURNS[:3], "ends with a turn of the assistant"),
        ([{"role": "robot", "content": "Hm."}, *TURNS], "a speaker 'robot'; known are"),
        ([{"role": "user", "content": " "}], "empty"),
    ],
)
def test_a_prompt_that_is_no_conversation_sets_the_row_aside_with_the_reason(turns: list, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        decode({**BARE, "prompt": turns}, None)


@pytest.mark.parametrize(
    ("turns", "says"),
    [
        (["Tea?"], "prompt is a list of texts"),
        ([{"role": "king", "content": "Tea?"}], r"prompt\[0\] has a speaker 'king'; known are system, "),
        ([{"role": "user", "content": 3}], r"prompt\[0\] is of type int; a text belongs there"),
        ([{"role": "user", "content": [{"type": "image", "url": "x"}]}], "a part of kind 'image'; only texts are read"),
    ],
)
def test_a_turn_of_another_shape_sets_the_row_aside(turns: list, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        decode({**BARE, "prompt": turns}, None)


@pytest.mark.parametrize("kind", ["comment", "demographics", "statement"])
def test_an_empty_item_is_left_out_with_a_reason_and_the_row_kept(kind: str) -> None:
    kept = decode({**BARE, "evidence": [{"kind": kind, "text": " "}, {"kind": "statement", "text": "short"}]}, None)
    assert len(kept.entries[0].persona) == 1
    assert kept.lost == (f"{kind}: text is empty",)


def test_a_person_without_a_prompt_is_evidence_alone() -> None:
    evidence = [{"kind": "statement", "text": "I like tea."}]
    assert decode({"user_id": "u", "evidence": evidence}, None).entries == (
        PersonItems("u", (Item(Statement("I like tea.")),)),
    )
    with pytest.raises(RecordError, match="prompt is missing"):
        decode({"user_id": "u", "evidence": []}, None)


def test_a_prompt_without_answers_is_a_question() -> None:
    (question,) = decode({"user_id": 7, "prompt": "Tea?"}, None).entries
    assert isinstance(question, Question)
    assert (question.user_id, question.task) == ("7", "Tea?")


def test_a_row_without_an_id_has_one_of_its_content_and_place() -> None:
    row = {"prompt": "p", "chosen": "y", "rejected": "n"}
    names = [decode(row, None, number=number).entries[0].record_id for number in (0, 1, 0)]
    assert names[0] == names[2] != names[1]


def test_columns_that_nothing_reads_stay_as_meta_and_a_misspelt_one_is_refused() -> None:
    row = {"record_id": "r", "prompt": "p", "chosen": "y", "rejected": "n"}
    assert decode({**row, "mood": "calm"}, None).entries[0].provenance.meta == '{"mood": "calm"}'
    del row["chosen"]
    with pytest.raises(DataError, match="no key 'choosen'; nearest is 'chosen'"):
        decode({**row, "choosen": "y"}, None)


def test_a_value_that_is_no_text_sets_its_row_or_item_aside() -> None:
    row = {"record_id": "r", "prompt": 3, "chosen": "y", "rejected": "n"}
    with pytest.raises(RecordError, match="'prompt' is of type int"):
        decode(row, None)
    evidence = [{"kind": "comment", "text": "x"}, {"kind": "comment", "text": 3}]
    kept = decode({**row, "prompt": "p", "evidence": evidence}, None)
    assert len(kept.entries[0].persona) == 1
    assert kept.lost == ("comment: 'text' is of type int; it must be text",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"corrections": []}, "no key 'corrections'; corrections belong in a .json file of the person"),
        ({"evidence": {}}, "'evidence' is of type dict; it must be a list"),
        (
            {"evidence": [{"kind": "rumour"}]},
            r"evidence\[0\]: evidence of unknown kind 'rumour'; known are: comment, comparison, demographics",
        ),
        ({"evidence": [{"kind": "comment", "comment": "x"}]}, "a comment has no key 'comment'"),
        ({"evidence": [{"kind": "rating", "answer": "x", "liked": 1}]}, "'liked' is of type int"),
        ({"evidence": [{"kind": "rating", "answer": "x"}]}, "'liked' is missing"),
        ({"provenance": {"licence": "MIT"}}, "provenance has no key 'licence'"),
        ({"provenance": "MIT"}, "'provenance' is of type str"),
        ({"direction": [{"dimension": "length", "sign": 2}]}, "'direction' of 'length' has sign 2"),
        ({"direction": [{"dimension": "length", "sign": True}]}, "has sign True"),
        ({"direction": [{"dimension": "length", "sign": 1}] * 2}, "names 'length' twice"),
        ({"golden": {"length": 1}}, "'golden' is of type dict; it must be a list"),
    ],
)
def test_a_value_out_of_place_is_an_error_that_names_it(changes, message: str, tiny: PreferenceSpace) -> None:
    with pytest.raises(DataError, match=message):
        decode({**BARE, **changes}, tiny)


def test_an_unknown_dimension_names_the_nearest(tiny: PreferenceSpace) -> None:
    with pytest.raises(SpaceError, match="no dimension 'lenght'; nearest is 'length'"):
        decode({**BARE, "direction": [{"dimension": "lenght", "sign": 1}]}, tiny)


def test_a_direction_needs_a_space_to_be_read_and_to_be_written(tiny: PreferenceSpace, full_record) -> None:
    with pytest.raises(SpaceError, match="'profile' is a direction, and no space was given"):
        decode({**BARE, "profile": []}, None)
    with pytest.raises(SpaceError, match="record 'r7' has a direction over 'tiny'"):
        encode(full_record("r7"), None)


def test_a_direction_over_another_space_is_not_written(tiny: PreferenceSpace, full_record) -> None:
    with pytest.raises(SpaceMismatch, match="record 'r7': written for space 'tiny'"):
        encode(full_record("r7"), tiny.subset(["length"], name="one"))


def test_what_was_inferred_keeps_its_doubt(tiny) -> None:
    inferred = Direction(tiny, [1, 0, -1], [0.75, 1.0, 0.5])
    record = Record("r", "u", "p", "a", "b", Persona((Comment("p", "c", inferred),)))
    content = encode(record, tiny)
    assert content["evidence"][0]["direction"] == [
        {"dimension": "length", "sign": 1, "confidence": 0.75},
        {"dimension": "depth", "sign": -1, "confidence": 0.5},
    ]
    assert decode(content, tiny).entries[0] == record


@pytest.mark.parametrize("confidence", [0, 1.5, True, "high"])
def test_a_confidence_that_is_none_is_an_error(tiny, confidence: object) -> None:
    said = [{"dimension": "length", "sign": 1, "confidence": confidence}]
    with pytest.raises(DataError, match="'direction' of 'length' has confidence"):
        decode({**BARE, "direction": said}, tiny)
