"""What is in a file, counted in one pass."""

import json
from pathlib import Path

from penchant.record import Record
from penchant.runs.data import Data
from penchant.runs.look import look

FOUND = Path(__file__).parents[1] / "data" / "as_found"


def test_pairs_people_and_drops_are_counted_in_one_pass(reporter) -> None:
    seen = look(data=FOUND / "faults.jsonl", reporter=reporter)
    assert (seen.rows, seen.records, seen.pairs, seen.people, seen.named) == (6, 2, 2, 1, 1)
    assert sum(seen.dropped.values()) == 4
    assert seen.items == {"least": 2, "median": 2, "most": 2}
    assert isinstance(seen.first, Record)


def test_thumbs_questions_and_evidence_are_told_apart() -> None:
    assert look(data=FOUND / "kto.jsonl").ratings == 3
    assert look(data=FOUND / "questions.jsonl").questions == 2
    people = look(data=FOUND / "people.jsonl")
    assert (people.records, people.evidence, people.named) == (0, 2, 2)


def test_columns_that_the_user_states_are_used_and_shown() -> None:
    stated = "user_id=who,prompt=ask,chosen=one,rejected=two,label=best,first=1"
    seen = look(data=Data(FOUND / "own_names.csv", stated))
    assert (seen.layout, seen.pairs) == ("columns", 2)
    assert dict(seen.columns)["prompt"] == "ask"


def test_a_limit_stops_early_and_many_rows_are_announced(tmp_path: Path, reporter, monkeypatch) -> None:
    monkeypatch.setattr("penchant.runs.look.NOTE_EVERY", 2)
    path = tmp_path / "rows.jsonl"
    row = {"prompt": "p", "chosen": "y", "rejected": "n"}
    path.write_text("".join(json.dumps(row) + "\n" for _ in range(9)))
    assert look(data=path, limit=5, reporter=reporter).pairs == 5
    assert [note for note in reporter.notes if note.endswith("read")] == [f"{path}: 2 read", f"{path}: 4 read"]


def test_the_file_of_one_person_is_looked_at_too(tmp_path) -> None:
    person = {"user_id": "ana", "evidence": [{"kind": "comment", "prompt": "", "text": "Short."}], "corrections": []}
    (tmp_path / "ana.json").write_text(json.dumps(person), encoding="utf-8")
    seen = look(data=tmp_path / "ana.json")
    assert (seen.layout, seen.named, seen.evidence, seen.first_values()) == ("one person", 1, 1, None)


def test_thumbs_without_a_person_name_nobody_and_are_counted_up_and_down(tmp_path) -> None:
    rows = [{"prompt": f"q{i}", "completion": "a", "label": i > 0} for i in range(3)]
    (tmp_path / "kto.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    seen = look(data=tmp_path / "kto.jsonl")
    assert (seen.ratings, seen.liked, seen.people, seen.named) == (3, 2, 3, 0)
    assert seen.first_values()["user_id"] is None
