"""Columns as the user states them."""

import pytest

from penchant.errors import ConfigError, RecordError
from penchant.message import Message
from penchant.shards.layouts.base import REJECTED, Choice, Described, PromptOnly, Sample, Verdict, Wrote
from penchant.shards.layouts.mapped import mapped, parse_columns
from penchant.shards.layouts.verdicts import NO_VERDICT, TIE

ROW = {"ask": "Tea?", "one": "Yes.", "two": "No.", "best": "1", "thumb": "up", "list": ["Yes.", "No."], "marks": [2, 1]}


def read(text: str, **changes: object) -> list[object]:
    row = {**ROW, **changes}
    return list(mapped(Sample.of([row]), parse_columns(text)).read(row))


def test_columns_are_stated_as_a_text_or_a_file(tmp_path) -> None:
    assert parse_columns("prompt=ask, chosen = one,rejected=two") == {
        "prompt": "ask",
        "chosen": "one",
        "rejected": "two",
    }
    (tmp_path / "c.yaml").write_text("prompt: ask\nchosen: one\n")
    assert parse_columns(str(tmp_path / "c.yaml")) == {"prompt": "ask", "chosen": "one"}


def test_what_people_wrote_and_what_describes_them_need_no_choice() -> None:
    assert read("text=one,prompt=ask") == [Wrote("Yes.", "Tea?")]
    assert read("description=two,text=one") == [Wrote("Yes."), Described("No.")]
    assert read("text=one,description=two", one=None) == [Described("No.")]
    with pytest.raises(RecordError, match="one is empty"):
        read("text=one", one=" ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("promt=ask", "names no field 'promt'; nearest is 'prompt'"),
        ("ask", "not of the form field=column"),
        ("prompt=", "not of the form field=column"),
        ("none.yaml", "not a readable YAML file"),
    ],
)
def test_a_broken_mapping_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_columns(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prompt=asks", "no such column; nearest is 'ask'; it has: ask, one"),
        ("prompt=ask,chosen=one", "make no preference"),
        ("prompt=ask,chosen=one,rejected=one", "chosen and rejected name the same column, one"),
        ("prompt=ask,chosen=one,rejected=two,label=best", "does not say which answer it means; add first=VALUE"),
    ],
)
def test_a_mapping_that_makes_no_preference_is_refused_with_what_is_missing(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(text)


def test_pairs_verdicts_lists_thumbs_and_questions() -> None:
    (pair,) = read("prompt=ask,chosen=one,rejected=two")
    assert isinstance(pair, Choice)
    assert (pair.chosen, pair.rejected) == ("Yes.", "No.")
    (second,) = read("prompt=ask,chosen=one,rejected=two,label=best,first=0")
    assert second.chosen == "No."
    (named,) = read("prompt=ask,chosen=one,rejected=two,label=best", best="two")
    assert named.chosen == "No."
    (text,) = read("prompt=ask,chosen=one,rejected=two,label=best", best="No.")
    assert text.chosen == "No."
    assert read("prompt=ask,chosen=one,rejected=two,label=best", best="tie") == [TIE]
    assert read("prompt=ask,chosen=one,rejected=two,label=best", best=None) == [NO_VERDICT]
    assert read("prompt=ask,answers=list,scores=marks") == [pair]
    assert read("prompt=ask,answer=one,label=thumb") == [Verdict(pair.prompt, "Yes.", True)]
    assert read("prompt=ask,answer=one,label=best,first=5") == [Verdict(pair.prompt, "Yes.", False)]
    assert read("prompt=ask") == [PromptOnly(pair.prompt)]


TABLE = [
    {"p": "What now?", "a": "a long answer", "b": "another answer", "v": v} for v in ("x", "y", "x", "tie", "", None)
]


MAPPED = {"prompt": "p", "chosen": "a", "rejected": "b", "label": "v", "first": "x"}


def preferred(rows, **changes: str) -> list[str]:
    layout = mapped(Sample.of(rows), {**MAPPED, **changes})
    found = [next(iter(layout.read(row))) for row in rows]
    return [one.chosen if isinstance(one, Choice) else "" for one in found]


def test_the_other_label_means_the_other_answer_and_ties_and_blanks_mean_none() -> None:
    one, other = "a long answer", "another answer"
    assert preferred(TABLE) == [one, other, one, "", "", ""]
    assert preferred(TABLE, first="y") == [other, one, other, "", "", ""]


def test_a_scale_needs_both_ends_and_its_middle_is_a_tie() -> None:
    rows = [{**TABLE[0], "v": v} for v in (1, 2, 3, 4, 5, 9)]
    with pytest.raises(ConfigError, match="add second=VALUE"):
        mapped(Sample.of(rows), {**MAPPED, "first": "1"})
    one, other = "a long answer", "another answer"
    assert preferred(rows, first="1", second="5") == [one, one, "", other, other, ""]


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        ([{**TABLE[0], "v": v} for v in "xyz"], {"first": "q"}, "'v' holds no such value; it holds x, y, z"),
        ([{**TABLE[0], "loser": v} for v in "ab"], {"label": "loser"}, "seems to name the worse answer; add first"),
        (
            [{**TABLE[0], "model_a": "m", "model_b": "n", "v": v} for v in "mn"],
            {"first": "m"},
            "'v' repeats model_a or model_b; leave `first` out",
        ),
        (
            [{**TABLE[0], "best": "1", "c": "a third answer"}],
            {"chosen": "best"},
            "numbers or letters in place of answers",
        ),
    ],
)
def test_labels_that_could_be_misread_are_refused(rows, changes: dict[str, str], message: str) -> None:
    stated = {**MAPPED, **changes}
    if "first" not in changes:
        stated.pop("first")
    with pytest.raises(ConfigError, match=message):
        mapped(Sample.of(rows), stated)


