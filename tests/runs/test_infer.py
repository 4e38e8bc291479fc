"""Records written with inferred directions: shard by shard, resumed where a run was stopped, every row counted."""

import json
from pathlib import Path

import pytest

from penchant.errors import ConfigError, DataError
from penchant.infer.fitted import EncoderAnnotator
from penchant.runs.data import read, space_for
from penchant.runs.infer import infer as run
from penchant.shards.manifest import read_manifest


@pytest.fixture
def infer(small_forum, annotator_folder):
    def call(out: Path, *, data: Path = small_forum / "test", annotator: Path = annotator_folder, **settings):
        return run(data=data, annotator=annotator, out=out, **settings)

    return call


@pytest.fixture(scope="module")
def records(small_forum):
    return read(small_forum / "test", space_for(small_forum / "test", None))


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
        monkeypatch.setattr("penchant.runs.infer.CHUNK", 10)


@pytest.fixture
def stopping(monkeypatch) -> Stopping:
    return Stopping(monkeypatch)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stop(infer, stopping: Stopping, folder: Path) -> None:
    stopping.at = len(stopping.calls) + 2
    with pytest.raises(KeyboardInterrupt):
        infer(folder)
    stopping.at = None
    assert not (folder / "manifest.json").exists()


def test_a_call_returns_counts_and_prints_nothing(infer, records, tmp_path, capsys) -> None:
    counts = infer(tmp_path / "out", limit=5)
    items = {item for record in records[:5] for item in record.persona.evidence}
    assert counts == {"rows": 5, "records": 5, "dropped": {}, "items": len(items), "folder": str(tmp_path / "out")}
    captured = capsys.readouterr()
    assert captured.out == ""
    assert all(line.startswith("Loading weights") for line in captured.err.replace("\r", "\n").split("\n") if line)


def test_a_run_that_was_stopped_goes_on_and_ends_as_one_in_one_go(infer, records, stopping, tmp_path, reporter) -> None:
    counts = infer(tmp_path / "whole")
    shards, calls = -(-len(records) // 10), list(stopping.calls)
    assert len(calls) == shards > 3
    stopping.calls.clear()
    stop(infer, stopping, tmp_path / "out")
    resumed = infer(tmp_path / "out", resume=True, reporter=reporter)
    assert f"going on in {tmp_path / 'out'} after 20 records" in reporter.notes
    assert stopping.calls == calls  # what was read before the stop is not read again
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert resumed == {**counts, "folder": str(tmp_path / "out")}


def test_no_more_is_read_at_a_time_than_a_shard_holds(infer, records, stopping, tmp_path) -> None:
    infer(tmp_path / "out")
    assert len(stopping.new) == len(stopping.calls) > 3  # each shard begins with an encoder that remembers nothing
    assert max(stopping.calls) <= 10 * max(len(record.persona) for record in records)
    assert {shard.records for shard in read_manifest(tmp_path / "out").shards} == {10, len(records) % 10 or 10}


def test_a_run_that_was_stopped_is_gone_on_with_or_begun_anew_only_when_asked(infer, stopping, tmp_path) -> None:
    stop(infer, stopping, tmp_path / "out")
    with pytest.raises(DataError, match="holds a run that was stopped; go on with `resume`, or start anew with `overw"):
        infer(tmp_path / "out")
    stopping.calls.clear()
    infer(tmp_path / "out", overwrite=True)
    assert len(stopping.calls) == len(read_manifest(tmp_path / "out").shards)


def test_what_was_begun_from_something_else_is_not_gone_on_with(
    infer, stopping, small_forum, annotator_folder, tmp_path, reporter
) -> None:
    out = tmp_path / "out"
    stop(infer, stopping, out)
    before = content(out)
    other = tmp_path / "other"
    other.mkdir()
    for file in annotator_folder.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    card = json.loads((other / "annotator.json").read_text(encoding="utf-8"))
    card["doubt"]["shift"] += 0.5
    (other / "annotator.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ConfigError, match="`resume` goes on with what is there, `overwrite` throws it away"):
        infer(out, resume=True, overwrite=True)
    for settings, named in (
        ({"data": small_forum / "train"}, "--data"),
        ({"limit": 50}, "--limit"),
        ({"annotator": other}, "--annotator"),
    ):
        with pytest.raises(DataError, match=f"that was stopped there had another {named}; give what it had, or start"):
            infer(out, resume=True, reporter=reporter, **settings)
        assert reporter.bars == []
    assert content(out) == before


def test_going_on_with_nothing_is_a_beginning(infer, tmp_path, reporter) -> None:
    infer(tmp_path / "out", resume=True, limit=3, reporter=reporter)
    assert f"nothing to go on with in {tmp_path / 'out'}: starting anew" in reporter.notes
    with pytest.raises(DataError, match="holds a finished run, and there is nothing to go on with"):
        infer(tmp_path / "out", resume=True, limit=3)


@pytest.mark.parametrize("settings", [{}, {"limit": 3}, {"user": "b"}], ids=["all", "limit", "user"])
def test_every_row_is_written_or_counted(infer, tmp_path, settings: dict[str, object]) -> None:
    row = {"prompt": "p", "chosen": "a", "rejected": "b", "user_id": "a"}
    changes = [{}, {"prompt": ""}, {"user_id": "b"}, {"chosen": "b"}, {"user_id": "b"}, {}]
    path = tmp_path / "rows.jsonl"
    rows = [{"record_id": f"r{i}", **row, **change} for i, change in enumerate(changes)]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    counts = infer(tmp_path / "out", data=path, **settings)
    wanted = {"": (6, 4, {}), "limit": (5, 3, {}), "user": (6, 2, {"not of user 'b'": 2})}
    bad = {"prompt is empty": 1, "chosen and rejected are the same answer": 1}
    rows_in, kept, others = wanted["".join(settings)]
    assert (counts["rows"], counts["records"], counts["dropped"]) == (rows_in, kept, {**bad, **others})
    manifest = read_manifest(tmp_path / "out")
    assert manifest.rows == manifest.records + sum(manifest.dropped.values()) == rows_in


def test_people_who_are_simulated_stay_so(infer, tmp_path) -> None:
    infer(tmp_path / "out", limit=2)
    assert read_manifest(tmp_path / "out").simulated


def test_an_output_that_cannot_be_written_is_refused_before_anything_is_read(
    infer, records, small_forum, tmp_path, reporter
) -> None:
    alone = tmp_path / "user.json"
    alone.write_text('{"user_id": "u", "evidence": []}', encoding="utf-8")
    with pytest.raises(ConfigError, match="holds one person and no records that could be written; give records as"):
        infer(tmp_path / "out", data=alone, reporter=reporter)
    with pytest.raises(ConfigError, match="is what `data` is read from"):
        infer(small_forum / "test", overwrite=True, reporter=reporter)
    with pytest.raises(ConfigError, match=f"no record is of user 'nobody'; the first is of '{records[0].user_id}'"):
        infer(tmp_path / "out", user="nobody", reporter=reporter)
    assert reporter.bars == []
    assert not (tmp_path / "out").exists()


def test_records_without_evidence_are_pointed_to_a_history(infer, tmp_path, reporter) -> None:
    rows = [{"user_id": "u", "prompt": f"p{n}", "chosen": "yes", "rejected": "no"} for n in range(2)]
    data = tmp_path / "pairs.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    counts = infer(tmp_path / "out", data=data, reporter=reporter)
    assert (counts["records"], counts["items"]) == (2, 0)
    assert "no record has evidence; `history` others makes a person's other rows their evidence" in reporter.notes
