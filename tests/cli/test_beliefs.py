"""`penchant show user` and `show users`: beliefs with their reasons."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from penchant.persona import Comment, Persona
from penchant.runs.data import read, space_for
from penchant.shards import jsonl


@pytest.fixture
def users(penchant, small_forum, annotator):
    def run(*arguments: object, data=None):
        return penchant("show", "users", "--data", data or small_forum / "test", "--annotator", annotator, *arguments)

    return run


@pytest.fixture
def user(penchant, small_forum, annotator):
    def run(*arguments: object, data=None):
        return penchant("show", "user", "--data", data or small_forum / "test", "--annotator", annotator, *arguments)

    return run


@pytest.fixture(scope="module")
def records(small_forum):
    return read(small_forum / "test", space_for(small_forum / "test", None))


def test_everybody_is_told_with_their_own_items(users, records) -> None:
    ran = users("--json")
    assert ran.code == 0, ran.err
    found = [json.loads(line) for line in ran.out.splitlines()]
    people = list(dict.fromkeys(record.user_id for record in records))
    assert [one["user_id"] for one in found] == people
    assert any(one["beliefs"] for one in found)
    for one in found:
        record = next(record for record in records if record.user_id == one["user_id"])
        assert one["items"] == len(record.persona)
        for belief in one["beliefs"]:
            assert 0 <= belief["interval"][0] <= belief["interval"][1] <= 1
            for reason in belief["because"]:
                item = record.persona.evidence[reason["item"]]
                assert getattr(item, "text", getattr(item, "chosen", None)) in reason["text"]
                assert reason["sign"] in (-1, 1)


def test_one_person_is_told_in_words(user, records) -> None:
    name = records[0].user_id
    ran = user("--user", name)
    assert ran.code == 0, ran.err
    care, unit, brackets, first, *_ = ran.out.splitlines()
    assert care.startswith("to be taken with care: ")
    weights = "at most 2 (comment), 0.5 (choice) or 2 (description), and much less if the reading is doubtful; + is the"
    assert unit.startswith(f"the number before an item is its weight: {weights}")
    assert brackets.startswith("in brackets how probable the leaning is, and the 95 % interval")
    assert re.search(r" \(\d+ %, interval \d+ to \d+\)", ran.out)
    assert first == f"{name}: {len(records[0].persona)} items of evidence"
    assert ran.out.count("items of evidence") == ran.out.count("the number before an item") == 1


def test_the_space_is_said_when_it_was_not_named(user, users, records, small_forum, tmp_path) -> None:
    beside = user("--user", records[0].user_id)
    assert f"read in space alignx90-small (of {small_forum / 'space.toml'}); --space names another" in beside.err
    assert "read in space" not in user("--user", records[0].user_id, "--space", small_forum / "space.toml").err
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"record_id":"r","prompt":"p","chosen":"a","rejected":"b"}\n', encoding="utf-8")
    assert f"{bare}: read in space alignx90 (default); --space names another" in users(data=bare).err


def test_a_person_who_is_not_there_is_refused(user, records) -> None:
    ran = user("--user", "nobody")
    assert ran.code == 2
    assert f"no record is of user 'nobody'; the first is of '{records[0].user_id}'" in ran.err


def alone(folder: Path, records) -> Path:
    """The JSON of the first person."""
    row = json.loads(jsonl_line(folder, records[0]))
    path = folder / "user.json"
    person = {"user_id": row["user_id"], "evidence": row["evidence"]}
    path.write_text(json.dumps(person, indent=1), encoding="utf-8")
    return path


def jsonl_line(folder: Path, record) -> str:
    """A record as its line of JSON, without directions."""
    persona = Persona(tuple(replace(item, direction=None) for item in record.persona.evidence))
    jsonl.write([replace(record, persona=persona, direction=None, golden=None)], folder / "one.jsonl", space=None)
    return (folder / "one.jsonl").read_text(encoding="utf-8")


def test_one_persons_json_says_what_their_records_say(user, users, records, small_forum, tmp_path) -> None:
    path = alone(tmp_path, records)
    ran = users("--json", "--space", small_forum / "space.toml", data=path)
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) == 1
    by_records = user("--json", "--user", records[0].user_id).last
    assert ran.last["user_id"] == records[0].user_id
    assert ran.last["beliefs"]
    assert [one["dimension"] for one in ran.last["beliefs"]] == [one["dimension"] for one in by_records["beliefs"]]
    told = user("--space", small_forum / "space.toml", data=path)
    assert f"{records[0].user_id}: {len(records[0].persona)} items of evidence" in told.out


def test_one_persons_json_of_another_shape_is_one_sentence(user, users, records, tmp_path) -> None:
    path = alone(tmp_path, records)
    ran = user("--user", "nobody", data=path)
    assert (ran.code, ran.out) == (2, "")
    assert f"{path} is of user '{records[0].user_id}'; leave out --user" in ran.err
    path.write_text('{"evidence": []}', encoding="utf-8")
    ran = users(data=path)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"{path}: has no 'user_id'; give " in ran.err


def test_evidence_without_directions_is_all_it_takes(users, tmp_path, records) -> None:
    path = tmp_path / "bare.jsonl"
    persona = Persona(tuple(replace(item, direction=None) for item in records[0].persona.evidence))
    jsonl.write([replace(records[0], direction=None, golden=None, persona=persona)], path, space=None)
    ran = users("--json", "--space", "alignx90", data=path)
    assert ran.code == 0, ran.err
    assert ran.last["items"] == len(records[0].persona)


@pytest.fixture
def language_model(served, tmp_path: Path) -> Path:
    """A recipe of a model that reads a liking for travel out of everything."""
    said = {"dimension": "travel", "pole": "A", "probability": 0.9}
    served.reply = lambda _request, _number: json.dumps({"says": [said]})
    path = tmp_path / "model.yaml"
    path.write_text(f"endpoint: {{base_url: '{served.url}', model: m, ledger: asked.sqlite}}\norders: 2\n")
    return path


def test_a_language_model_reads_evidence_and_is_not_asked_twice(penchant, small_forum, served, language_model) -> None:
    where = ("--data", small_forum / "test", "--limit", 3, "--annotator", language_model)
    ran = penchant("show", "users", *where, "--json")
    assert ran.code == 0, ran.err
    for line in ran.out.splitlines():
        dimensions = [(one["dimension"], one["sign"]) for one in json.loads(line)["beliefs"]]
        # the other way round the first pole is the negative one
        assert dimensions == []
    assert "Krippendorff's alpha of 2 runs" in ran.err
    asked = len(served.requests)
    assert asked > 0
    again = penchant("show", "users", *where, "--json")
    assert again.out == ran.out
    assert len(served.requests) == asked
    assert "0 answers paid for" in again.err
    assert (language_model.parent / "asked.sqlite").is_file()


def test_items_in_words_that_the_annotator_does_not_know_are_flagged_and_say_little(
    user, users, records, tmp_path
) -> None:
    known = next(item.text for item in records[0].persona.evidence if isinstance(item, Comment))
    items = [{"kind": "comment", "prompt": "", "text": text} for text in (known, "Я очень люблю далёкие путешествия")]
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"user_id": "u", "evidence": items}))
    ran = users("--json", data=path)
    assert ran.code == 0, ran.err
    assert 1 in ran.last["silent"]
    assert ran.last["set_aside"] == [{"item": 1, "why": "unfamiliar words"}]
    assert all(reason["item"] == 0 for belief in ran.last["beliefs"] for reason in belief["because"])
    assert "1 of 2 items say little or nothing: unfamiliar words" in ran.err
    assert "  says little (unfamiliar words): Я очень" in user(data=path).out


def test_another_space_than_the_annotators_is_said(user, records, tmp_path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"user_id": "u", "evidence": [{"kind": "comment", "prompt": "", "text": "I sail"}]}))
    ran = user("--space", "alignx90", data=path)
    assert ran.code == 0, ran.err
    assert "was fitted on space 'alignx90-small'; the dimensions of 'alignx90' are read from their phrases" in ran.err
    assert "was fitted on space" not in user("--user", records[0].user_id).err


def test_a_person_is_told_what_is_believed_of_them_and_by_which_items(penchant, small_forum) -> None:
    data = small_forum / "test"
    records = read(data, space_for(data, None))
    name = records[0].user_id
    ran = penchant("show", "user", "--data", data, "--user", name, "--json")
    assert ran.code == 0, ran.err
    golden = {d.id: sign for d, sign in records[0].golden.poles()}
    told = {one["dimension"]: one for one in ran.last["beliefs"]}
    assert set(told) == set(golden)
    for dimension, belief in told.items():
        assert belief["because"]
        assert belief["sign"] in {0, *(reason["sign"] for reason in belief["because"])}
        assert (belief["sign"] != 0) == (not 0.1 < belief["leaning"] < 0.9)
        assert belief["sign"] in (golden[dimension], 0) or belief["contradicted"]
    words = penchant("show", "user", "--data", data, "--user", name)
    unit, _, first, *_ = words.out.splitlines()
    assert unit.startswith(
        "the number before an item is its weight: at most 2 (comment), 0.5 (choice) or 2 (description)"
    )
    assert first == f"{name}: {len(records[0].persona)} items of evidence"
    assert f"read in space alignx90-small (of {small_forum / 'space.toml'})" in words.err


def test_of_many_people_one_is_named(penchant, small_forum) -> None:
    ran = penchant("show", "user", "--data", small_forum / "test")
    assert (ran.code, ran.out) == (2, "")
    assert "holds 16 people; name one with --user, for instance test-known-000000" in ran.err


def test_one_persons_json_is_told_without_a_name(penchant, tmp_path, tiny) -> None:
    (tmp_path / "space.toml").write_text(tiny.as_toml(), encoding="utf-8")
    said = {"kind": "comment", "prompt": "p", "text": "In brief!", "direction": [{"dimension": "length", "sign": 1}]}
    person = {"user_id": "u", "space": {"name": "tiny", "digest": tiny.digest}, "evidence": [said]}
    path = tmp_path / "user.json"
    path.write_text(json.dumps(person), encoding="utf-8")
    ran = penchant("show", "user", "--data", path, "--json")
    assert ran.code == 0, ran.err
    (belief,) = ran.last["beliefs"]
    assert (belief["dimension"], belief["sign"], belief["because"][0]["text"]) == ("length", 1, "In brief!")
    ran = penchant("show", "user", "--data", path, "--space", "alignx90")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"leave out --space, as {tmp_path / 'space.toml'} stands beside the data" in ran.err


def test_items_of_which_nothing_was_read_are_listed_shortened_and_the_annotator_is_named(penchant, tmp_path) -> None:
    path = tmp_path / "one.json"
    items = [{"kind": "comment", "prompt": "", "text": "long " * 200}]
    path.write_text(json.dumps({"user_id": "u", "evidence": items}))
    ran = penchant("show", "user", "--data", path)
    assert ran.code == 0, ran.err
    assert "  says nothing of these: long long" in ran.out
    assert max(map(len, ran.out.splitlines())) < 500
    assert "the data states no directions; --annotator english reads them" in ran.err
