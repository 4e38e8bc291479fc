"""Records and their space by path: what is read, left out, reported and refused. Nothing is printed."""

import json
from dataclasses import replace

import pytest

from penchant.config import Recipe
from penchant.errors import ConfigError, DataError, SpaceMismatch
from penchant.runs.data import (
    Data,
    directed,
    find,
    individual,
    of_attribute,
    read,
    recipe_space,
    report_space,
    space_for,
)
from penchant.space import load_space


def row(record_id: str, **changes: object) -> dict[str, object]:
    return {"record_id": record_id, "prompt": "p", "chosen": "a", "rejected": "b", **changes}


@pytest.fixture(autouse=True)
def _nothing_is_printed(capsys):
    yield
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.fixture
def lines(tmp_path):
    """Writes rows as JSON lines."""

    def write(*rows: dict[str, object]):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
        return path

    return write


def test_a_recipe_without_dimensions_takes_the_whole_space() -> None:
    assert recipe_space(Recipe(name="r")) == load_space()
    small = recipe_space(Recipe(name="r", dimensions=("order", "travel")))
    assert (small.name, [d.id for d in small.dimensions]) == ("alignx90-r", ["order", "travel"])


def test_an_unknown_dimension_of_a_recipe_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="recipe 'r', dimensions: .*'opennes'; nearest is 'openness'"):
        recipe_space(Recipe(name="r", dimensions=("opennes",)))


def test_the_space_is_the_one_named_then_the_one_beside_the_data_then_alignx90(tmp_path, tiny) -> None:
    (tmp_path / "space.toml").write_text(tiny.as_toml(), encoding="utf-8")
    assert space_for(tmp_path / "train", None).digest == tiny.digest
    assert space_for(tmp_path, None).digest == tiny.digest
    assert space_for(tmp_path / "train", "alignx90") == load_space()
    assert space_for(tmp_path / "deep" / "train", None) == load_space()


def test_the_space_is_said_with_its_reason_unless_it_was_named(tmp_path, tiny, reporter) -> None:
    report_space(tmp_path / "rows.jsonl", load_space(), None, reporter=reporter)
    first, second = reporter.notes
    assert first.endswith("rows.jsonl: read in space alignx90 (default); `space` names another")
    assert second.startswith("nothing is concluded of age_group, gender, which are protected; `space` alignx90+demogr")
    reporter.notes.clear()
    (tmp_path / "space.toml").write_text(tiny.as_toml(), encoding="utf-8")
    report_space(tmp_path / "rows.jsonl", tiny, None, reporter=reporter)
    assert f"read in space tiny (of {tmp_path / 'space.toml'})" in reporter.notes[0]
    reporter.notes.clear()
    report_space(tmp_path / "rows.jsonl", tiny, "tiny", reporter=reporter)
    assert reporter.notes == []


def test_a_file_of_one_person_is_told_from_one_of_rows(lines, tiny, tmp_path, reporter) -> None:
    assert individual(lines(row("a")), tiny) is None
    path = tmp_path / "user.json"
    path.write_text('{"user_id": "u", "evidence": [{"kind": "comment", "text": " "}]}', encoding="utf-8")
    assert individual(path, tiny, reporter=reporter).user_id == "u"
    (note,) = reporter.notes
    assert note.endswith("user.json: evidence[0] left out (comment: text is empty)")


def test_rows_set_aside_are_counted_with_reason_and_place_and_the_others_are_read(lines, tiny, reporter) -> None:
    path = lines(row("a"), row("b", prompt=" "), row("c", chosen=""), row("d"))
    assert [record.record_id for record in read(path, tiny, reporter=reporter)] == ["a", "d"]
    (note,) = reporter.notes
    assert "4 rows: 2 kept, 2 dropped (chosen is empty: 1; prompt is empty: 1); first: line 2, line 3" in note


def test_rows_set_aside_are_kept_in_the_file_asked_for(lines, tiny, tmp_path, reporter) -> None:
    aside = tmp_path / "rows.rejected.jsonl"
    read(lines(row("a"), row("b", prompt="")), tiny, rejected=aside, reporter=reporter)
    kept = [json.loads(line) for line in aside.read_text(encoding="utf-8").splitlines()]
    assert [(entry["place"], entry["reason"], entry["content"]["record_id"]) for entry in kept] == [
        ("line 2", "prompt is empty", "b")
    ]
    assert f"kept aside in {aside}" in reporter.notes[0]


def test_evidence_left_out_is_said(lines, tiny, reporter) -> None:
    read(lines(row("a", evidence=[{"kind": "comment", "text": " "}])), tiny, reporter=reporter)
    assert "1 items of evidence left out (comment: text is empty)" in reporter.notes[0]


def test_a_file_without_one_usable_record_is_an_error_with_the_reasons(lines, tiny) -> None:
    with pytest.raises(DataError, match=r"no usable record; 1 rows: 0 kept, 1 dropped \(rejected is empty: 1\)"):
        read(lines(row("a", rejected="")), tiny)
    with pytest.raises(DataError, match="holds no rows"):
        read(lines(), tiny)


