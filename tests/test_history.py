"""A person's other rows as evidence: which ones, never the row's own, and everything counted."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Comment, Comparison, Item, Rating, Record
from penchant.errors import ConfigError
from penchant.history import History, gives_away, item_of, with_evidence, with_history
from penchant.message import conversation
from penchant.record import Question


def row(name: str, user: str | None, day: int | None = None, prompt: str | None = None) -> Record:
    at = None if day is None else datetime(2026, 1, day, tzinfo=UTC)
    return Record(name, user, prompt or f"question {name}", f"good {name}", f"bad {name}", at=at)


def shown(record: Record) -> list[str]:
    return [item.id for item in record.persona.items]


def test_others_are_all_other_rows_of_the_same_person() -> None:
    made = with_history([row("a", "u"), row("b", "u"), row("c", "v"), row("d", "u")], History.parse("others"))
    assert [shown(record) for record in made.records] == [["b", "d"], ["a", "d"], [], ["a", "b"]]
    assert made.items == 6
    first = made.records[0].persona.evidence[0]
    assert first == Comparison("question b", chosen="good b", rejected="bad b")


def test_earlier_are_rows_with_an_earlier_time_in_order() -> None:
    records = [row("c", "u", 3), row("a", "u", 1), row("b", "u", 2), row("x", "u"), row("same", "u", 3)]
    made = with_history(records, History.parse("earlier"))
    assert {record.record_id: shown(record) for record in made.records} == {
        "c": ["a", "b"],
        "a": [],
        "b": ["a"],
        "same": ["a", "b"],
    }
    assert made.dropped == {"no time, so nothing is earlier": 1}


def test_the_first_rows_are_history_and_the_rest_share_it() -> None:
    records = [*(row(f"u{i}", "u") for i in range(5)), row("v0", "v"), row("v1", "v")]
    made = with_history(records, History.parse("first:2"))
    assert [(record.record_id, shown(record)) for record in made.records] == [
        (f"u{i}", ["u0", "u1"]) for i in (2, 3, 4)
    ]
    assert (made.as_history, made.dropped) == (2, {"the person has no more than 2 rows": 2})
    assert len({record.persona for record in made.records}) == 1


def test_rows_under_one_prompt_and_rows_with_one_answer_are_not_shown_to_each_other() -> None:
    twice = [row("a", "u", prompt="same"), row("b", "u", prompt="same"), row("c", "u")]
    made = with_history(twice, History.parse("others"))
    assert [shown(record) for record in made.records] == [["c"], ["c"], ["a", "b"]]
    assert made.withheld == 2
    shared = Record("d", "u", "another question", "good c", "bad d")
    made = with_history([row("c", "u"), shared, row("e", "u")], History.parse("first:1"))
    assert [record.record_id for record in made.records] == ["e"]
    assert made.dropped == {"the history holds its prompt or one of its answers": 1}


def test_nobody_is_shown_anothers_rows_and_a_record_without_a_user_has_none() -> None:
    made = with_history([row("a", None), row("b", None)], History.parse("others"))
    assert [shown(record) for record in made.records] == [[], []]


@pytest.mark.parametrize("text", ["other", "first", "first:0", "first:x", "earlier:2", ""])
def test_an_unknown_history_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(ConfigError, match="give others, earlier, or first:K"):
        History.parse(text)


def test_earlier_without_any_time_says_what_to_name() -> None:
    with pytest.raises(ConfigError, match="needs the time of each row"):
        with_history([row("a", "u"), row("b", "u")], History.parse("earlier"))


@given(
    st.lists(st.tuples(st.sampled_from("uv"), st.integers(0, 3), st.integers(1, 4), st.integers(0, 2)), max_size=9),
    st.sampled_from(["others", "earlier", "first:1", "first:2"]),
)
def test_no_row_is_shown_its_own_prompt_or_answers_and_rows_are_counted(rows, kind: str) -> None:
    records = [
        Record(str(i), user, f"p{prompt}", f"c{answer}", f"r{i}", at=datetime(2026, 1, day, tzinfo=UTC))
        for i, (user, prompt, day, answer) in enumerate(rows)
    ]
    made = with_history(records, History.parse(kind))
    for record in made.records:
        assert not any(gives_away(item.evidence, record) for item in record.persona.items)
        assert record.record_id not in shown(record)
    assert len(made.records) + made.as_history + sum(made.dropped.values()) == len(records)


def test_evidence_from_another_file_reaches_its_person_without_the_rows_own_answers() -> None:
    told = {"u": [Item(Comment("", "I like tea.")), Item(Comment("", "good a")), item_of(row("b", "u"))]}
    made = with_evidence([row("a", "u"), row("b", "u"), row("c", "v")], told)
    assert [len(record.persona) for record in made.records] == [2, 2, 0]
    assert (made.items, made.withheld) == (4, 2)


def test_an_answer_inside_a_longer_text_is_given_away_unless_it_is_short() -> None:
    long = "Keep the room dark and cool."
    asked = Record("r", "u", "q", long, "no")
    assert gives_away(Comparison("p", f"{long} Good night!", "other"), asked)
    assert gives_away(Rating("p", long.upper(), liked=True), asked) is False
    assert not gives_away(Comparison("p", "no, and no again", "other"), asked)


def test_a_question_has_a_history_and_is_none() -> None:
    choice = Record("r", "u", "q", "a", "b")
    question = Question("x", "u", conversation("what?"))
    for kind in ("others", "first:1"):
        made = with_history([choice, question], History.parse(kind))
        shown = {one.record_id: len(one.persona.items) for one in made.records}
        assert shown["x"] == 1
        assert shown.get("r", 0) == 0
