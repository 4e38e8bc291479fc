"""`penchant infer`: beliefs with their reasons, and records with inferred directions."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from penchant.cli.data import read, space_for
from penchant.infer.encoder import EncoderAnnotator
from penchant.persona import Comment, Persona
from penchant.shards import jsonl
from penchant.shards.manifest import read_manifest


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
    care, unit, brackets, first, *_ = ran.out.splitlines()
    assert care.startswith("to be taken with care: ")
    assert unit.startswith("weights before items are counts (wrote 2, chose 0.5, told 2), each times the probability")
    assert brackets.startswith("in brackets how probable the leaning is, and the 95 % interval")
    assert re.search(r" \(\d+ %, interval \d+ to \d+\)", ran.out)
    assert first == f"{name}: {len(records[0].persona)} items of evidence"
    assert ran.out.count("items of evidence") == ran.out.count("weights before items") == 1


def test_the_space_is_said_when_it_was_not_named(infer, records, small_forum, tmp_path) -> None:
    beside = infer("--user", records[0].user_id)
    assert f"read in space alignx90-small (of {small_forum / 'space.toml'}); --space names another" in beside.err
    assert "read in space" not in infer("--user", records[0].user_id, "--space", small_forum / "space.toml").err
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"record_id":"r","prompt":"p","chosen":"a","rejected":"b"}\n', encoding="utf-8")
    assert f"{bare}: read in space alignx90 (default); --space names another" in infer(data=bare).err


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


class Stopping:
    """Counts the items that annotators read, and stops in the middle of one call as Ctrl-C does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[int] = []
        self.new: list[int] = []
        """Of one text that is embedded before each call, whether the encoder did not know it."""
        self.at: int | None = None
        annotate = EncoderAnnotator.annotate

        def counting(annotator, items, *, progress=None):
            if len(self.calls) == self.at:
                raise KeyboardInterrupt
            self.calls.append(len(items))
            annotator.encoder.layers(["always the same"], progress=self.new.append)
            return annotate(annotator, items, progress=progress)

        monkeypatch.setattr(EncoderAnnotator, "annotate", counting)
        monkeypatch.setattr("penchant.cli.infer.CHUNK", 10)


@pytest.fixture
def stopping(monkeypatch) -> Stopping:
    return Stopping(monkeypatch)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stop(infer, stopping: Stopping, folder: Path, *arguments: object) -> None:
    stopping.at = len(stopping.calls) + 2
    ran = infer("--out", folder, *arguments)
    stopping.at = None
    assert ran.code == 130
    assert not (folder / "manifest.json").exists()


def test_what_is_written_is_told_with_the_same_cautions_as_what_is_shown(infer, records, tmp_path) -> None:
    ran = infer("--out", tmp_path / "out", "--limit", 5)
    assert ran.code == 0, ran.err
    assert "to be taken with care: " in ran.err
    assert "only the first 5 records are read, as --limit says" in ran.err
    whole = infer("--out", tmp_path / "whole", "--limit", len(records) + 1)
    assert "as --limit says" not in whole.err


