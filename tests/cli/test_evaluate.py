"""`penchant eval`: accuracy, and what every question refuses; one file a question in evaluate/."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from penchant.eval.questions.accuracy import PERSONAS
from penchant.shards import jsonl, parquet
from penchant.space import load_space


@pytest.fixture
def evaluate(penchant, small_forum, small_base):
    """Runs `penchant eval accuracy` on the small forum's test people."""

    def run(*arguments: object, data: object = None):
        where = ("--data", data or small_forum / "test", "--base", small_base)
        return penchant("eval", "accuracy", *arguments, *where)

    return run


def test_without_json_the_main_rows_are_a_table_and_the_rest_is_mentioned(evaluate, aligned) -> None:
    ran = evaluate(aligned["ica"], "--personas", "ugc")
    lines = ran.out.splitlines()
    assert ran.code == 0, ran.err
    assert lines[0].split()[:5] == ["dataset", "method", "persona", "attribute", "phrasing"]
    end = lines.index("")
    assert {line.split()[3] for line in lines[2:end]} == {"all"}
    assert lines[end + 1].startswith("points above")
    assert any(line.split()[:5] == ["ica", "ugc", "known", "above", "few_shot"] for line in lines[end:])
    assert not any("_same_prompt" in line for line in lines)
    assert "more rows" in ran.err
    assert "are in the output of --json" in ran.err


def test_with_json_there_are_rows_contrasts_and_what_it_took(evaluate, aligned) -> None:
    ran = evaluate(aligned["ica"], "--personas", "ugc", "--seed", "3", "--json")
    assert ran.code == 0, ran.err
    assert set(ran.last) == {"question", "seed", "seconds", "rows", "contrasts", "versions"}
    assert (ran.last["question"], ran.last["seed"], set(ran.last["seconds"])) == ("accuracy", 3, {"accuracy"})
    variants = {row["variant"]: row["role"] for row in ran.last["rows"] if row["method"] == "ica"}
    assert variants == {"": "personal", "same_prompt": "reading", "raw": "reading", "normalised": "reading"}


def test_the_base_is_the_one_that_the_card_names(penchant, evaluate, small_forum, aligned) -> None:
    where = ("--data", small_forum / "test", "--personas", "ugc", "--json")
    ran = penchant("eval", "accuracy", aligned["ica"], *where)
    assert ran.code == 0, ran.err
    assert ran.last["rows"] == evaluate(aligned["ica"], "--personas", "ugc", "--json").last["rows"]


def test_a_model_given_for_another_method_than_its_card_names_is_measured_and_said(evaluate, aligned) -> None:
    ran = evaluate(f"pba={aligned['ica']}", "--personas", "ugc")
    assert ran.code == 0, ran.err
    assert f"{aligned['ica']} was aligned by ica as its card says, and is measured as pba" in ran.err
    assert "was aligned by" not in evaluate(aligned["ica"], "--personas", "ugc").err


def test_the_budget_says_what_it_left_out(evaluate) -> None:
    ran = evaluate("--personas", "ugc", "--max-prompt-tokens", "45", "--json")
    assert ran.code == 0, ran.err
    assert "the budget of 45 tokens left out" in ran.err


def test_a_persona_named_twice_is_measured_once(evaluate) -> None:
    once, twice = (evaluate("--personas", names, "--json").last["rows"] for names in ("demo", "demo, demo"))
    assert once == twice


def test_records_that_show_nothing_are_counted(evaluate, planted, tmp_path) -> None:
    data = tmp_path / "planted.jsonl"
    jsonl.write(planted[:8], data, space=None)
    ran = evaluate("--personas", "ugc,pair", data=data)
    assert ran.code == 0, ran.err
    assert "8 of 8 records show nothing under 'ugc': they are asked the bare prompt" in ran.err
    assert "under 'pair'" not in ran.err


