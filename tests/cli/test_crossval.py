"""`penchant crossval`: every person tested once, by models or scorers that were fitted on others."""

import json
from dataclasses import replace

import pytest
import yaml

from penchant.config import BaseSection
from penchant.encoder.fake import FakeEncoder
from penchant.shards import jsonl
from penchant.train.base_model import fresh_model, save_base, subword_tokenizer


@pytest.fixture
def texts(planted, tmp_path):
    path = tmp_path / "planted.jsonl"
    jsonl.write(planted, path, space=None)
    return path


@pytest.fixture
def crossval(penchant, planted, texts, tmp_path):
    chat = subword_tokenizer([record.chosen for record in planted], 400)
    base = tmp_path / "base"
    settings = BaseSection(hidden_size=16, layers=1, heads=2)
    save_base(fresh_model(chat, settings, None, seed=0), chat, base, curve=[], card="for tests\n")
    training = {"max_steps": 2, "users_per_step": 2, "pairs_per_user": 2, "warmup_steps": 1, "trl": {"bf16": True}}
    recipe = {"name": "r", "space": "manner", "directions": "measured", "base": str(base)}
    recipe |= {"ica": training, "pba": training, "evaluate": {"personas": ["all"]}}
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")

    def run(*arguments: object):
        folder = ("--out", tmp_path / "out")
        return penchant("crossval", "models", "--data", texts, "--recipe", path, *folder, "--folds", 2, *arguments)

    return run


def test_every_record_is_tested_once_beside_its_controls_and_nothing_is_done_twice(crossval, planted, tmp_path) -> None:
    first = crossval("--only", "1", "--json")
    assert first.code == 0, first.err
    assert "not measured yet: folds 0; run again with --only 0" in first.err
    other = crossval("--set", "ica.beta=0.7")
    assert other.code == 2
    assert "run.json is of other data or settings than these; give another --out" in other.err
    ran = crossval("--json")
    assert ran.code == 0, ran.err
    assert "== fold 0, ica" in ran.err
    assert "== fold 1, ica" not in ran.err
    main = [row for row in ran.last["rows"] if row["attribute"] == "all"]
    rows = {(row["method"], row["persona"]): row for row in main if not row["variant"]}
    assert {("ica", p) for p in ("all", "none", "shuffled")} | {("pba", p) for p in ("all", "none", "shuffled")} <= set(
        rows
    )
    assert {("few_shot", "all"), ("habit", "all"), ("longer", "all"), ("chance", "none")} <= set(rows)
    assert {row["n"] for row in rows.values()} == {len(planted)}
    people = [set(), set()]
    for k in (0, 1):
        for one in json.loads((tmp_path / "out" / f"fold-{k}" / "scores.json").read_text("utf-8")):
            people[k] |= {name.rpartition("-")[0] for name in one["records"]}
    assert people[0].isdisjoint(people[1])


def test_a_model_of_measured_directions_is_evaluated_and_shown_by_measuring_them_as_its_card_says(
    crossval, penchant, texts, tmp_path
) -> None:
    assert crossval("--only", "0").code == 0
    pba = tmp_path / "out" / "fold-0" / "pba"
    assert "show prompt --method pba --directions measured" in (pba / "README.md").read_text("utf-8")
    evaluate = ("eval", "accuracy", pba, "--data", texts, "--personas", "all", "--json")
    ran = penchant(*evaluate, "--directions", "given")
    assert (ran.code, "the data states no directions; --annotator english reads them" in ran.err) == (0, True)
    assert "was trained with directions measured, and is asked with given" in ran.err
    ran = penchant(*evaluate)
    assert ran.code == 0, ran.err
    assert "directions: measured, as the cards of the models say" in ran.err
    assert {row["persona"] for row in ran.last["rows"] if row["method"] == "pba"} >= {"all"}
    shown = penchant("show", "prompt", "--data", texts, "--model", pba)
    assert shown.code == 0, shown.err
    assert "<notes>" in shown.out
    ran = penchant(*evaluate, "--directions", "guessed")
    assert (ran.code, "--directions guessed: choose from given, measured" in ran.err) == (2, True)


def test_other_data_by_the_same_name_does_not_go_on_in_the_folder(crossval, planted, texts) -> None:
    assert crossval("--only", "0").code == 0
    jsonl.write([replace(record, chosen=f"{record.chosen} Indeed.") for record in planted], texts, space=None)
    ran = crossval("--only", "1")
    assert (ran.code, "run.json is of other data or settings than these" in ran.err) == (2, True)


def test_only_records_of_an_attribute_and_known_folds_are_taken(crossval, planted) -> None:
    ran = crossval("--attribute", "nothing")
    assert ran.code == 2
    assert "has no record of 'nothing'; there are: " in ran.err
    ran = crossval("--only", "2")
    assert ran.code == 2
    assert "give numbers of folds from 0 to 1" in ran.err


def test_an_encoder_scorer_that_cannot_be_fitted_is_refused_before_any_training(
    crossval, planted, texts, tmp_path
) -> None:
    names = sorted({record.user_id for record in planted})[:5]
    jsonl.write([record for record in planted if record.user_id in names], texts, space=None)
    ran = crossval("--encoder")
    assert ran.code == 2
    assert "2 folds of 5 people leave 2 to fit the encoder scorer on" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.fixture
def scorers(penchant, texts, monkeypatch):
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    return lambda *arguments: penchant("crossval", "scorers", "--data", texts, *arguments)


def test_scorers_end_with_a_table_or_with_every_row_as_json(scorers) -> None:
    ran = scorers("--folds", 3, "--baselines", "lore", "--seed", 1)
    assert ran.code == 0, ran.err
    assert "encoder_text" in ran.out
    assert "lore" in ran.out
    assert "fold 2: " in ran.err
    ran = scorers("--folds", 3, "--personas", "pair,ugc", "--strict", "--json")
    assert ran.code == 0, ran.err
    assert {row["dataset"] for row in ran.last["rows"]} == {"planted, text-disjoint"}
    assert {row["persona"] for row in ran.last["rows"] if row["method"] == "encoder"} == {
        "pair",
        "ugc",
        "none",
        "shuffled",
    }
    assert list(ran.last) == ["rows", "contrasts", "seconds", "seed", "versions"]


def test_only_takes_numbers(crossval) -> None:
    ran = crossval("--only", "first")
    assert (ran.code, "--only first: give numbers of folds from 0 to 1" in ran.err) == (2, True)
