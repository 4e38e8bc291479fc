"""Columns as the user states them."""

import pytest

from penchant.errors import ConfigError
from penchant.shards.layouts.base import Choice, PromptOnly, Sample, Verdict
from penchant.shards.layouts.battles import NO_VERDICT, TIE
from penchant.shards.layouts.mapped import mapped, parse_columns

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