def test_published_rows_that_name_no_user_are_people_of_their_own(evaluate, small_base, planted, tmp_path) -> None:
    data = tmp_path / "nameless.jsonl"
    jsonl.write([replace(record, user_id=None) for record in planted[:6]], data, space=None)
    ran = evaluate(f"ica={small_base}", "--personas", "pair", "--json", data=data)
    assert ran.code == 0, ran.err
    rows = [row for row in ran.last["rows"] if row["persona"] == "shuffled" and row["attribute"] == "all"]
    assert (rows[0]["n"], rows[0]["users"]) == (6, 6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--layout", "wide"), "--layout wide: choose from user_first, paper"),
        (("--personas", "ugc,bio"), "--personas ugc,bio: choose from ugc, pair, demo"),
        (("--personas", ","), "--personas ,: give names, separated by commas"),
        (("--draws", "2"), "--draws averages over the directions of pba; give a model aligned by it"),
        (("--summaries", "demo"), "--summaries are shown to models aligned by pba_summary or pba_both"),
        (("--attribute", "wit"), "has no record of 'wit'; there are:"),
        (("--split", "dev"), "has no record of split 'dev'; there are: test"),
        (("--space", "alignx90"), "written for space 'alignx90-small'"),
        (("--limit", "1"), "at least two people"),
        (("--max-prompt-tokens", "3"), "longer than the budget of 3 tokens; raise --max-prompt-tokens"),
    ],
)
def test_a_wrong_argument_is_one_sentence(evaluate, arguments: tuple[str, ...], sentence: str) -> None:
    ran = evaluate(*arguments)
    assert (ran.code, ran.out) == (2, "")
    last = ran.err.splitlines()[-1]
    assert last.startswith("penchant: ")
    assert sentence in last


@pytest.mark.parametrize(
    ("question", "arguments", "message"),
    [
        ("infre", (), "No such command 'infre'"),
        ("judges", (), "No such command 'judges'"),
        ("beliefs", (), "the question 'beliefs' needs something that reads directions from evidence; name it with"),
        ("limited", (), "the question 'limited' measures aligned models; give the folder of one"),
        ("control", (), "the question 'control' measures aligned models; give the folder of one"),
        ("cost", (), "the question 'cost' measures aligned models; give the folder of one"),
        ("judge", ("--judge", "j.yaml"), "the question 'judge' measures aligned models; give the folder of one"),
        ("accuracy", ("--strict",), "No such option: --strict"),
        ("accuracy", ("--baselines", "vpl"), "No such option: --baselines"),
        ("accuracy", ("--folds", "3"), "No such option: --folds"),
        ("accuracy", ("--judge", "j.yaml"), "No such option: --judge"),
        ("accuracy", ("--out", "o"), "No such option: --out"),
        ("beliefs", ("--baselines", "vpl"), "No such option: --baselines"),
        ("beliefs", ("--cache", "x"), "No such option: --cache"),
        ("beliefs", ("--layout", "paper"), "No such option: --layout"),
        ("beliefs", ("--judge", "j.yaml"), "No such option: --judge"),
        ("limited", ("--folds", "3"), "No such option: --folds"),
        ("limited", ("--baselines", "f"), "No such option: --baselines"),
        ("limited", ("--out", "o"), "No such option: --out"),
        ("control", ("--folds", "3"), "No such option: --folds"),
        ("control", ("--personas", "ugc"), "No such option: --personas"),
        ("control", ("--judge", "j.yaml"), "No such option: --judge"),
        ("bias", ("--neutral",), "No such option: --neutral"),
        ("judge", ("--summaries", "s.yaml"), "No such option: --summaries"),
    ],
)
def test_what_cannot_be_measured_is_said(penchant, small_forum, question: str, arguments, message: str) -> None:
    ran = penchant("eval", question, *arguments, "--data", small_forum / "test")
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.parametrize("number", [("--limit", "0"), ("--max-prompt-tokens", "0"), ("--draws", "-1")])
def test_a_number_out_of_range_is_refused(evaluate, number: tuple[str, str]) -> None:
    assert evaluate(*number).code == 2


def test_a_missing_reference_or_model_is_named(penchant, evaluate, small_forum, tmp_path) -> None:
    ran = penchant("eval", "accuracy", "--data", small_forum / "test")
    assert (ran.code, ran.err) == (2, "penchant: there is nothing to measure; give MODELS, or a --base\n")
    ran = evaluate(tmp_path / "ica")
    assert ran.code == 2
    assert f"there is no folder {tmp_path / 'ica'}; check the path, or write METHOD=ORG/MODEL" in ran.err
    ran = evaluate(f"ica={tmp_path / 'ica'}")
    assert ran.code == 2
    assert f"no model folder at {tmp_path / 'ica'}" in ran.err