def test_a_limit_counts_records_of_the_split_and_reading_stops_there(lines, tiny, reporter) -> None:
    path = lines(row("a"), row("b", split="test"), row("c"), row("d", split="test"), row("e", split="test"))
    assert [record.record_id for record in read(path, tiny, split="test", limit=2, reporter=reporter)] == ["b", "d"]
    assert "only the first 2 records are read, as `limit` says, of 2 people" in reporter.notes[-1]


def test_a_split_without_records_is_an_error_that_names_those_there_are(lines, tiny) -> None:
    with pytest.raises(DataError, match="no record of split 'dev'; there are: test, train"):
        read(lines(row("a"), row("b", split="test")), tiny, split="dev")


def test_a_record_is_found_by_its_id_and_the_first_without_one(lines, tiny) -> None:
    path = lines(row("a"), row("b"))
    assert find(path, tiny, None).record_id == "a"
    assert find(path, tiny, "b").record_id == "b"
    with pytest.raises(DataError, match="no record 'x'; the first is 'a'"):
        find(path, tiny, "x")


def test_finding_reads_no_further_than_the_record(tmp_path, tiny) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row("a")) + "\n{broken\n", encoding="utf-8")
    assert find(path, tiny, "a").record_id == "a"
    with pytest.raises(DataError, match="line 2 is not valid JSON"):
        find(path, tiny, "b")


def test_finding_in_a_file_without_a_usable_record_says_why(lines, tiny) -> None:
    with pytest.raises(DataError, match="prompt is empty: 1"):
        find(lines(row("a", prompt="")), tiny, None)


def test_a_folder_of_splits_is_refused_with_the_one_to_name(small_forum, tiny) -> None:
    with pytest.raises(DataError, match=r"holds the folders test, train; name one, for instance .*test"):
        read(small_forum, tiny)


def test_another_space_is_refused_and_the_file_beside_the_data_named(small_forum) -> None:
    with pytest.raises(SpaceMismatch, match=r"written for space 'alignx90-small'.*space.toml stands beside the data"):
        read(small_forum / "test", load_space())


def test_an_unknown_kind_of_directions_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="`directions` guessed: choose from given, measured"):
        space_for(tmp_path, None, directions="guessed")


def test_measured_directions_are_those_of_the_texts(lines, tiny) -> None:
    (record,) = read(lines(row("a", evidence=[{"kind": "comment", "text": "hello there"}])), tiny)
    assert directed([record], "given") == [record]
    (measured,) = directed([record], "measured")
    assert replace(measured, persona=record.persona) == record
    assert measured.persona.evidence[0].direction.space == space_for(lines(), None, directions="measured")


def test_a_subset_is_a_dimension_or_one_of_its_poles(planted, tmp_path) -> None:
    assert of_attribute(planted, None, tmp_path) == planted
    assert of_attribute(planted, "garden", tmp_path) == planted
    engines = of_attribute(planted, "garden/engines", tmp_path)
    assert len(engines) == len(planted) / 2
    with pytest.raises(ConfigError, match="has no record of 'kitchen'; there are: garden"):
        of_attribute(planted, "kitchen", tmp_path)


def rows_of(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_limit_cuts_after_the_history_is_made(tmp_path, reporter) -> None:
    rows = [{"prompt": f"q{i}", "chosen": f"a{i}", "rejected": f"b{i}", "user_id": "u"} for i in range(6)]
    data = Data(rows_of(tmp_path / "rows.jsonl", rows), history="others")
    records = read(data, load_space(), limit=2, reporter=reporter)
    assert [len(record.persona.items) for record in records] == [5, 5]
    assert any("only the first 2 records are read" in note for note in reporter.notes)


def test_a_history_that_gives_nothing_is_noted(tmp_path, reporter) -> None:
    rows = [{"prompt": f"q{i}", "chosen": "a", "rejected": "b", "user_id": f"u{i}"} for i in range(3)]
    read(Data(rows_of(tmp_path / "rows.jsonl", rows), history="others"), load_space(), reporter=reporter)
    assert any("gives no row any history" in note for note in reporter.notes)


def test_a_question_is_shown_with_evidence_from_another_file(tmp_path) -> None:
    asked = rows_of(tmp_path / "asked.jsonl", [{"prompt": "What now?", "user_id": "u"}])
    pairs = rows_of(tmp_path / "pairs.jsonl", [{"prompt": "q", "chosen": "a", "rejected": "b", "user_id": "u"}])
    found = find(Data(asked, evidence=pairs), load_space(), None)
    assert found.task == "What now?"
    assert [item.evidence.chosen for item in found.persona.items] == ["a"]


def test_rows_without_two_answers_are_refused_with_what_can_be_done(tmp_path) -> None:
    thumbs = rows_of(tmp_path / "thumbs.jsonl", [{"prompt": "q", "completion": "a", "label": True, "user_id": "u"}])
    with pytest.raises(DataError, match="`ratings` of penchant train reads thumbs"):
        read(thumbs, load_space())
    with pytest.raises(DataError, match="holds evidence, but nothing that is asked; `penchant show users` reads it"):
        find(thumbs, load_space(), None)
    asked = rows_of(tmp_path / "asked.jsonl", [{"prompt": "What now?", "user_id": "u"}])
    with pytest.raises(DataError, match="`penchant show prompt` and `penchant infer` read questions"):
        read(asked, load_space())
    with pytest.raises(DataError, match="a person's other choices evidence, and there are none"):
        find(Data(asked, history="others"), load_space(), None)
