"""`penchant eval --suite infer`."""

import json

import pytest

from penchant.cli.data import read, space_for
from penchant.cli.suites import LEGEND
from penchant.shards import jsonl


def test_an_annotator_is_measured_by_wording(penchant, small_forum, annotator) -> None:
    where = ("--suite", "infer", "--data", small_forum / "test", "--annotator", annotator)
    ran = penchant("eval", *where, "--json")
    assert ran.code == 0, ran.err
    assert ran.last["suite"] == "infer"
    assert set(ran.last["wordings"]) == {"known", "unseen"}
    assert 0 <= ran.last["wordings"]["known"]["readings"]["auroc"] <= 1
    told = penchant("eval", *where)
    assert "wording known" in told.out
    assert "behaviour" in told.out
    row = ran.last["wordings"]["known"]["personas"]["ugc"]
    low, high = row["ci95"]
    assert f"{100 * row['accuracy']:.1f} ({100 * low:.1f}–{100 * high:.1f})" in told.out
    low, high = row["of_ideal_ci95"]
    assert f"{row['of_ideal']:.2f} ({low:.2f}–{high:.2f})" in told.out
    assert told.out.endswith(LEGEND + "\n")
    assert told.out.count("acc        pairs in which") == 1


@pytest.fixture
def models(small_base, aligned):
    return ("--reference", small_base, "--ica", aligned["ica"], "--pba", aligned["pba"])


def test_little_evidence_is_measured_item_by_item(penchant, small_forum, models) -> None:
    where = ("eval", "--suite", "limited", "--data", small_forum / "test", *models)
    ran = penchant(*where, "--json")
    assert ran.code == 0, ran.err
    rows = [row for row in ran.last["rows"] if row["attribute"] == "all"]
    assert {row["persona"] for row in rows} == {"first 0", "first 1", "first 2", "first 4"}
    nothing = {row["method"]: row for row in rows if row["persona"] == "first 0" and row["phrasing"] == "known"}
    assert nothing["ideal"]["ceiling"] == 0.5
    assert {"ica", "pba", "few_shot", "overlap"} <= set(nothing)
    ceilings = [row["ceiling"] for row in rows if row["method"] == "ica" and row["phrasing"] == "known"]
    assert ceilings == sorted(ceilings)
    assert "first 4" in penchant(*where).out


def test_control_is_measured_by_wording_and_told(penchant, small_forum, models) -> None:
    where = ("eval", "--suite", "control", "--data", small_forum / "test", *models)
    ran = penchant(*where, "--json")
    assert ran.code == 0, ran.err
    assert set(ran.last["wordings"]) == {"known", "unseen"}
    named = [(one["method"], one["directions"]) for one in ran.last["wordings"]["known"]]
    assert named == [("ica", "evidence"), ("pba", "true"), ("pba", "believed")]
    ica, true, _ = ran.last["wordings"]["known"]
    assert ica["flipped"] is None
    assert 0 <= ica["opposite_people"]["value"] <= 1
    assert 0 <= true["unaffected"]["value"] <= 1
    told = penchant(*where).out
    assert f"{100 * true['flipped']['value']:.1f}" in told
    assert "everything turned: decisions that turn" in told


def test_bias_is_measured_before_and_after_words_are_made_neutral(penchant, small_forum, models, annotator) -> None:
    where = ("eval", "--suite", "bias", "--data", small_forum / "test", *models)
    ran = penchant(*where, "--annotator", annotator, "--json")
    assert ran.code == 0, ran.err
    assert set(ran.last["methods"]) == {"ica", "pba"}
    changed = {(one["trait"], one["how"], one["neutral"]): one for one in ran.last["methods"]["pba"]["changed"]}
    for trait in ("gender", "age"):
        assert 0 <= changed[trait, "stated", False]["decisions"] <= 1
        assert changed[trait, "stated", True]["decisions"] == 0
        assert changed[trait, "stated", True]["directions"] == 0
    assert all(one["directions"] is None for one in ran.last["methods"]["ica"]["changed"])
    told = penchant(*where, "--annotator", annotator).out
    assert "gender, stated, made neutral" in told
    assert "neutral words cost: right" in told
    ran = penchant(*where)
    assert ran.code == 2
    assert "--suite bias needs --annotator to measure pba: swapped texts must be read" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--suite", "infre"), "--suite infre: known are infer, limited, control, bias, judge"),
        (("--suite", "infer"), "name its folder or recipe with --annotator"),
        (("--suite", "limited"), "--suite limited measures aligned models; name --reference and --ica or --pba"),
        (("--suite", "control", "--folds", "3"), "--folds is not read when control is measured; leave it out"),
        (("--suite", "control", "--personas", "ugc"), "--personas is not read when control is measured"),
        (("--suite", "bias", "--neutral"), "--neutral is not read when bias is measured"),
        (("--suite", "infer", "--layout", "paper"), "--layout is not read when infer is measured"),
        (("--suite", "judge", "--judge", "j.yaml"), "--suite judge measures aligned models; name --reference"),
        (("--suite", "judge", "--summaries", "s.yaml"), "--summaries is not read when judge is measured"),
        (("--suite", "control", "--judge", "j.yaml"), "--judge is not read when control is measured; leave it out"),
        (("--suite", "infer", "--judge", "j.yaml"), "--judge is not read when infer is measured; leave it out"),
        (("--judge", "j.yaml"), "--judge is not read when implicit is measured; leave it out"),
        (("--scorer", "encoder", "--judge", "j.yaml"), "--judge is not read when encoder is measured; leave it out"),
    ],
)
def test_what_cannot_be_measured_is_said(penchant, small_forum, arguments, message: str) -> None:
    ran = penchant("eval", "--data", small_forum / "test", *arguments)
    assert ran.code == 2
    assert message in ran.err


def test_only_simulated_people_have_a_known_truth(penchant, small_forum, annotator, tmp_path) -> None:
    records = read(small_forum / "test", space_for(small_forum / "test", None))
    path = tmp_path / "rows.jsonl"
    jsonl.write(records[:4], path, space=records[0].golden.space)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["provenance"]["dataset"] = "other"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    where = ("--data", path, "--space", small_forum / "space.toml")
    ran = penchant("eval", "--suite", "infer", "--annotator", annotator, *where)
    assert ran.code == 2
    assert "needs simulated records" in ran.err
