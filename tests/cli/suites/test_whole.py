"""`penchant eval --suite all`."""

import json
import re
import shlex
from dataclasses import replace
from html import unescape
from pathlib import Path

from penchant import Persona, load_space
from penchant.encoder.fake import FakeEncoder
from penchant.record import Provenance
from penchant.shards import parquet, read_records


def test_everything_stands_on_one_page_with_the_commands_that_give_it_again(
    penchant, small_forum, models, annotator, tmp_path
) -> None:
    out = tmp_path / "report"
    where = ("eval", "--suite", "all", "--data", small_forum / "test", *models, "--annotator", annotator)
    ran = penchant(*where, "--out", out)
    assert ran.code == 0, ran.err
    page = (out / "report.html").read_text(encoding="utf-8")
    for title in ("How much is learned from little?", "Is the person in control?", "Does it decide by gender or age?"):
        assert f"<h2>{title}</h2>" in page
    assert "Where it is most wrong" in page
    assert "penchant eval --annotator" in page
    assert "<h2>What does it cost?</h2>" in page
    for suite in ("all", "limited", "control", "bias", "cost"):
        assert f"--suite {suite}" in page
    assert "<b>Simulated.</b>" in page
    found = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert {row["persona"] for row in found["rows"]} >= {"ugc", "behaviour", "none", "shuffled", "first 0", "first 4"}
    assert set(found["bias"]) == {"ica", "pba"}
    assert set(found["control"]) == {"known", "unseen"}
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["kind"] for line in lines] == [
        *["row"] * len(found["rows"]),
        *["contrast"] * len(found["contrasts"]),
        "control",
        "bias",
        "cost",
    ]
    assert set(found["cost"]) == {"few_shot", "ica", "pba"}
    assert found["cost"]["ica"]["peak_mb"] is None
    assert f"report:  {out / 'report.html'}" in ran.out
    assert "whether any was met in training was not checked (--fit-data)" in page
    assert "not checked (--fit-data)" in ran.err
    again = penchant(*where, "--out", out)
    assert (again.code, again.out) == (2, "")
    assert f"{out / 'report.html'} is there already; give another --out, or add --overwrite" in again.err
    assert "--out" not in page.split("--suite limited")[0].rsplit("penchant eval", 1)[1]
    assert set(found["seconds"]) == {"accuracy", "limited", "control", "bias", "cost"}


def test_a_command_on_the_page_runs_as_it_stands(penchant, small_forum, models, tmp_path) -> None:
    where = ("eval", "--suite", "all", "--data", small_forum / "test", *models, "--limit", "8", "--json")
    assert penchant(*where, "--out", tmp_path / "report", "--overwrite").code == 0
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    commands = [shlex.split(unescape(found)) for found in re.findall("<code>(penchant eval.*?)</code>", page)]
    assert [words[words.index("--suite") + 1] for words in commands] == ["limited", "control", "cost", "all"]
    for words in commands[:3]:
        ran = penchant(*words[1:])
        assert ran.code == 0, ran.err


def test_without_an_annotator_bias_is_left_out_and_said(penchant, small_forum, models, tmp_path) -> None:
    where = ("eval", "--suite", "all", "--data", small_forum / "test", *models, "--limit", "8")
    fit = ("--fit-data", small_forum / "test")
    ran = penchant(*where, *fit, "--out", tmp_path / "report", "--json")
    assert ran.code == 0, ran.err
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert re.search(r"(\d+) of these \1 people were met in training", ran.err)
    assert "were met in training: no measure of new people" in page
    assert "Not measured: texts in which words of gender and age are swapped must be read" in page
    assert "only the first 8 records are read" in ran.err
    assert "bias is left out: texts in which words of gender and age" in ran.err
    assert "bias" not in ran.last
    assert "control" in ran.last


def _written(small_forum, folder, **changes) -> Path:
    """The people of a forum as a file whose records are changed."""
    space = load_space(str(small_forum / "space.toml"))
    records = [replace(one, **changes) for one in read_records(small_forum / "test", space=space)]
    parquet.write(records, folder, space=space, seed=0, simulated=True)
    (folder / "space.toml").write_text(space.as_toml(), encoding="utf-8")
    return folder


def test_a_model_that_is_told_of_nobody_has_no_part_on_bias_and_no_annotator_is_blamed(
    penchant, small_forum, small_base, aligned, annotator, tmp_path
) -> None:
    where = ("eval", "--suite", "all", "--data", small_forum / "test", "--limit", "8", "--reference", small_base)
    ran = penchant(*where, "--universal", aligned["ica"], "--annotator", annotator, "--out", tmp_path / "report")
    assert ran.code == 0, ran.err
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Not measured: no model that is told of people was named." in page
    assert "<b>Simulated.</b>" in page
    # rows that are not there are not explained
    assert "<b>universal</b>" in page
    assert "<b>encoder</b>" not in page