def test_a_run_that_was_stopped_goes_on_and_ends_as_one_in_one_go(infer, records, stopping, tmp_path) -> None:
    whole = infer("--out", tmp_path / "whole", "--json")
    assert whole.code == 0, whole.err
    shards, once = -(-len(records) // 10), list(stopping.calls)
    assert len(once) == shards > 3
    stopping.calls.clear()
    stop(infer, stopping, tmp_path / "out")
    ran = infer("--out", tmp_path / "out", "--resume", "--json")
    assert ran.code == 0, ran.err
    assert f"going on in {tmp_path / 'out'} after 20 records" in ran.err
    assert stopping.calls == once  # what was read before the stop is not read again
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert ran.last == {**whole.last, "folder": str(tmp_path / "out")}


def test_no_more_is_read_at_a_time_than_a_shard_holds(infer, records, stopping, tmp_path) -> None:
    assert infer("--out", tmp_path / "out").code == 0
    assert len(stopping.new) == len(stopping.calls) > 3  # each shard begins with an encoder that remembers nothing
    assert max(stopping.calls) <= 10 * max(len(record.persona) for record in records)
    assert {shard.records for shard in read_manifest(tmp_path / "out").shards} == {10, len(records) % 10 or 10}


def test_a_run_that_was_stopped_is_gone_on_with_or_begun_anew_only_when_asked(infer, stopping, tmp_path) -> None:
    stop(infer, stopping, tmp_path / "out")
    ran = infer("--out", tmp_path / "out")
    assert ran.code == 2
    assert "holds a run that was stopped; go on with --resume, or start anew with --overwrite" in ran.err
    stopping.calls.clear()
    assert infer("--out", tmp_path / "out", "--overwrite").code == 0
    assert len(stopping.calls) == len(read_manifest(tmp_path / "out").shards)


def test_what_was_begun_from_something_else_is_not_gone_on_with(
    penchant, infer, stopping, small_forum, annotator, tmp_path
) -> None:
    stop(infer, stopping, tmp_path / "out")
    before = content(tmp_path / "out")
    other = tmp_path / "other"
    other.mkdir()
    for file in annotator.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    card = json.loads((other / "annotator.json").read_text(encoding="utf-8"))
    card["doubt"]["shift"] += 0.5
    (other / "annotator.json").write_text(json.dumps(card), encoding="utf-8")
    where = ("--out", tmp_path / "out", "--resume")
    assert "--resume goes on with what is there, --overwrite throws it away" in infer(*where, "--overwrite").err
    for ran, named in (
        (infer(*where, data=small_forum / "train"), "--data"),
        (infer(*where, "--limit", 50), "--limit"),
        (penchant("infer", "--data", small_forum / "test", "--annotator", other, *where), "--annotator"),
    ):
        assert ran.code == 2
        assert f"the run that was stopped there had another {named}; give what it had, or start anew with" in ran.err
        assert "reading evidence" not in ran.err
    assert content(tmp_path / "out") == before


def test_going_on_with_nothing_is_a_beginning(infer, tmp_path) -> None:
    ran = infer("--out", tmp_path / "out", "--resume")
    assert ran.code == 0
    assert f"nothing to go on with in {tmp_path / 'out'}: starting anew" in ran.err
    again = infer("--out", tmp_path / "out", "--resume")
    assert again.code == 2
    assert "holds a finished run, and there is nothing to go on with" in again.err


@pytest.mark.parametrize("arguments", [(), ("--limit", 3), ("--user", "b")])
def test_every_row_is_written_or_counted(infer, tmp_path, arguments: tuple[object, ...]) -> None:
    row = {"prompt": "p", "chosen": "a", "rejected": "b", "user_id": "a"}
    changes = [{}, {"prompt": ""}, {"user_id": "b"}, {"chosen": "b"}, {"user_id": "b"}, {}]
    path = tmp_path / "rows.jsonl"
    rows = [{"record_id": f"r{i}", **row, **change} for i, change in enumerate(changes)]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    ran = infer("--out", tmp_path / "out", "--json", *arguments, data=path)
    assert ran.code == 0, ran.err
    wanted = {(): (6, 4, {}), ("--limit", 3): (5, 3, {}), ("--user", "b"): (6, 2, {"not of user 'b'": 2})}
    bad = {"prompt is empty": 1, "chosen and rejected are the same answer": 1}
    rows_in, kept, others = wanted[arguments]
    assert (ran.last["rows"], ran.last["records"], ran.last["dropped"]) == (rows_in, kept, {**bad, **others})
    manifest = read_manifest(tmp_path / "out")
    assert manifest.rows == manifest.records + sum(manifest.dropped.values()) == rows_in
    assert "dropped: prompt is empty: 1; " in infer("--out", tmp_path / "b", *arguments, data=path).out


def test_people_who_are_simulated_stay_so(infer, tmp_path) -> None:
    assert infer("--out", tmp_path / "out", "--limit", 2).code == 0
    assert read_manifest(tmp_path / "out").simulated


def test_what_cannot_be_written_is_said_before_anything_is_read(infer, records, small_forum, tmp_path) -> None:
    alone = tmp_path / "user.json"
    alone.write_text('{"user_id": "u", "evidence": []}', encoding="utf-8")
    for ran, sentence in (
        (infer("--resume"), "--resume goes on with a run that was stopped in --out; name its folder"),
        (infer("--out", tmp_path / "out", data=alone), "holds one person and no records that could be written"),
        (infer("--out", small_forum / "test", "--overwrite"), "is what --data is read from"),
        (infer("--out", tmp_path / "out", "--user", "nobody"), f"the first is of '{records[0].user_id}'"),
    ):
        assert ran.code == 2
        assert sentence in ran.err
        assert ran.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


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


def test_one_persons_json_says_what_their_records_say(infer, records, small_forum, tmp_path) -> None:
    path = alone(tmp_path, records)
    ran = infer("--json", "--space", small_forum / "space.toml", data=path)
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) == 1
    by_records = infer("--json", "--user", records[0].user_id).last
    assert ran.last["user_id"] == records[0].user_id
    assert ran.last["beliefs"]
    assert [one["dimension"] for one in ran.last["beliefs"]] == [one["dimension"] for one in by_records["beliefs"]]
    told = infer("--space", small_forum / "space.toml", data=path)
    assert f"{records[0].user_id}: {len(records[0].persona)} items of evidence" in told.out