def test_pickled_weights_are_refused(evaluate, small_base, tmp_path) -> None:
    shutil.copytree(small_base, tmp_path / "ica")
    (tmp_path / "ica" / "adapter_model.bin").write_bytes(b"")
    ran = evaluate(f"ica={tmp_path / 'ica'}")
    assert (ran.code, ran.out) == (2, "")
    assert "adapter_model.bin: pickled weights can run code" in ran.err


def test_a_model_that_gives_no_finite_score_is_named_with_the_setting(evaluate, aligned, tmp_path) -> None:
    shutil.copytree(aligned["ica"], tmp_path / "ica")
    weights = load_file(tmp_path / "ica" / "model.safetensors")
    save_file({name: values * np.nan for name, values in weights.items()}, tmp_path / "ica" / "model.safetensors")
    ran = evaluate(tmp_path / "ica", "--personas", "ugc")
    assert (ran.code, ran.out) == (2, "")
    assert "penchant: ica under 'ugc', known phrasings: none of" in ran.err.splitlines()[-1]


def test_pba_on_evidence_without_directions_has_penchants_own_annotator_read_it(
    evaluate, aligned, planted, tmp_path
) -> None:
    data = tmp_path / "planted.jsonl"
    jsonl.write(planted[:8], data, space=None)
    ran = evaluate(aligned["pba"], "--personas", "pair", data=data)
    assert ran.code == 0, ran.err
    assert "the data states no directions; --annotator english reads them" in ran.err


def test_rows_without_prompt_or_answers_are_kept_aside_and_the_others_measured(evaluate, small_forum, tmp_path) -> None:
    space = load_space(str(small_forum / "space.toml"))
    data = tmp_path / "rows.jsonl"
    jsonl.write(parquet.read(small_forum / "test", space), data, space=space)
    broken = {"record_id": "x", "prompt": "p", "chosen": "", "rejected": "b"}
    with data.open("a", encoding="utf-8") as file:
        file.write(json.dumps(broken) + "\n")
    aside = tmp_path / "out.rejected.jsonl"
    read = ("--space", small_forum / "space.toml", "--rejected", aside)
    ran = evaluate("--personas", "demo", *read, "--json", data=data)
    assert ran.code == 0, ran.err
    assert "49 rows: 48 kept, 1 dropped (chosen is empty: 1)" in ran.err
    assert json.loads(aside.read_text(encoding="utf-8"))["content"] == broken


def test_the_settings_measured_are_the_four_kinds_of_evidence() -> None:
    assert PERSONAS == ("ugc", "pair", "demo", "mixed")


def test_folders_that_hold_no_model_are_refused_before_data_is_read(penchant, small_base, annotator, tmp_path) -> None:
    where = ("--data", tmp_path / "nothing.jsonl", "--base", small_base)
    ran = penchant("eval", "accuracy", f"ica={annotator}", *where)
    assert ran.code == 2
    assert (
        f"{annotator} holds no language model; it contains annotator.json, annotator.safetensors; name a folder"
        in ran.err
    )
    ran = penchant("eval", "report", f"ica={small_base}", annotator, *where, "--out", tmp_path / "out")
    assert (ran.code, f"{annotator} holds an annotator; name it with --annotator" in ran.err) == (2, True)


def test_scorers_are_refused_where_only_models_are_measured(penchant, small_forum, aligned, tmp_path) -> None:
    scorer = _scorer_folder(tmp_path / "vpl")
    ran = penchant("eval", "limited", aligned["ica"], scorer, "--data", small_forum / "test")
    assert (ran.code, ran.out) == (2, "")
    assert f"the question 'limited' measures no learned scorers; leave out {scorer}" in ran.err


def _scorer_folder(folder: Path) -> Path:
    """A folder that only looks like a scorer's: it has a card."""
    folder.mkdir()
    (folder / "baseline.json").write_text("{}", encoding="utf-8")
    return folder
