"""Beliefs about people as a call: pooled evidence, one person or everybody, and nothing printed."""

import json

import pytest

from penchant.errors import ConfigError
from penchant.runs.beliefs import beliefs, people_of
from penchant.runs.data import read, space_for
from penchant.space import load_space


@pytest.fixture
def rows(tmp_path, tiny):
    """Three records of two people; one item stands in two records."""
    (tmp_path / "space.toml").write_text(tiny.as_toml(), encoding="utf-8")
    texts = {"a": ["one", "two"], "b": ["two", "three"], "c": ["four"]}
    lines = []
    for name, user in (("a", "u"), ("b", "u"), ("c", "v")):
        evidence = [
            {"kind": "comment", "prompt": "p", "text": text, "direction": [{"dimension": "length", "sign": 1}]}
            for text in texts[name]
        ]
        row = {"record_id": name, "user_id": user, "prompt": "p", "chosen": "x", "rejected": "y", "evidence": evidence}
        lines.append(json.dumps({**row, "space": {"name": "tiny", "digest": tiny.digest}}))
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_call_returns_beliefs_and_prints_nothing(rows, capsys) -> None:
    first, second = beliefs(data=rows)
    assert (first.user_id, len(first.evidence), second.user_id) == ("u", 3, "v")
    assert [(belief.dimension, belief.sign) for belief in first.beliefs] == [("length", 1)]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_an_item_of_two_records_counts_once(rows, tiny) -> None:
    people = people_of(rows, tiny, user=None)
    assert [item.text for item in people["u"].persona.evidence] == ["one", "two", "three"]
    assert people["u"].positions == (0, 1, 2)
    assert len(people_of(rows, tiny, user="b")["u"].persona) == 2


def test_a_profile_that_all_records_state_is_shown_and_several_are_left_out_with_a_note(rows, reporter) -> None:
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    for line, sign in zip(lines, (-1, -1, 1), strict=True):
        line["profile"] = [{"dimension": "humour", "sign": sign}]
    rows.write_text("\n".join(map(json.dumps, lines)))
    first, second = beliefs(data=rows, reporter=reporter)
    assert {belief.dimension: belief.sign for belief in first.beliefs} == {"length": 0, "humour": -1}
    assert {belief.dimension: belief.sign for belief in second.beliefs} == {"length": 0, "humour": 1}
    assert not any("profiles" in note for note in reporter.notes)
    lines[1]["profile"][0]["sign"] = 1
    rows.write_text("\n".join(map(json.dumps, lines)))
    first, _ = beliefs(data=rows, reporter=reporter)
    assert [(belief.dimension, belief.sign) for belief in first.beliefs] == [("length", 1)]
    note = "u: records state different profiles, which are left out; beliefs are from the evidence"
    assert note in reporter.notes


def test_a_user_who_is_not_there_is_refused_with_one_who_is(rows) -> None:
    with pytest.raises(ConfigError, match="no record is of user 'nobody'; the first is of 'u'"):
        beliefs(data=rows, user="nobody")


def test_data_of_several_people_is_refused_where_one_is_wanted(rows) -> None:
    with pytest.raises(ConfigError, match="holds 2 people; name one with `user`, for instance u"):
        beliefs(data=rows, single=True)
    assert [one.user_id for one in beliefs(data=rows, single=True, user="v")] == ["v"]


def test_a_persons_file_keeps_the_positions_of_its_items_and_the_corrections(tmp_path, tiny, reporter) -> None:
    path = tmp_path / "user.json"
    items = [{"kind": "comment", "prompt": "", "text": text} for text in (" ", "hello", "hello", "bye")]
    corrections = [{"dimension": "length", "sign": -1}]
    (tmp_path / "space.toml").write_text(tiny.as_toml(), encoding="utf-8")
    path.write_text(json.dumps({"user_id": "u", "evidence": items, "corrections": corrections}), encoding="utf-8")
    (explanation,) = beliefs(data=path, reporter=reporter)
    assert explanation.positions == (1, 3)
    assert [(belief.dimension, belief.own_word) for belief in explanation.beliefs] == [("length", True)]
    assert not any("nothing is known" in note for note in reporter.notes)
    with pytest.raises(ConfigError, match="is of user 'u'; leave out `user`"):
        beliefs(data=path, user="v")


def test_people_without_directions_are_reported_once(tmp_path, reporter) -> None:
    rows = [
        {"record_id": name, "user_id": name, "prompt": "p", "chosen": "x", "rejected": "y", "evidence": evidence}
        for name, evidence in (("a", ["hello"]), ("b", ["hello"]), ("c", []), ("d", ["hi"]))
    ]
    for row in rows:
        row["evidence"] = [{"kind": "comment", "prompt": "", "text": text} for text in row["evidence"]]
    # one item with a direction: the data states directions, so that no annotator reads the others
    rows[3]["evidence"][0]["direction"] = [{"dimension": "humor", "sign": 1}]
    rows[3]["space"] = {"name": "alignx90", "digest": load_space().digest}
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert len(list(beliefs(data=path, reporter=reporter))) == 4
    advice = "nothing is known, as the evidence carries no directions; `annotator` reads them from the texts"
    assert [note for note in reporter.notes if "nothing is known" in note] == [f"2 of 4 people: {advice}"]


def test_an_annotator_reads_everybody_or_one_person(small_forum, annotator_folder, capsys) -> None:
    data = small_forum / "test"
    records = read(data, space_for(data, None))
    capsys.readouterr()
    believed = beliefs(data=data, annotator=annotator_folder)
    assert [one.user_id for one in believed] == list(dict.fromkeys(record.user_id for record in records))
    assert believed.read.caution
    assert any(one.beliefs for one in believed)
    (one,) = beliefs(data=data, annotator=annotator_folder, user=records[0].user_id)
    assert one == next(iter(believed))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert all(line.startswith("Loading weights") for line in captured.err.replace("\r", "\n").split("\n") if line)


def test_the_space_is_noted_unless_it_is_named(rows, reporter, tmp_path) -> None:
    beliefs(data=rows, reporter=reporter)
    assert reporter.notes == [f"{rows}: read in space tiny (of {tmp_path / 'space.toml'}); `space` names another"]
    reporter.notes.clear()
    beliefs(data=rows, space=str(tmp_path / "space.toml"), reporter=reporter)
    assert reporter.notes == []
