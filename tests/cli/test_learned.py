"""`penchant train --method vpl|lore|encoder`, and what becomes of the folders."""

import json
import re

import pytest

from penchant import load_space
from penchant.cli.learned import LEARNED, folders, opened
from penchant.encoder.fake import FakeEncoder
from penchant.errors import ConfigError, ModelError
from penchant.shards import jsonl


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)


@pytest.fixture
def fit(penchant, planted, tmp_path):
    """Fits one of the learned scorers on the planted records, into the folder `out`."""
    data = tmp_path / "planted.jsonl"
    jsonl.write(planted, data, space=None)

    def run(method: str, *arguments: object):
        return penchant("train", "--data", data, "--method", method, "--out", tmp_path / "out", *arguments)

    return run


@pytest.mark.parametrize("method", LEARNED)
def test_what_was_fitted_is_saved_told_in_one_line_and_opened_again(fit, tmp_path, method: str) -> None:
    ran = fit(method, "--json")
    assert ran.code == 0, ran.err
    assert ran.out.count("\n") == 1
    told = {"method": method, "scorer": str(tmp_path / "out"), "encoder": "fake", "people": 24, "records": 96}
    assert {key: ran.last[key] for key in told} == told
    assert ("fit" in ran.last) == (method != "encoder")
    assert "embedding texts" in ran.err
    assert f"{method}: fitting on 24 people, 96 records" in ran.err
    assert [scorer.name for scorer in opened([tmp_path / "out"], load_space())] == [method]


def test_without_json_a_line_tells_each_figure(fit) -> None:
    lines = fit("encoder").out.splitlines()
    assert lines[0] == "method: encoder"
    assert "people: 24" in lines


def test_the_seed_decides(fit, tmp_path) -> None:
    weights = []
    for seed in (0, 1, 0):
        assert fit("lore", "--overwrite", "--seed", seed).code == 0
        weights.append((tmp_path / "out" / "baseline.safetensors").read_bytes())
    assert weights[0] == weights[2] != weights[1]


def test_embeddings_are_kept_for_whatever_is_fitted_next(fit, tmp_path, monkeypatch) -> None:
    fresh = fit("lore", "--seed", "3")
    assert fresh.code == 0, fresh.err
    weights = (tmp_path / "out" / "baseline.safetensors").read_bytes()
    kept = ("--cache", tmp_path / "kept", "--overwrite")
    assert fit("encoder", *kept).code == 0

    class Silent(FakeEncoder):
        def tokens(self, texts, *, progress=None):
            raise AssertionError("embedded again")

    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", Silent)
    ran = fit("lore", "--seed", "3", *kept)
    assert ran.code == 0, ran.err
    assert (tmp_path / "out" / "baseline.safetensors").read_bytes() == weights


def test_a_finished_one_is_replaced_only_when_asked_to_and_a_folder_holds_one(fit, tmp_path) -> None:
    assert fit("lore").code == 0
    before = (tmp_path / "out" / "baseline.json").read_bytes()
    refused = fit("encoder")
    assert (refused.code, refused.out) == (2, "")
    assert "baseline.json is of a finished scorer; give another --out, or add --overwrite" in refused.err
    assert (tmp_path / "out" / "baseline.json").read_bytes() == before
    assert fit("encoder", "--overwrite").code == 0
    assert [scorer.name for scorer in opened([tmp_path / "out"], load_space())] == ["encoder"]
    assert not (tmp_path / "out" / "baseline.json").exists()


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("vpl", ("--recipe", "recipes/demo.yaml"), "--recipe is not read when vpl is fitted; leave it out"),
        ("vpl", ("--set", "seed=1"), "--set is not read when vpl is fitted"),
        ("lore", ("--lora",), "--lora is not read when lore is fitted"),
        ("lore", ("--model", "x"), "--model is not read when lore is fitted"),
        ("lore", ("--annotator", "x"), "--annotator is not read when lore is fitted"),
        ("ica", ("--annotator", "x"), "--annotator is not read when ica is trained; leave it out"),
        ("encoder", ("--resume",), "--resume is not read when encoder is fitted"),
        ("encoder", ("--seed", "1"), "--seed is not read when encoder is fitted"),
        ("encoder", ("--reference-cache", "x"), "--reference-cache is not read when encoder is fitted"),
        ("pba", ("--cache", "x"), "--cache is not read when pba is trained; leave it out"),
        ("ica", ("--seed", "1"), "--seed is not read when ica is trained; its seed is the recipe's: --set seed=1"),
    ],
)
def test_an_option_that_is_not_read_is_refused_in_one_sentence(fit, tmp_path, method, arguments, message) -> None:
    ran = fit(method, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].startswith(f"penchant: {message}")
    assert not (tmp_path / "out").exists()


