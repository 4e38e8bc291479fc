import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from penchant.cli.aligned import Aligned
from penchant.cli.evaluate import PERSONAS
from penchant.encoder.fake import FakeEncoder
from penchant.errors import ConfigError
from penchant.shards import jsonl, parquet
from penchant.space import load_space


@pytest.fixture
def evaluate(penchant, small_forum, small_base):
    """Runs `penchant eval` on the small forum's test people."""

    def run(*arguments: object, data: object = None):
        return penchant("eval", "--data", data or small_forum / "test", "--reference", small_base, *arguments)

    return run


@pytest.fixture
def texts(planted, tmp_path):
    """The planted records as a file."""
    path = tmp_path / "planted.jsonl"
    jsonl.write(planted, path, space=None)
    return path


def test_without_json_the_main_rows_are_a_table_and_the_rest_is_mentioned(evaluate, aligned) -> None:
    ran = evaluate("--ica", aligned["ica"], "--personas", "ugc")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0].split()[:5] == ["dataset", "method", "persona", "attribute", "phrasing"]
    end = lines.index("")
    assert {line.split()[3] for line in lines[2:end]} == {"all"}
    assert lines[end + 1].startswith("points above")
    assert any(line.split()[:5] == ["ica", "ugc", "known", "above", "few_shot"] for line in lines[end:])
    assert not any("_same_prompt" in line for line in lines)
    assert "more rows" in ran.err


def test_a_model_given_for_another_method_than_its_card_names_is_measured_and_said(evaluate, aligned) -> None:
    ran = evaluate("--pba", aligned["ica"], "--personas", "ugc")
    assert ran.code == 0
    assert f"{aligned['ica']} was aligned by ica as its card says, and is measured as pba" in ran.err
    assert "was aligned by" not in evaluate("--ica", aligned["ica"], "--personas", "ugc").err


def test_the_budget_says_what_it_left_out(evaluate) -> None:
    ran = evaluate("--personas", "ugc", "--max-prompt-tokens", "45", "--json")
    assert ran.code == 0, ran.err
    assert "the budget of 45 tokens left out" in ran.err


def test_a_persona_named_twice_is_measured_once(evaluate) -> None:
    once, twice = (evaluate("--personas", names, "--json").last["rows"] for names in ("demo", "demo, demo"))
    assert once == twice


def test_records_that_show_nothing_are_counted(evaluate, small_base, planted, tmp_path) -> None:
    data = tmp_path / "planted.jsonl"
    jsonl.write(planted[:8], data, space=None)
    ran = evaluate("--personas", "ugc,pair", data=data)
    assert ran.code == 0, ran.err
    assert "8 of 8 records show nothing under 'ugc': they are asked the bare prompt" in ran.err
    assert "under 'pair'" not in ran.err


def test_published_rows_that_name_no_user_are_people_of_their_own(small_base, planted) -> None:
    nameless = [replace(record, user_id=None) for record in planted[:6]]
    measured = Aligned(str(small_base), {"ica": str(small_base)}).measured(nameless, load_space(), "d", ["pair"])
    shuffled = next(row for row in measured.rows() if row.persona == "shuffled" and row.attribute == "all")
    assert (shuffled.n, shuffled.users) == (6, 6)