def test_invented_people_are_called_so_whoever_has_read_them_since(penchant, small_forum, models, tmp_path) -> None:
    unread = _written(small_forum, tmp_path / "data", provenance=Provenance("some-data"))
    where = ("eval", "--suite", "all", "--data", unread, "--limit", "8", *models, "--out", tmp_path / "report")
    ran = penchant(*where)
    assert ran.code == 0, ran.err
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "<b>Simulated.</b>" in page
    assert "limit %" not in page


def test_people_who_show_nothing_are_refused_before_anything_is_measured(
    penchant, small_forum, models, tmp_path
) -> None:
    bare = _written(small_forum, tmp_path / "data", persona=Persona())
    ran = penchant("eval", "--suite", "all", "--data", bare, *models, "--out", tmp_path / "report")
    assert (ran.code, "shows any evidence of a person; there is nothing to align to" in ran.err) == (2, True)
    assert not (tmp_path / "report").exists()


def test_it_wants_a_folder_for_the_report(penchant, small_forum, models) -> None:
    ran = penchant("eval", "--suite", "all", "--data", small_forum / "test", *models)
    assert ran.code == 2
    assert "--suite all writes a report; name a folder for it with --out" in ran.err


def test_learned_scorers_stand_beside_the_models_wherever_those_are_shown_something(
    penchant, small_forum, models, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    names = ("vpl", "lore", "encoder")
    for name in names:
        ran = penchant("train", "--data", small_forum / "train", "--method", name, "--out", tmp_path / name)
        assert ran.code == 0, ran.err
    where = ("eval", "--suite", "all", "--data", small_forum / "test", *models, "--limit", "16")
    learned = ("--baselines", ",".join(str(tmp_path / name) for name in names))
    ran = penchant(*where, *learned, "--out", tmp_path / "report", "--json")
    assert ran.code == 0, ran.err
    found = [row for row in ran.last["rows"] if row["attribute"] == "all" and not row["persona"].startswith("first")]
    settings = {(row["persona"], row["phrasing"], row["n"]) for row in found if row["method"] == "ica"}
    assert {persona for persona, _, _ in settings} == {"ugc", "pair", "demo", "behaviour", "mixed", "none", "shuffled"}
    for name in names:
        mine = {(row["persona"], row["phrasing"], row["n"]) for row in found if row["method"] == name}
        # who reads choices alone has no row where none are shown
        blank = () if name == "encoder" else ("ugc", "demo")
        assert mine == {one for one in settings if one[0] not in blank}
    rivals = {(one["method"], one["rival"]) for one in ran.last["contrasts"]}
    assert {("ica", "vpl"), ("pba", "lore"), ("ica", "encoder"), ("encoder", "vpl"), ("encoder", "encoder")} <= rivals
    lines = (tmp_path / "report" / "results.jsonl").read_text(encoding="utf-8")
    assert '"method": "lore"' in lines
    assert f"scorer, vpl</td><td>{tmp_path / 'vpl'}" in (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "baselines" in ran.last["seconds"]
    assert list(ran.last["cost"]) == ["few_shot", "ica", "pba", *names]
    named = penchant(*where, "--baselines", "vpl,lore", "--out", tmp_path / "other")
    assert (named.code, named.out) == (2, "")
    assert "--baselines vpl: no scorer there; fit one by penchant train" in named.err


def test_a_scorer_fitted_on_the_people_measured_is_found_out_by_its_card(
    penchant, small_forum, models, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    ran = penchant("train", "--data", small_forum / "test", "--method", "lore", "--out", tmp_path / "lore")
    assert ran.code == 0, ran.err
    where = ("eval", "--suite", "all", "--data", small_forum / "test", "--fit-data", small_forum / "train", *models)
    assert penchant(*where, "--out", tmp_path / "clean").code == 0
    clean = (tmp_path / "clean" / "report.html").read_text(encoding="utf-8")
    assert "None of these 16 people was met in training." in clean
    ran = penchant(*where, "--baselines", tmp_path / "lore", "--out", tmp_path / "leak")
    assert ran.code == 0, ran.err
    for told in (ran.err, (tmp_path / "leak" / "report.html").read_text(encoding="utf-8")):
        assert "lore was fitted on just these 16 people: no measure of new people." in told
