"""`penchant data`: how a file is read, for people and for programs."""

import json
from pathlib import Path

FOUND = Path(__file__).parents[1] / "data" / "as_found"


def test_people_see_layout_columns_people_drops_and_the_first_record(penchant) -> None:
    ran = penchant("data", FOUND / "battles_semicolon.csv")
    assert ran.code == 0, ran.err
    for line in (
        "layout battles; 3 rows, 2 pairs",
        "  user_id    Rater",
        "  prompt     Question",
        "2 people, 1 to 1 pairs each",
        "        1 rows: the two answers tie",
        "  chosen     Stand it in water.",
    ):
        assert line in ran.out


def test_programs_get_one_object(penchant) -> None:
    values = penchant("data", FOUND / "trl.jsonl", "--json").last
    assert values["layout"] == "trl"
    assert values["columns"] == {"user_id": "user", "prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}
    assert (values["records"], values["people"], values["dropped"]) == (3, 2, {})
    assert values["kept_aside"] == ["source"]
    first = values["first"]
    assert first["prompt"] == [{"role": "user", "content": "How do I keep basil fresh?"}]
    assert (first["chosen"], first["rejected"]) == (" Stand it in water.", " Basil is a herb.")


def test_a_thumb_down_is_a_rejected_answer_and_a_question_has_none(penchant) -> None:
    thumb = penchant("data", FOUND / "open_webui.json", "--json").last["first"]
    assert (thumb["chosen"], thumb["rejected"]) == (None, "Basil is a herb.")
    question = penchant("data", FOUND / "questions.jsonl", "--json").last["first"]
    assert (question["chosen"], question["rejected"]) == (None, None)


def test_what_cannot_be_known_is_one_sentence_and_columns_settle_it(penchant) -> None:
    ran = penchant("data", FOUND / "zero_one.csv")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert "--columns prompt=" in ran.err
    stated = "prompt=question,chosen=answer_a,rejected=answer_b,label=label,first=0"
    assert penchant("data", FOUND / "zero_one.csv", "--columns", stated).code == 0


def test_a_file_without_people_says_so(penchant) -> None:
    assert "no people are named" in penchant("data", FOUND / "ultrafeedback.jsonl").out


def test_a_file_of_nothing_usable_ends_with_an_error_after_the_reasons(penchant, tmp_path) -> None:
    row = {"prompt": "q", "chosen": "same", "rejected": "same"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    ran = penchant("data", tmp_path / "rows.jsonl")
    assert (ran.code, "holds nothing that can be used; the reasons are above" in ran.err) == (2, True)
    assert "chosen and rejected are the same answer" in ran.out
    assert "people" not in ran.out


def test_answers_that_begin_alike_are_shown_from_where_they_differ(penchant, tmp_path) -> None:
    row = {"prompt": "q", "chosen": "word " * 60 + "short", "rejected": "word " * 60 + "long", "user_id": "u"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    out = penchant("data", tmp_path / "rows.jsonl").out
    row["rejected"] = row["chosen"] + " and more"
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert "and more" in penchant("data", tmp_path / "rows.jsonl").out
    assert "word short" in out
    assert "word long" in out


def test_evidence_alone_says_what_reads_it(penchant, tmp_path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"user_id": "u", "comment": "Short."}', encoding="utf-8")
    ran = penchant("data", tmp_path / "rows.jsonl")
    assert (ran.code, "1 items of evidence (for --evidence and penchant show users)" in ran.out) == (0, True)