def test_the_encoder_scorer_is_measured_over_folds(penchant, texts, monkeypatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    ran = penchant("eval", "--data", texts, "--scorer", "encoder", "--folds", "3", "--json")
    assert ran.code == 0, ran.err
    found = {(row["method"], row["persona"]): row for row in ran.last["rows"] if row["attribute"] == "all"}
    assert found["encoder", "pair"]["n"] == 96
    assert ("chance", "none") in found


def test_learned_baselines_are_measured_beside_the_encoder_scorer(penchant, texts, monkeypatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    encoder = ("eval", "--data", texts, "--scorer", "encoder", "--fit", "train", "--split", "dev", "--json")
    ran = penchant(*encoder, "--baselines", "lore, vpl,lore")
    assert ran.code == 0, ran.err
    found = [(row["method"], row["persona"]) for row in ran.last["rows"] if row["attribute"] == "all"]
    assert found[-4:] == [("lore", "pair"), ("lore", "shuffled"), ("vpl", "pair"), ("vpl", "shuffled")]
    accuracy = {(row["method"], row["persona"]): row["accuracy"] for row in ran.last["rows"]}
    assert min(accuracy["lore", "pair"], accuracy["vpl", "pair"]) > 0.7
    rivals = {(one["method"], one["rival"]) for one in ran.last["contrasts"]}
    assert {("encoder", "vpl"), ("encoder", "lore")} <= rivals
    assert "fold 0: vpl: best after" in ran.err
    assert "of 16 latent units active" in ran.err
    assert {row["method"] for row in penchant(*encoder).last["rows"]}.isdisjoint({"vpl", "lore"})


def test_baselines_that_are_not_known_are_one_sentence(penchant, texts) -> None:
    for names in ("vpl,pal", ","):
        ran = penchant("eval", "--data", texts, "--scorer", "encoder", "--baselines", names)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.splitlines()[-1] == f"penchant: --baselines {names}: known are vpl, lore"


def test_the_encoder_scorer_can_be_fitted_on_one_split_and_tested_on_another(penchant, texts, monkeypatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    encoder = ("eval", "--data", texts, "--scorer", "encoder", "--json")
    assert {row["n"] for row in penchant(*encoder, "--fit", "train", "--split", "dev").last["rows"]} <= {24, 12}
    alone = penchant(*encoder, "--split", "train", "--folds", "2").last["rows"]
    assert max(row["n"] for row in alone) == 72


def test_the_encoder_scorer_can_be_fitted_on_other_data_and_shown_one_kind_of_evidence(
    penchant, texts, planted, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    other = tmp_path / "other.jsonl"
    jsonl.write([replace(record, user_id=f"other-{record.user_id}") for record in planted], other, space=None)
    encoder = ("eval", "--data", texts, "--scorer", "encoder", "--json")
    assert {row["n"] for row in penchant(*encoder, "--fit-data", other).last["rows"] if row["attribute"] == "all"} == {
        96
    }
    assert "--fit train needs --split" in penchant(*encoder, "--fit", "train").err
    both = penchant(*encoder, "--fit", "train", "--split", "dev", "--fit-data", other)
    assert "--fit-data and --fit both say what to fit on" in both.err
    flowers = penchant(*encoder, "--fit-data", other, "--attribute", "garden/flowers").last["rows"]
    assert {row["n"] for row in flowers} == {48}
    ran = penchant(*encoder, "--fit-data", texts)
    assert (ran.code, "fit on other people" in ran.err) == (2, True)
    shown = penchant(*encoder, "--folds", "3", "--personas", "pair,ugc").last["rows"]
    assert {row["persona"] for row in shown if row["method"] == "encoder_text"} == {"pair", "ugc", "shuffled"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--scorer", "judge"), "--scorer judge: known are implicit, encoder"),
        (("--layout", "wide"), "--layout wide: known are user_first, paper"),
        (("--personas", "ugc,bio"), "--personas ugc,bio: known are ugc, pair, demo, mixed"),
        (("--personas", ","), "known are ugc, pair, demo, mixed"),
        (("--scorer", "encoder", "--draws", "2"), "--draws is not read when encoder is measured; leave it out"),
        (("--baselines", "vpl"), "--baselines is not read when implicit is measured; leave it out"),
        (("--suite", "infer", "--baselines", "vpl"), "--baselines is not read when infer is measured"),
        (("--folds", "3"), "--folds is not read when implicit is measured"),
        (("--suite", "infer", "--cache", "x"), "--cache is not read when infer is measured"),
        (("--attribute", "wit"), "has no record of 'wit'; there are:"),
        (("--split", "dev"), "has no record of split 'dev'; there are: test"),
        (("--scorer", "encoder"), "--reference is not read when encoder is measured"),
        (("--space", "alignx90"), "written for space 'alignx90-small'"),
        (("--limit", "1"), "at least two people"),
        (("--max-prompt-tokens", "3"), "longer than the budget of 3 tokens; raise max_prompt_tokens"),
    ],
)
def test_a_wrong_argument_is_one_sentence(evaluate, arguments: tuple[str, ...], sentence: str) -> None:
    ran = evaluate(*arguments)
    assert (ran.code, ran.out) == (2, "")
    said = ran.err.splitlines()[-1]
    assert said.startswith("penchant: ")
    assert sentence in said


@pytest.mark.parametrize("number", [("--limit", "0"), ("--max-prompt-tokens", "0"), ("--folds", "1")])
def test_a_number_out_of_range_is_refused(evaluate, number: tuple[str, str]) -> None:
    assert evaluate(*number).code == 2


def test_a_missing_reference_or_model_is_named(penchant, evaluate, small_forum, tmp_path) -> None:
    ran = penchant("eval", "--data", small_forum / "test")
    assert (ran.code, ran.err) == (
        2,
        "penchant: --scorer implicit needs --reference, the base that the models were aligned from\n",
    )
    ran = evaluate("--ica", tmp_path / "ica")
    assert ran.code == 2
    assert f"no model folder at {tmp_path / 'ica'}" in ran.err


def test_pickled_weights_are_refused(evaluate, small_base, tmp_path) -> None:
    shutil.copytree(small_base, tmp_path / "ica")
    (tmp_path / "ica" / "adapter_model.bin").write_bytes(b"")
    ran = evaluate("--ica", tmp_path / "ica")
    assert (ran.code, ran.out) == (2, "")
    assert "adapter_model.bin: pickled weights can run code" in ran.err


def test_a_model_that_gives_no_finite_score_is_named_with_the_setting(evaluate, aligned, tmp_path) -> None:
    shutil.copytree(aligned["ica"], tmp_path / "ica")
    weights = load_file(tmp_path / "ica" / "model.safetensors")
    save_file({name: values * np.nan for name, values in weights.items()}, tmp_path / "ica" / "model.safetensors")
    ran = evaluate("--ica", tmp_path / "ica", "--personas", "ugc")
    assert (ran.code, ran.out) == (2, "")
    assert "penchant: ica under 'ugc', known phrasings: none of" in ran.err.splitlines()[-1]


def test_pba_on_evidence_without_directions_names_the_record(evaluate, aligned, planted, tmp_path) -> None:
    data = tmp_path / "planted.jsonl"
    jsonl.write(planted[:8], data, space=None)
    ran = evaluate("--pba", aligned["pba"], "--personas", "pair", data=data)
    assert (ran.code, ran.out) == (2, "")
    assert "cannot ask pba about record 'planted-0-0': nothing is believed of this person" in ran.err


def test_rows_without_prompt_or_answers_are_kept_aside_and_the_others_measured(evaluate, small_forum, tmp_path) -> None:
    space = load_space(str(small_forum / "space.toml"))
    data = tmp_path / "rows.jsonl"
    jsonl.write(parquet.read(small_forum / "test", space), data, space=space)
    broken = {"record_id": "x", "prompt": "p", "chosen": "", "rejected": "b"}
    with data.open("a", encoding="utf-8") as file:
        file.write(json.dumps(broken) + "\n")
    aside = tmp_path / "out.rejected.jsonl"
    ran = evaluate(
        *("--personas", "demo", "--space", small_forum / "space.toml", "--rejected", aside, "--json"), data=data
    )
    assert ran.code == 0, ran.err
    assert "49 rows: 48 kept, 1 dropped (chosen is empty: 1)" in ran.err
    assert json.loads(aside.read_text(encoding="utf-8"))["content"] == broken


def test_an_unknown_layout_is_refused_before_a_model_is_loaded(planted) -> None:
    with pytest.raises(ConfigError, match="--layout wide"):
        Aligned("none", layout="wide").measured(planted, load_space(), "d", ())


def test_the_settings_measured_are_the_four_kinds_of_evidence() -> None:
    assert PERSONAS == ("ugc", "pair", "demo", "mixed")


def test_folders_that_hold_no_model_are_refused_before_data_is_read(penchant, small_base, annotator, tmp_path) -> None:
    where = ("eval", "--data", tmp_path / "nothing.jsonl", "--reference", small_base)
    ran = penchant(*where, "--ica", annotator)
    assert ran.code == 2
    assert f"{annotator} holds no language model but annotator.json, annotator.safetensors; name a folder" in ran.err
    ran = penchant(*where, "--suite", "all", "--ica", small_base, "--baselines", annotator, "--out", tmp_path / "out")
    assert (ran.code, f"--baselines {annotator}: no scorer there; fit one by" in ran.err) == (2, True)