def test_a_thumb_that_is_stated_leaves_other_values_out() -> None:
    rows = [{"p": "What now?", "a": "an answer", "v": v} for v in ("good", "poor", "neutral", "", None)]
    stated = {"prompt": "p", "answer": "a", "label": "v", "first": "good"}
    with pytest.raises(ConfigError, match="add second=VALUE, the value that stands for a thumb down"):
        mapped(Sample.of(rows), stated)
    layout = mapped(Sample.of(rows), {**stated, "second": "poor"})
    found = [next(iter(layout.read(row))) for row in rows]
    assert [one.liked if isinstance(one, Verdict) else None for one in found] == [True, False, None, None, None]


def test_two_answers_without_the_verdict_that_stands_beside_them_are_refused() -> None:
    rows = [
        {"ask": "Tea?", "answer_a": "Yes.", "answer_b": "No.", "vote": "A"},
        {"ask": "Tea?", "answer_a": "Yes.", "answer_b": "No.", "vote": "B"},
    ]
    stated = parse_columns("prompt=ask,chosen=answer_a,rejected=answer_b")
    with pytest.raises(ConfigError, match="'vote' seems to say which of them is better; add label=vote"):
        mapped(Sample.of(rows), stated)
    assert mapped(Sample.of(rows[:1]), stated)


def test_conversations_that_differ_before_their_last_answer_share_no_prompt() -> None:
    def talk(*texts: str) -> list[dict[str, str]]:
        return [{"role": role, "content": text} for role, text in zip(("user", "assistant") * 2, texts, strict=False)]

    one, two = talk("Tea?", "Yes.", "Why?", "It is warm."), talk("Tea?", "No.", "Why?", "It is wet.")
    with pytest.raises(RecordError, match="differ before their last answer"):
        read("chosen=one,rejected=two", one=one, two=two)
    (first,) = read("chosen=one,rejected=two", one=one, two=two, turn=1)
    assert first == Choice((Message("user", "Tea?"),), "Yes.", "No.")


def test_a_label_of_several_columns_makes_each_of_them_a_person() -> None:
    found = read("prompt=ask,chosen=one,rejected=two,label=ann+bob", ann="one", bob="tie")
    assert found == [Choice((Message("user", "Tea?"),), "Yes.", "No.", user="ann"), TIE]
    with pytest.raises(ConfigError, match="label=ann\\+bob: the data has no such column"):
        read("prompt=ask,chosen=one,rejected=two,label=ann+bob", ann="one")


def test_work_that_its_requester_rejected_is_left_out() -> None:
    assert read("prompt=ask,chosen=one,rejected=two", AssignmentStatus="Rejected") == [REJECTED]