def test_people_too_few_leave_nothing_behind(penchant, planted, tmp_path) -> None:
    data = tmp_path / "one.jsonl"
    jsonl.write(planted[:4], data, space=None)
    ran = penchant("train", "--data", data, "--method", "vpl", "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (2, "")
    assert "pairs of 1 people to fit on" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_scorer_and_a_model_never_stand_in_one_folder(fit, penchant, small_recipe, small_forum, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    weights = tmp_path / "out" / "model.safetensors"
    weights.write_bytes(b"")
    for more in ((), ("--overwrite",)):
        refused = fit("lore", *more)
        assert (refused.code, refused.out) == (2, "")
        assert f"{weights} is a model, beside which no scorer is put; give another --out" in refused.err
    weights.unlink()
    assert fit("lore").code == 0
    for more in ((), ("--overwrite",), ("--resume",)):
        where = ("--recipe", small_recipe, "--data", small_forum / "train", "--out", tmp_path / "out")
        refused = penchant("train", "--method", "ica", *where, *more)
        assert (refused.code, refused.out) == (2, "")
        assert "baseline.json is of a scorer, beside which no model is put; give another --out" in refused.err
    (tmp_path / "out" / "scorer.json").write_text("{}")
    with pytest.raises(ConfigError, match="out: two scorers stand there; fit each into a folder of its own"):
        opened([tmp_path / "out"], load_space())


def test_folders_are_named_one_after_another(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b/c"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "baseline.json").touch()
    assert [str(folder) for folder in folders("a, b/c,")] == ["a", "b/c"]
    assert folders(None) == ()
    with pytest.raises(ConfigError, match="--baselines ,: name folders of scorers"):
        folders(",")


def test_folders_that_cannot_stand_in_a_table_are_refused(fit, tmp_path) -> None:
    with pytest.raises(ConfigError, match="none: no scorer there; fit one by penchant train --method vpl, lore, enc"):
        folders(str(tmp_path / "none"))
    assert fit("lore").code == 0
    folder = tmp_path / "out"
    with pytest.raises(ConfigError, match="another folder holds lore too"):
        opened([folder, folder], load_space())
    card = json.loads((folder / "baseline.json").read_text())
    (folder / "baseline.json").write_text(json.dumps(card | {"encoder": "other"}))
    with pytest.raises(ModelError, match="fitted with encoder 'other', loaded with 'fake'"):
        opened([folder], load_space())


def test_a_scorer_that_weighs_directions_is_saved_and_opened_with_what_reads_them(
    penchant, small_forum, annotator, tmp_path
) -> None:
    out, space = tmp_path / "out", load_space(str(small_forum / "space.toml"))
    train = ("train", "--data", small_forum / "train", "--method", "encoder", "--out", out)
    ran = penchant(*train, "--annotator", annotator)
    assert ran.code == 0, ran.err
    name = json.loads((out / "scorer.json").read_text())["annotator"]
    (scorer,) = opened([out], space, annotator)
    assert scorer.believer.annotator.name == name
    with pytest.raises(
        ConfigError, match=re.escape(f"fitted with the annotator '{name}'; name its folder with --annotator")
    ):
        opened([out], space)
