"""`penchant infer`: records with inferred directions, as the command line writes and refuses them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from penchant.infer.fitted import EncoderAnnotator
from penchant.runs.data import read, space_for


@pytest.fixture
def infer(penchant, small_forum, annotator):
    def run(*arguments: object, data=None):
        return penchant("infer", "--data", data or small_forum / "test", "--annotator", annotator, *arguments)

    return run


@pytest.fixture(scope="module")
def records(small_forum):
    return read(small_forum / "test", space_for(small_forum / "test", None))


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


def test_what_is_written_is_told_with_the_same_cautions_as_what_is_shown(infer, records, tmp_path) -> None:
    ran = infer("--out", tmp_path / "out", "--limit", 5)
    assert ran.code == 0, ran.err
    assert "to be taken with care: " in ran.err
    assert "only the first 5 records are read, as --limit says" in ran.err
    whole = infer("--out", tmp_path / "whole", "--limit", len(records) + 1)
    assert "as --limit says" not in whole.err


def test_what_cannot_be_written_is_said_before_anything_is_read(infer, records, small_forum, tmp_path) -> None:
    alone = tmp_path / "user.json"
    alone.write_text('{"user_id": "u", "evidence": []}', encoding="utf-8")
    for ran, sentence in (
        (infer("--resume"), "penchant infer writes records to --out; to see what is believed of people: penchant show"),
        (
            infer("--out", tmp_path / "out", "--resume", "--overwrite"),
            "--resume goes on with what is there, --overwrite",
        ),
        (infer("--out", tmp_path / "out", data=alone), "holds one person and no records that could be written"),
        (infer("--out", small_forum / "test", "--overwrite"), "is what --data is read from"),
        (infer("--out", tmp_path / "out", "--user", "nobody"), f"the first is of '{records[0].user_id}'"),
    ):
        assert ran.code == 2
        assert sentence in ran.err
        assert ran.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_evaluation_tells_methods_what_was_read_and_limits_what_is_true(
    penchant, small_forum, small_base, aligned, annotator
) -> None:
    where = (aligned["pba"], "--data", small_forum / "test", "--base", small_base, "--personas", "ugc", "--json")
    stated = penchant("eval", "accuracy", *where)
    inferred = penchant("eval", "accuracy", *where, "--annotator", annotator)
    assert stated.code == inferred.code == 0, inferred.err
    key = ("method", "variant", "persona", "attribute", "phrasing")
    rows = [
        {tuple(row[k] for k in key): (row["accuracy"], row["ceiling"]) for row in ran.last["rows"]}
        for ran in (stated, inferred)
    ]
    assert rows[0].keys() == rows[1].keys()
    changed = {name[0] for name in rows[0] if rows[0][name] != rows[1][name]}
    assert changed
    assert all(name.startswith("pba") for name in changed)


def test_a_folder_without_an_annotator_is_refused(penchant, small_forum, tmp_path) -> None:
    ran = penchant("infer", "--data", small_forum / "test", "--annotator", tmp_path, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "holds no annotator (annotator.json is missing); check the path" in ran.err


@pytest.fixture
def language_model(served, tmp_path: Path) -> Path:
    """A recipe of a model that reads a liking for travel out of everything."""
    said = {"dimension": "travel", "pole": "A", "probability": 0.9}
    served.reply = lambda _request, _number: json.dumps({"says": [said]})
    path = tmp_path / "model.yaml"
    path.write_text(f"endpoint: {{base_url: '{served.url}', model: m, ledger: asked.sqlite}}\n")
    return path


def test_what_a_language_model_read_is_written_and_shown(penchant, small_forum, language_model, tmp_path) -> None:
    out = tmp_path / "out"
    ran = penchant("infer", "--data", small_forum / "test", "--limit", 3, "--annotator", language_model, "--out", out)
    assert ran.code == 0, ran.err
    space = space_for(out, None)
    for record in read(out, space):
        for item in record.persona.evidence:
            assert [(d.id, sign) for d, sign in item.direction.poles()] == [("travel", 1)]
    name = read(out, space)[0].user_id
    shown = penchant("show", "user", "--user", name, "--data", small_forum / "test", "--annotator", language_model)
    assert shown.code == 0, shown.err
    assert "travel" in shown.out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("endpoint: {model: m}", "base_url"),
        ("endpoint: {base_url: 'http://127.0.0.1:9/v1', model: m, colour: red}", "colour"),
        ("endpoint: {base_url: 'https://models.example/v1', model: m, api_key_env: NO_SUCH_KEY}", "set NO_SUCH_KEY"),
        ("endpoint: {base_url: 'http://127.0.0.1:9/v1', model: m, tries: 1}", "failed after all tries"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused_in_a_sentence(penchant, small_forum, tmp_path, content, sentence) -> None:
    recipe = tmp_path / "model.yaml"
    recipe.write_text(content)
    where = ("--data", small_forum / "test", "--limit", 1, "--out", tmp_path / "out")
    ran = penchant("infer", *where, "--annotator", recipe)
    assert ran.code != 0
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_counts_are_printed_as_lines_or_as_json(infer, tmp_path) -> None:
    row = {"prompt": "p", "chosen": "a", "rejected": "b", "user_id": "a"}
    path = tmp_path / "rows.jsonl"
    rows = [{**row, "record_id": "one"}, {**row, "record_id": "two", "prompt": ""}]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    ran = infer("--out", tmp_path / "out", data=path)
    assert ran.code == 0, ran.err
    assert ran.out == f"rows: 2\nrecords: 1\ndropped: prompt is empty: 1\nitems: 0\nfolder: {tmp_path / 'out'}\n"
    values = {"rows": 2, "records": 1, "dropped": {"prompt is empty": 1}, "items": 0, "folder": str(tmp_path / "out")}
    assert infer("--out", tmp_path / "out", "--overwrite", "--json", data=path).last == values


def test_a_run_that_is_stopped_can_be_resumed(infer, tmp_path, monkeypatch) -> None:
    annotate, calls = EncoderAnnotator.annotate, []

    def stopping(annotator, items, *, progress=None):
        calls.append(len(items))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return annotate(annotator, items, progress=progress)

    monkeypatch.setattr(EncoderAnnotator, "annotate", stopping)
    monkeypatch.setattr("penchant.runs.infer.CHUNK", 10)
    stopped = infer("--out", tmp_path / "out")
    assert stopped.code == 130
    assert "interrupted; --resume goes on after its last whole checkpoint or shard" in stopped.err
    again = infer("--out", tmp_path / "out")
    assert again.code == 2
    assert "holds a run that was stopped; go on with --resume, or start anew with --overwrite" in again.err
    resumed = infer("--out", tmp_path / "out", "--resume")
    assert resumed.code == 0, resumed.err
    assert f"going on in {tmp_path / 'out'} after 20 records" in resumed.err
