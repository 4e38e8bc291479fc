"""Evaluation as a call: one question, asked with keyword arguments; nothing is printed."""

import json
from dataclasses import replace

import pytest

from penchant.errors import ConfigError
from penchant.eval.contrasts import Contrast
from penchant.eval.measured import Measured, Results
from penchant.eval.questions import QUESTIONS
from penchant.eval.questions.base import Answer
from penchant.eval.rows import Row
from penchant.eval.score import Setting
from penchant.runs.evaluate import Evaluation, evaluate
from penchant.runs.measurement import Measurement
from penchant.runs.prompt import prompt
from penchant.runs.train import train
from penchant.shards import jsonl

ROW = Row(
    dataset="d",
    method="ica",
    variant="",
    role="personal",
    persona="ugc",
    attribute="all",
    phrasing="-",
    layout="user_first",
    seed=0,
    accuracy=2 / 3,
    ci95=(0.5, 0.75),
    n=3,
    users=2,
    ties=0,
    ceiling=None,
    macro=0.5,
    worst_decile=0.25,
)
CONTRAST = Contrast(
    dataset="d",
    method="ica",
    persona="ugc",
    rival="overlap",
    rival_persona="ugc",
    phrasing="-",
    difference=0.1,
    ci95=(0.0, 0.2),
    p=0.1111111,
    p_holm=1 / 3,
    n=3,
    users=2,
)
TABLE = Answer(measured=Measured(Setting("d", "user_first", 0), ()))


def measurement(*rows: Row) -> Measurement:
    results = Results(rows, (CONTRAST,) if rows else ())
    return Measurement(results, seed=3, seconds={"accuracy": 1.23456}, versions={"python": "3"})


def test_a_table_of_accuracies_is_rows_and_contrasts_in_json() -> None:
    content = Evaluation("accuracy", TABLE, measurement(ROW)).as_json()
    assert set(content) == {"question", "seed", "seconds", "rows", "contrasts", "versions"}
    assert content["question"] == "accuracy"
    assert content["rows"][0]["accuracy"] == 0.666667
    assert content["contrasts"][0]["p_holm"] == 0.333333
    assert (content["seconds"], content["seed"]) == ({"accuracy": 1.23}, 3)
    assert json.loads(json.dumps(content)) == content


def test_any_other_answer_is_its_findings_in_json() -> None:
    answer = Answer(findings={"methods": {"ica": {"pairs": 3}}}, lines=("ica: 3 pairs",))
    content = Evaluation("cost", answer, measurement()).as_json()
    assert set(content) == {"question", "seed", "seconds", "methods", "versions"}
    assert content["methods"] == {"ica": {"pairs": 3}}


def test_the_text_has_the_main_rows_then_contrasts_then_the_lines_of_the_question() -> None:
    rows = (ROW, replace(ROW, variant="raw", role="reading"), replace(ROW, attribute="wit"))
    answer = replace(TABLE, lines=("a line of its own",))
    text = Evaluation("accuracy", answer, measurement(*rows)).text()
    table, contrasts, lines = text.split("\n\n")
    assert table.splitlines()[0].split()[:2] == ["dataset", "method"]
    assert len(table.splitlines()) == 3
    assert contrasts.startswith("points above")
    assert lines == "a line of its own"


def test_the_text_of_an_answer_without_a_table_is_its_lines() -> None:
    answer = Answer(findings={"methods": {}}, lines=("one", "two"))
    assert Evaluation("cost", answer, measurement()).text() == "one\ntwo"


def test_a_call_returns_an_evaluation_and_prints_nothing(small_forum, aligned, capsys) -> None:
    capsys.readouterr()
    found = evaluate(
        "accuracy", data=small_forum / "test", models=[str(aligned["ica"])], personas=["ugc"], limit=8, seed=3
    )
    assert found.question == "accuracy"
    assert found.measurement.seed == 3
    assert {"ica", "few_shot", "chance", "ideal"} <= {row.method for row in found.measurement.results.main}
    assert "ica" in found.text()
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "")


def test_a_reporter_hears_what_would_be_printed(small_forum, aligned, reporter) -> None:
    models = [str(aligned["ica"])]
    evaluate("limited", data=small_forum / "test", models=models, limit=8, reporter=reporter)
    assert any("only the first 8 records are read" in note for note in reporter.notes)
    assert "evaluating" in dict(reporter.bars)


def test_one_model_and_text_for_the_data_are_as_good_as_a_list_and_a_path(small_forum, aligned) -> None:
    data, model = small_forum / "test", aligned["ica"]
    as_listed = evaluate("accuracy", data=data, models=[str(model)], personas=["pair"], limit=8)
    alone = evaluate("accuracy", data=str(data), models=model, personas="pair", limit=8)
    assert alone.as_json()["rows"] == as_listed.as_json()["rows"]
    assert repr(alone) == "Evaluation(question='accuracy')"


def test_a_question_about_an_annotator_needs_no_model(small_forum, annotator_folder) -> None:
    found = evaluate("beliefs", data=small_forum / "test", annotator=annotator_folder)
    assert set(found.as_json()["wordings"]) == {"known", "unseen"}
    assert found.text().startswith("wording known")


