"""Learned scorers by their folders."""

import json
import re

import pytest

from penchant import load_space
from penchant.encoder.fake import FakeEncoder
from penchant.errors import ConfigError, ModelError
from penchant.runs.fit import fit_annotator, fit_baseline, fit_encoder
from penchant.runs.scorers import opened, require_scorers, scorer_card
from penchant.shards import jsonl


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)


@pytest.fixture
def data(planted, tmp_path):
    jsonl.write(planted, tmp_path / "planted.jsonl", space=None)
    return tmp_path / "planted.jsonl"


def test_folders_are_named_one_after_another(data, tmp_path) -> None:
    fit_baseline(name="lore", data=data, out=tmp_path / "a")
    fit_encoder(data=data, out=tmp_path / "b" / "c")
    folders = [tmp_path / "a", tmp_path / "b" / "c"]
    require_scorers(folders)
    assert [scorer.name for scorer in opened(folders, load_space())] == ["lore", "encoder"]
    assert [scorer.name for scorer in opened(folders[::-1], load_space())] == ["encoder", "lore"]
    assert opened([], load_space()) == []
    assert scorer_card(tmp_path / "b") is None


def test_folders_that_cannot_stand_in_a_table_are_refused(data, tmp_path) -> None:
    with pytest.raises(ConfigError, match="none holds no scorer; make one with penchant fit vpl, penchant fit lore"):
        opened([tmp_path / "none"], load_space())
    folder = tmp_path / "out"
    fit_baseline(name="lore", data=data, out=folder)
    with pytest.raises(ConfigError, match="another folder holds lore too"):
        opened([folder, folder], load_space())
    card = json.loads((folder / "baseline.json").read_text())
    (folder / "baseline.json").write_text(json.dumps(card | {"encoder": "other"}))
    with pytest.raises(ModelError, match="fitted with encoder 'other', loaded with 'fake'"):
        opened([folder], load_space())


def test_a_folder_with_two_scorers_is_refused(data, tmp_path) -> None:
    fit_baseline(name="lore", data=data, out=tmp_path / "out")
    (tmp_path / "out" / "scorer.json").write_text("{}")
    with pytest.raises(ConfigError, match="out holds two scorers; fit each into a folder of its own"):
        opened([tmp_path / "out"], load_space())


def test_a_scorer_that_weighs_directions_is_saved_and_opened_with_what_reads_them(
    small_forum, small_base, tmp_path
) -> None:
    out, annotator = tmp_path / "out", tmp_path / "annotator"
    space = load_space(str(small_forum / "space.toml"))
    fit_annotator(data=small_forum / "train", out=annotator, encoder=str(small_base), steps=300)
    fit_encoder(data=small_forum / "train", out=out, annotator=annotator)
    name = json.loads((out / "scorer.json").read_text())["annotator"]
    (scorer,) = opened([out], space, annotator)
    assert scorer.believer.annotator.name == name
    with pytest.raises(
        ConfigError, match=re.escape(f"fitted with the annotator '{name}'; name its folder with `annotator`")
    ):
        opened([out], space)
