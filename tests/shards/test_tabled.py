"""Rows of other programs as records: ids, people, times, further columns, and groups of rows."""

import json
from pathlib import Path

import pytest

from penchant import Comment, Demographics
from penchant.errors import DataError
from penchant.shards import PersonItems, read_records

PAIR = {"prompt": "Tea?", "chosen": "Yes.", "rejected": "No."}


def saved(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_equal_rows_have_ids_of_their_own_and_named_rows_keep_theirs(tmp_path: Path) -> None:
    records = read_records(saved(tmp_path, PAIR, PAIR, {**PAIR, "id": 7}), space=None).records()
    assert len({record.record_id for record in records}) == 3
    assert records[2].record_id == "7"


def test_several_statements_of_a_row_have_numbered_ids(tmp_path: Path) -> None:
    answers = [{"text": text, "score": score} for text, score in (("Yes.", 3), ("No.", 2), ("Hm.", 1))]
    records = read_records(saved(tmp_path, {"id": "q", "prompt": "Tea?", "answers": answers}), space=None).records()
    assert [record.record_id for record in records] == ["q-1", "q-2"]


def test_who_when_and_further_columns(tmp_path: Path) -> None:
    row = {**PAIR, "annotator": 7.0, "created_at": "2025-02-03T10:00:00Z", "split": "dev", "mood": "calm", "tags": [1]}
    (record,) = read_records(saved(tmp_path, row), space=None)
    assert (record.user_id, record.split, record.at and record.at.year) == ("7", "dev", 2025)
    assert json.loads(record.provenance.meta) == {"mood": "calm", "tags": [1]}
    assert record.provenance.dataset == "rows.jsonl"


def test_a_person_that_is_a_list_sets_the_row_aside(tmp_path: Path) -> None:
    loaded = read_records(saved(tmp_path, {**PAIR, "user_id": "u"}, {**PAIR, "user_id": ["a"]}), space=None)
    assert [record.user_id for record in loaded] == [None, None]


def test_comments_and_descriptions_are_evidence_of_their_people(tmp_path: Path) -> None:
    comments = read_records(saved(tmp_path, {"user_id": "u", "title": "Tea?", "comment": "Yes."}), space=None)
    (entry,) = comments.entries()
    assert isinstance(entry, PersonItems)
    assert entry.items[0].evidence == Comment("Tea?", "Yes.")
    profiles = read_records(saved(tmp_path, {"user_id": "u", "description": "A nurse."}), space=None)
    assert [item.evidence for entry in profiles.entries() for item in entry.items] == [Demographics("A nurse.")]


def utterance(conversation: str, text: str, chosen: bool) -> dict[str, object]:
    row = {"conversation_id": conversation, "user_id": "u", "turn": 0, "user_prompt": "Tea?"}
    return {**row, "model_response": text, "if_chosen": chosen}


def test_rows_of_one_conversation_are_read_together_and_must_stand_together(tmp_path: Path) -> None:
    rows = [
        utterance("c", "Yes.", True),
        utterance("c", "No.", False),
        utterance("d", "x", True),
        utterance("d", "y", False),
    ]
    loaded = read_records(saved(tmp_path, *rows), space=None)
    assert [(record.chosen, record.rejected) for record in loaded] == [("Yes.", "No."), ("x", "y")]
    with pytest.raises(DataError, match="do not stand together; sort the file by it"):
        read_records(saved(tmp_path, rows[0], rows[2], rows[1]), space=None).records()
