"""`penchant infer`: beliefs with their reasons, and records with inferred directions."""

import json
from dataclasses import replace

import pytest

from penchant.cli.data import read, space_for
from penchant.persona import Persona
from penchant.shards import jsonl


@pytest.fixture
def infer(penchant, small_forum, annotator):
    def run(*arguments: object, data=None):
        return penchant("infer", "--data", data or small_forum / "test", "--annotator", annotator, *arguments)

    return run


@pytest.fixture(scope="module")
def records(small_forum):
    return read(small_forum / "test", space_for(small_forum / "test", None))


def test_everybody_is_told_with_their_own_items(infer, records) -> None:
    ran = infer("--json")
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


def test_one_person_is_told_in_words(infer, records) -> None:
    name = records[0].user_id
    ran = infer("--user", name)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"{name}: ")
    assert ran.out.count("items of evidence") == 1


def test_a_person_who_is_not_there_is_refused(infer, records) -> None:
    ran = infer("--user", "nobody")
    assert ran.code == 2
    assert f"no record is of user 'nobody'; the first is of '{records[0].user_id}'" in ran.err


def test_records_are_written_with_what_was_read(infer, records, tmp_path) -> None:
    ran = infer("--out", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    assert ran.last["records"] == len(records)
    written = read(tmp_path / "out", space_for(tmp_path / "out", None))
    assert [record.record_id for record in written] == [record.record_id for record in records]
    for old, new in zip(records, written, strict=True):
        assert replace(new, persona=old.persona) == old
        for one, other in zip(old.persona.evidence, new.persona.evidence, strict=True):
            assert replace(other, direction=one.direction) == one
            assert other.direction is not None
    again = infer("--out", tmp_path / "out")
    assert again.code == 2
    assert "holds records already; give another --out, or add --overwrite" in again.err
    assert "reading evidence" not in again.err
    assert infer("--out", tmp_path / "out", "--overwrite").code == 0


def test_evaluation_tells_methods_what_was_read_and_limits_what_is_true(
    penchant, small_forum, small_base, aligned, annotator
) -> None:
    where = ("--data", small_forum / "test", "--reference", small_base, "--pba", aligned["pba"], "--personas", "ugc")
    told, inferred = (penchant("eval", *where, *more, "--json") for more in ((), ("--annotator", annotator)))
    assert told.code == inferred.code == 0, inferred.err
    key = ("method", "persona", "attribute", "phrasing")
    rows = [
        {tuple(r[k] for k in key): (r["accuracy"], r["ceiling"]) for r in ran.last["rows"]} for ran in (told, inferred)
    ]
    assert rows[0].keys() == rows[1].keys()
    changed = {name[0] for name in rows[0] if rows[0][name] != rows[1][name]}
    assert changed
    assert all(name.startswith("pba") for name in changed)


def test_a_folder_without_an_annotator_is_refused(penchant, small_forum, tmp_path) -> None:
    ran = penchant("infer", "--data", small_forum / "test", "--annotator", tmp_path)
    assert ran.code == 2
    assert "holds no annotator (annotator.json is missing); check the path" in ran.err


def test_evidence_without_directions_is_all_it_takes(infer, tmp_path, records) -> None:
    path = tmp_path / "bare.jsonl"
    persona = Persona(tuple(replace(item, direction=None) for item in records[0].persona.evidence))
    jsonl.write([replace(records[0], direction=None, golden=None, persona=persona)], path, space=None)
    ran = infer("--json", "--space", "alignx90", data=path)
    assert ran.code == 0, ran.err
    assert ran.last["items"] == len(records[0].persona)