def test_one_persons_json_of_another_shape_is_one_sentence(infer, records, tmp_path) -> None:
    path = alone(tmp_path, records)
    ran = infer("--user", "nobody", data=path)
    assert (ran.code, ran.out) == (2, "")
    assert f"{path} is of user '{records[0].user_id}'; leave out --user" in ran.err
    path.write_text('{"user": "u"}', encoding="utf-8")
    ran = infer(data=path)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"{path}: has no 'user_id'; give " in ran.err


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
    ran = penchant("infer", *where, "--json")
    assert ran.code == 0, ran.err
    for line in ran.out.splitlines():
        dimensions = [(one["dimension"], one["sign"]) for one in json.loads(line)["beliefs"]]
        # the other way round the first pole is the negative one
        assert dimensions == []
    assert "Krippendorff's alpha of 2 runs" in ran.err
    asked = len(served.requests)
    assert asked > 0
    again = penchant("infer", *where, "--json")
    assert again.out == ran.out
    assert len(served.requests) == asked
    assert "0 answers paid for" in again.err
    assert (language_model.parent / "asked.sqlite").is_file()


def test_what_a_language_model_read_is_written_and_shown(penchant, small_forum, language_model, tmp_path) -> None:
    once = language_model.with_name("once.yaml")
    once.write_text(language_model.read_text().replace("orders: 2", "orders: 1"))
    out = tmp_path / "out"
    ran = penchant("infer", "--data", small_forum / "test", "--limit", 3, "--annotator", once, "--out", out)
    assert ran.code == 0, ran.err
    space = space_for(out, None)
    for record in read(out, space):
        for item in record.persona.evidence:
            assert [(d.id, sign) for d, sign in item.direction.poles()] == [("travel", 1)]
    name = read(out, space)[0].user_id
    shown = penchant("show", "user", "--user", name, "--data", small_forum / "test", "--annotator", once)
    assert shown.code == 0, shown.err
    assert "travel" in shown.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("endpoint: {model: m}", "base_url"),
        ("endpoint: {base_url: 'http://127.0.0.1:9/v1', model: m, colour: red}", "colour"),
        ("endpoint: {base_url: 'https://models.example/v1', model: m, api_key_env: NO_SUCH_KEY}", "set NO_SUCH_KEY"),
        ("endpoint: {base_url: 'http://127.0.0.1:9/v1', model: m, tries: 1}", "gave out"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused_in_a_sentence(penchant, small_forum, tmp_path, content, said) -> None:
    recipe = tmp_path / "model.yaml"
    recipe.write_text(content)
    ran = penchant("infer", "--data", small_forum / "test", "--limit", 1, "--annotator", recipe)
    assert ran.code != 0
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_items_in_words_that_the_annotator_does_not_know_are_flagged_and_say_little(infer, records, tmp_path) -> None:
    known = next(item.text for item in records[0].persona.evidence if isinstance(item, Comment))
    items = [{"kind": "comment", "prompt": "", "text": text} for text in (known, "Я очень люблю далёкие путешествия")]
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"user_id": "u", "evidence": items}))
    ran = infer("--json", data=path)
    assert ran.code == 0, ran.err
    assert 1 in ran.last["silent"]
    assert ran.last["set_aside"] == [{"item": 1, "why": "unfamiliar words"}]
    assert all(reason["item"] == 0 for belief in ran.last["beliefs"] for reason in belief["because"])
    assert "1 of 2 items say little or nothing: unfamiliar words" in ran.err
    assert "  says little (unfamiliar words): Я очень" in infer(data=path).out


def test_another_space_than_the_annotators_is_said(infer, records, tmp_path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"user_id": "u", "evidence": [{"kind": "comment", "prompt": "", "text": "I sail"}]}))
    ran = infer("--space", "alignx90", data=path)
    assert ran.code == 0, ran.err
    assert "was fitted on space 'alignx90-small'; the dimensions of 'alignx90' are read from their phrases" in ran.err
    assert "was fitted on space" not in infer("--user", records[0].user_id).err
