"""Language models, named by recipes, that read evidence, write summaries of people and judge answers."""

import json
from pathlib import Path

import pytest

from penchant import Comment, Persona
from penchant.errors import ConfigError, ModelError
from penchant.runs.annotators import read_evidence
from penchant.runs.language_models import endpoint_of, language_annotator, summaries_of


@pytest.fixture
def writer(served, tmp_path: Path) -> Path:
    served.reply = lambda _request, _number: "Somebody who likes travel."
    path = tmp_path / "writer.yaml"
    path.write_text(f"endpoint: {{base_url: '{served.url}', model: m}}\n")
    return path


def test_summaries_are_written_once_for_each_person_with_evidence(writer, served, reporter, capsys) -> None:
    person, nobody, stranger = Persona((Comment("p", "I sail"),)), Persona(), Persona((Comment("p", "I fly"),))
    summary = summaries_of(writer, [person, nobody, person], reporter=reporter)
    assert (summary(person), summary(nobody), summary(stranger)) == ("Somebody who likes travel.", None, None)
    assert len(served.requests) == 1
    assert reporter.bars == [("writing summaries", 1)]
    assert reporter.notes[0].startswith("summaries by m:")
    summaries_of(str(writer), [person])
    assert len(served.requests) == 1  # the ledger beside the recipe answers
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_without_a_recipe_nobody_has_a_summary() -> None:
    person = Persona((Comment("p", "I sail"),))
    assert summaries_of(None, [person])(person) is None


def test_an_annotator_reads_with_the_settings_of_its_recipe(writer, served, tiny, reporter) -> None:
    said = {"dimension": "length", "pole": "A", "probability": 0.9}
    served.reply = lambda _request, _number: json.dumps({"says": [said]})
    item = Comment("p", "short, please")
    evidence = read_evidence(language_annotator(writer, tiny, reporter=reporter), [item], tiny, reporter=reporter)
    assert [(dimension.id, sign) for dimension, sign in evidence.items[item].direction.poles()] == [("length", 1)]
    assert evidence.caution is None
    assert any("1 answers paid for" in note for note in reporter.notes)


def test_a_judge_needs_its_key(writer, tmp_path, monkeypatch) -> None:
    assert endpoint_of(writer).name == "m"
    path = tmp_path / "remote.yaml"
    path.write_text("endpoint: {base_url: 'https://models.example/v1', model: m, api_key_env: NO_SUCH_KEY}\n")
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(ConfigError, match="set NO_SUCH_KEY"):
        endpoint_of(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("endpoint: {model: m}", "base_url"),
        ("endpoint: {base_url: 'http://127.0.0.1:9/v1', model: m, colour: red}", "colour"),
    ],
)
def test_a_broken_recipe_is_refused(tmp_path, tiny, content: str, sentence: str) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=sentence):
        language_annotator(path, tiny)


def test_an_endpoint_that_is_silent_is_an_error(tmp_path, tiny) -> None:
    path = tmp_path / "model.yaml"
    path.write_text("endpoint: {base_url: 'http://127.0.0.1:9/v1', model: m, tries: 1}")
    with pytest.raises(ModelError, match="failed after all tries"):
        read_evidence(path, [Comment("", "I sail")], tiny)


def test_a_summary_is_written_shown_trained_on_and_measured(
    penchant, small_recipe, small_forum, small_base, served, writer, tmp_path
) -> None:
    shown = penchant("show", "prompt", "--data", small_forum / "test", "--method", "pba_both", "--summaries", writer)
    assert shown.code == 0, shown.err
    assert "\nSomebody who likes travel\n</notes>" in shown.out
    out = tmp_path / "model"
    where = ("--recipe", small_recipe, "--data", small_forum / "train", "--out", out)
    ran = penchant("train", *where, "--method", "pba_summary", "--summaries", writer)
    assert ran.code == 0, ran.err
    assert "summaries by m:" in ran.err
    count = len(served.requests)
    where = (out, "--data", small_forum / "test", "--base", small_base, "--personas", "ugc", "--json")
    measured = penchant("eval", "accuracy", *where, "--summaries", writer, "--draws", 2)
    assert measured.code == 0, measured.err
    assert len(served.requests) > count
    rows = {(row["method"], row["variant"], row["persona"]) for row in measured.last["rows"]}
    assert {("pba_summary", "", "ugc"), ("pba_summary", "drawn", "ugc"), ("pba_summary", "golden", "mixed")} <= rows
    assert not any(method == "pba" for method, _, _ in rows)
    # nothing is left to be written
    count = len(served.requests)
    again = penchant("eval", "accuracy", *where, "--summaries", writer)
    assert again.code == 0, again.err
    assert len(served.requests) == count


@pytest.mark.parametrize("method", ["ica", "pba"])
def test_summaries_for_a_method_that_shows_none_are_refused(
    penchant, small_recipe, small_forum, small_base, aligned, writer, tmp_path, method
) -> None:
    where = ("--recipe", small_recipe, "--data", small_forum / "train", "--out", tmp_path / "m")
    ran = penchant("train", *where, "--method", method, "--summaries", writer)
    assert ran.code == 2
    assert "pba_summary or pba_both" in ran.err
    where = (aligned[method], "--data", small_forum / "test", "--base", small_base)
    ran = penchant("eval", "accuracy", *where, "--summaries", writer)
    assert ran.code == 2
    assert "pba_summary or pba_both" in ran.err


def test_draws_without_pba_are_refused(penchant, small_forum, small_base, aligned) -> None:
    ran = penchant(
        "eval", "accuracy", aligned["ica"], "--data", small_forum / "test", "--base", small_base, "--draws", 2
    )
    assert ran.code == 2
    assert "--draws averages over the directions of pba; give a model aligned by it" in ran.err