def test_an_unknown_question_is_named_with_those_there_are(tmp_path) -> None:
    with pytest.raises(ConfigError, match=f"no question is called 'wit'; there are {', '.join(QUESTIONS)}"):
        evaluate("wit", data=tmp_path / "nothing.jsonl")


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("accuracy", "there is nothing to measure; give `models`, or a `base`"),
        ("limited", "the question 'limited' measures aligned models; give the folder of one, or METHOD=ORG/MODEL"),
        ("control", "the question 'control' measures aligned models"),
        ("bias", "the question 'bias' measures aligned models"),
        ("cost", "the question 'cost' measures aligned models"),
        ("novel", "the question 'novel' measures aligned models"),
        ("judge", "the question 'judge' measures aligned models"),
        ("beliefs", "the question 'beliefs' needs something that reads directions from evidence"),
    ],
)
def test_a_missing_input_is_named_before_data_is_read(tmp_path, question: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        evaluate(question, data=tmp_path / "nothing.jsonl")


@pytest.mark.parametrize(
    ("question", "settings", "message"),
    [
        ("control", {"personas": ["ugc"]}, "the question 'control' does not read `personas`; leave it out"),
        ("bias", {"neutral": True}, "the question 'bias' does not read `neutral`; leave it out"),
        ("limited", {"judge": "j.yaml"}, "the question 'limited' does not read `judge`; leave it out"),
        ("limited", {"fit_data": "d"}, "the question 'limited' does not read `fit_data`; leave it out"),
        ("accuracy", {"draws": 2}, "`draws` averages over the directions of pba; give a model aligned by it"),
        ("accuracy", {"summaries": "demo"}, "`summaries` are shown to models aligned by pba_summary or pba_both"),
    ],
)
def test_a_setting_that_nothing_reads_is_refused_before_data_is_read(
    aligned, tmp_path, question: str, settings, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        evaluate(question, data=tmp_path / "nothing.jsonl", models=[str(aligned["ica"])], **settings)


def test_a_question_about_models_measures_no_scorers(aligned, tmp_path) -> None:
    (tmp_path / "vpl").mkdir()
    (tmp_path / "vpl" / "baseline.json").write_text("{}", encoding="utf-8")
    models = [str(aligned["ica"]), str(tmp_path / "vpl")]
    with pytest.raises(ConfigError, match="the question 'limited' measures no learned scorers; leave out .*vpl"):
        evaluate("limited", data=tmp_path / "nothing.jsonl", models=models)


def test_a_judge_without_its_key_is_refused_before_models_are_loaded(
    small_forum, aligned, tmp_path, monkeypatch, reporter
) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    recipe = tmp_path / "judge.yaml"
    recipe.write_text("endpoint: {base_url: 'https://models.example/v1', model: m, api_key_env: SOME_KEY}\n")
    where = {"data": small_forum / "test", "models": [str(aligned["ica"])], "limit": 8}
    with pytest.raises(ConfigError, match="set SOME_KEY"):
        evaluate("judge", judge=recipe, reporter=reporter, **where)
    assert not any("simulated records" in note for note in reporter.notes)


def test_a_model_that_was_trained_on_measured_directions_is_asked_on_them(small_recipe, planted, tmp_path) -> None:
    jsonl.write(planted, tmp_path / "planted.jsonl", space=None)
    measured = ["directions=measured", "space=manner"]
    train(data=tmp_path / "planted.jsonl", method="pba", recipe=small_recipe, out=tmp_path / "m", overrides=measured)
    by_card = evaluate("accuracy", data=tmp_path / "planted.jsonl", models=tmp_path / "m", personas="all")
    stated = evaluate(
        "accuracy", data=tmp_path / "planted.jsonl", models=tmp_path / "m", personas="all", directions="measured"
    )
    assert by_card.as_json()["rows"] == stated.as_json()["rows"]
    shown = prompt(data=tmp_path / "planted.jsonl", model=str(tmp_path / "m"), persona="all")
    assert (
        shown.messages
        == prompt(data=tmp_path / "planted.jsonl", method="pba", directions="measured", persona="all").messages
    )


def test_decoders_of_a_base_are_rows_of_their_own(small_forum, small_base) -> None:
    answer = evaluate(
        "accuracy",
        data=small_forum / "test",
        base=str(small_base),
        decoders="guidance:0,guidance:2,judge",
        personas=["mixed"],
        limit=24,
    )
    rows = {(row.method, row.persona): row for row in answer.measurement.results.rows if row.attribute == "all"}
    assert {"few_shot", "guidance:0", "guidance:2", "judge"} <= {method for method, _ in rows}
    # strength 0 is told nothing, so that the evidence of another person makes no difference
    assert rows["guidance:0", "mixed"].accuracy == rows["base", "none"].accuracy
    assert ("judge", "shuffled") in rows


@pytest.mark.parametrize(
    ("decoders", "sentence"),
    [
        ("beam", "`decoders` beam: decoder beam: choose from plain"),
        ("mixture:2", "`decoders` mixture:2: strength is 2; mixture takes 0 to 1"),
        ("contrast", "`decoders` contrast: it rules tokens out"),
        ("mixture:half", "write NAME or NAME:STRENGTH"),
    ],
)
def test_what_is_no_decoder_is_refused(small_forum, small_base, decoders: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        evaluate("accuracy", data=small_forum / "test", base=str(small_base), decoders=decoders, limit=24)
