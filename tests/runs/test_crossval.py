"""Models aligned and measured fold by fold, as a call."""

import pytest
import yaml

from penchant.config import BaseSection
from penchant.encoder.fake import FakeEncoder
from penchant.errors import ConfigError
from penchant.reporter import Quiet
from penchant.runs.crossval import crossval_models
from penchant.shards import jsonl
from penchant.train.base_model import fresh_model, save_base, subword_tokenizer


class Notes(Quiet):
    """A reporter that keeps its notes."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture
def crossval(planted, tmp_path):
    jsonl.write(planted, tmp_path / "planted.jsonl", space=None)
    chat = subword_tokenizer([record.chosen for record in planted], 400)
    settings = BaseSection(hidden_size=16, layers=1, heads=2)
    save_base(fresh_model(chat, settings, None, seed=0), chat, tmp_path / "base", curve=[], card="for tests\n")
    training = {"max_steps": 2, "users_per_step": 2, "pairs_per_user": 2, "warmup_steps": 1, "trl": {"bf16": True}}
    recipe = {"name": "r", "space": "manner", "directions": "measured", "base": str(tmp_path / "base")}
    recipe |= {"ica": training, "pba": training, "evaluate": {"personas": ["all"]}}
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")

    def run(**settings):
        where = {"data": tmp_path / "planted.jsonl", "out": tmp_path / "out"}
        return crossval_models(**where, recipe=path, folds=2, **settings)

    return run


def test_the_encoder_scorer_is_measured_on_the_same_people(crossval, planted, monkeypatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    notes = Notes()
    measurement = crossval(encoder=True, reporter=notes)
    main = {row.label: row for row in measurement.results.main}
    assert {"ica", "pba", "few_shot", "encoder", "encoder_text"} <= set(main)
    assert {row.n for row in main.values()} == {len(planted)}
    assert measurement.seed == 0
    assert list(measurement.seconds) == ["crossval"]
    stages = [text for text in notes.texts if text.startswith("== ")]
    ends = ["ica", "pba", "48 records of people in no training fold"]
    assert stages == [f"== fold {k}, {end}" for k in (0, 1) for end in ends]


def test_folds_and_attributes_that_there_are_not_are_refused(crossval) -> None:
    with pytest.raises(ConfigError, match="`only` 0,2: give numbers of folds from 0 to 1"):
        crossval(only=[0, 2])
    with pytest.raises(ConfigError, match="has no record of 'nothing'; there are: "):
        crossval(attribute="nothing")


def test_another_base_is_named_in_place_of_the_recipes(crossval, tmp_path) -> None:
    (tmp_path / "base").rename(tmp_path / "other")
    measurement = crossval(model=str(tmp_path / "other"), lora=True)
    assert {"ica", "pba"} <= {row.method for row in measurement.results.main}
    assert (tmp_path / "out" / "fold-0" / "ica" / "adapter_model.safetensors").is_file()


def test_one_method_alone_and_others_are_refused(crossval) -> None:
    measurement = crossval(methods=["ica"])
    assert not [row for row in measurement.results.rows if row.method == "pba"]
    with pytest.raises(ConfigError, match="`methods` dpo: choose from ica, pba"):
        crossval(methods=["dpo"])


def test_a_method_that_cannot_show_the_evidence_is_refused_before_training(crossval, tmp_path) -> None:
    notes = Notes()
    with pytest.raises(ConfigError, match="leave pba out with `methods` ica"):
        crossval(overrides=["directions=given", "space=alignx90"], reporter=notes)
    assert not any(text.startswith("== fold") for text in notes.texts)
