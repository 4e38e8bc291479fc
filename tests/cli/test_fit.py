"""`penchant fit encoder|vpl|lore|annotator`, and what becomes of the folders."""

import json

import pytest

from penchant import load_space
from penchant.encoder.fake import FakeEncoder
from penchant.runs.data import read, space_for
from penchant.runs.scorers import SCORERS, opened
from penchant.shards import jsonl


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)


@pytest.fixture
def fit(penchant, planted, tmp_path, fake):
    """Fits a scorer on the planted records, into the folder `out`."""
    data = tmp_path / "planted.jsonl"
    jsonl.write(planted, data, space=None)

    def run(name: str, *arguments: object):
        return penchant("fit", name, "--data", data, "--out", tmp_path / "out", *arguments)

    return run


@pytest.fixture
def annotate(penchant, small_forum, small_base, tmp_path):
    def run(*arguments: object, data=None):
        where = ("--data", data or small_forum / "train", "--out", tmp_path / "annotator")
        return penchant("fit", "annotator", "--encoder", small_base, "--steps", 5, *where, *arguments)

    return run


@pytest.mark.parametrize("name", SCORERS)
def test_what_was_fitted_is_saved_told_in_one_line_and_opened_again(fit, tmp_path, name: str) -> None:
    ran = fit(name, "--json")
    assert ran.code == 0, ran.err
    assert ran.out.count("\n") == 1
    summary = {"method": name, "scorer": str(tmp_path / "out"), "encoder": "fake", "people": 24, "records": 96}
    assert {key: ran.last[key] for key in summary} == summary
    assert ("fit" in ran.last) == (name != "encoder")
    assert "embedding texts" in ran.err
    assert f"{name}: fitting on 24 people, 96 records" in ran.err
    assert [scorer.name for scorer in opened([tmp_path / "out"], load_space())] == [name]


def test_without_json_a_line_tells_each_figure(fit) -> None:
    lines = fit("encoder").out.splitlines()
    assert lines[0] == "method: encoder"
    assert "people: 24" in lines


def test_a_finished_one_is_replaced_only_when_asked_to_and_a_folder_holds_one(fit, tmp_path) -> None:
    assert fit("lore").code == 0
    before = (tmp_path / "out" / "baseline.json").read_bytes()
    refused = fit("encoder")
    assert (refused.code, refused.out) == (2, "")
    assert "baseline.json belongs to a finished scorer; give another --out, or set --overwrite" in refused.err
    assert (tmp_path / "out" / "baseline.json").read_bytes() == before
    assert fit("encoder", "--overwrite").code == 0
    assert [scorer.name for scorer in opened([tmp_path / "out"], load_space())] == ["encoder"]
    assert not (tmp_path / "out" / "baseline.json").exists()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("vpl", ("--recipe", "demo")),
        ("vpl", ("--set", "seed=1")),
        ("lore", ("--lora",)),
        ("lore", ("--model", "x")),
        ("lore", ("--annotator", "x")),
        ("encoder", ("--resume",)),
        ("encoder", ("--seed", "1")),
        ("encoder", ("--reference-cache", "x")),
    ],
)
def test_an_option_that_is_not_read_is_refused_in_one_sentence(fit, tmp_path, name: str, arguments) -> None:
    ran = fit(name, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert f"No such option: {arguments[0]}" in ran.err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_scorer_and_a_model_never_stand_in_one_folder(fit, penchant, small_recipe, small_forum, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    weights = tmp_path / "out" / "model.safetensors"
    weights.write_bytes(b"")
    for more in ((), ("--overwrite",)):
        refused = fit("lore", *more)
        assert (refused.code, refused.out) == (2, "")
        assert f"{weights} belongs to a model, and a folder holds one thing; give another --out" in refused.err
    weights.unlink()
    assert fit("lore").code == 0
    for more in ((), ("--overwrite",), ("--resume",)):
        where = ("--recipe", small_recipe, "--data", small_forum / "train", "--out", tmp_path / "out")
        refused = penchant("train", "--method", "ica", *where, *more)
        assert (refused.code, refused.out) == (2, "")
        assert "baseline.json belongs to a scorer, and a folder holds one thing; give another --out" in refused.err


def test_an_annotator_is_fitted_and_described(annotate, small_base, tmp_path) -> None:
    ran = annotate("--json")
    assert ran.code == 0, ran.err
    assert ran.last["items"] > ran.last["people"] > 1
    card = json.loads((tmp_path / "annotator" / "annotator.json").read_text(encoding="utf-8"))
    assert (card["source"], card["items"]) == (str(small_base), ran.last["items"])
    assert "embedding clauses" in ran.err
    assert card["held_out"] == ran.last["held_out"]
    assert ran.last["held_out"]["people"] == 2  # a tenth of 24
    assert ran.last["held_out"]["cells"] > 0


def test_what_it_is_worth_on_people_held_out_is_told(annotate, tmp_path) -> None:
    ran = annotate()
    assert ran.code == 0, ran.err
    card = json.loads((tmp_path / "annotator" / "annotator.json").read_text(encoding="utf-8"))
    figures = card["held_out"]
    assert f"held out: 2 people, {figures['cells']:,} cells (item x dimension) that speak for a pole" in ran.out
    assert f"on the right side: {100 * figures['side']:.1f} %, found: {100 * figures['found']:.1f} %" in ran.out
    assert f"calibration error of the {figures['stated']:,} poles stated: " in ran.out


def test_too_few_people_to_measure_are_said(annotate, small_forum, tmp_path) -> None:
    space = space_for(small_forum / "train", None)
    records = read(small_forum / "train", space)
    names = sorted({record.user_id for record in records})[:12]
    jsonl.write([record for record in records if record.user_id in names], tmp_path / "few.jsonl", space=space)
    where = ("--space", small_forum / "space.toml", "--overwrite")
    assert "held out: nobody is measured; that takes twenty" in annotate(*where, data=tmp_path / "few.jsonl").out
    assert annotate(*where, "--json", data=tmp_path / "few.jsonl").last["held_out"] is None


def test_an_annotator_is_replaced_only_when_asked(annotate) -> None:
    assert annotate().code == 0
    ran = annotate()
    assert ran.code == 2
    assert "annotator.json exists already; give another --out, or set --overwrite" in ran.err
    assert annotate("--overwrite").code == 0


def test_records_without_directions_are_refused(annotate, tmp_path) -> None:
    path = tmp_path / "rows.jsonl"
    row = {"record_id": "r", "user_id": "u", "prompt": "p", "chosen": "a", "rejected": "b", "evidence": []}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    ran = annotate(data=path)
    assert ran.code == 2
    assert "has no evidence with directions" in ran.err
