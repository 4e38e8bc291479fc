"""`penchant eval report`."""

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

PARTS = ("limited", "control", "bias", "cost")


def _commands(page: str) -> dict[str, list[str]]:
    """Question -> the words of the command that the page has for it."""
    found = [shlex.split(unescape(text)) for text in re.findall("<code>(penchant eval.*?)</code>", page)]
    return {words[2]: words for words in found}


def test_everything_stands_on_one_page_with_the_commands_that_give_it_again(
    penchant, small_forum, models, annotator, tmp_path
) -> None:
    out = tmp_path / "report"
    where = ("eval", "report", *models, "--data", small_forum / "test", "--annotator", annotator)
    ran = penchant(*where, "--out", out)
    assert ran.code == 0, ran.err
    page = (out / "report.html").read_text(encoding="utf-8")
    for title in ("How much is learned from little?", "Is the person in control?", "Does it decide by gender or age?"):
        assert f"<h2>{title}</h2>" in page
    assert "Where it is most wrong" in page
    assert "<h2>What does it cost?</h2>" in page
    for question in ("report", *PARTS):
        assert f"penchant eval {question} {models[0]} {models[1]} --annotator {annotator}" in page
    assert "<b>Simulated.</b>" in page
    found = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert {row["persona"] for row in found["rows"]} >= {"ugc", "behaviour", "none", "shuffled", "first 0", "first 4"}
    assert set(found["bias"]["methods"]) == {"ica", "pba"}
    assert set(found["control"]["wordings"]) == {"known", "unseen"}
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    kinds = ["row"] * len(found["rows"]) + ["contrast"] * len(found["contrasts"]) + ["control", "bias", "cost"]
    assert [line["kind"] for line in lines] == kinds
    assert lines[-1]["findings"] == found["cost"]
    assert set(found["cost"]["methods"]) == {"few_shot", "ica", "pba"}
    assert found["cost"]["methods"]["ica"]["peak_mb"] is None
    assert f"report:  {out / 'report.html'}" in ran.out
    assert "whether any was met in training was not checked (fit_data)" in unescape(page)
    assert "not checked (--fit-data)" in ran.err
    again = penchant(*where, "--out", out)
    assert (again.code, again.out) == (2, "")
    assert f"{out / 'report.html'} is there already; give another --out, or set --overwrite" in again.err
    assert "--out" not in page.split("penchant eval limited", 1)[1].split("</code>", 1)[0]
    assert found["question"] == "report"
    assert set(found["seconds"]) == {"accuracy", *PARTS}


def test_a_command_on_the_page_runs_as_it_stands(penchant, small_forum, models, tmp_path) -> None:
    where = ("eval", "report", *models, "--data", small_forum / "test", "--limit", "8", "--json")
    assert penchant(*where, "--out", tmp_path / "report", "--overwrite").code == 0
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    commands = _commands(page)
    assert list(commands) == ["limited", "control", "cost", "report"]
    for words in commands.values():
        ran = penchant(*words[1:])
        assert ran.code == 0, ran.err


def test_a_part_is_asked_without_what_only_the_report_reads(penchant, small_forum, models, annotator, tmp_path) -> None:
    out, data = tmp_path / "a b", small_forum / "test"
    where = (*models, "--annotator", annotator, "--data", data, "--limit", "8", "--neutral")
    ran = penchant("eval", "report", *where, "--fit-data", small_forum / "train", "--overwrite", "--out", out)
    assert ran.code == 0, ran.err
    page = (out / "report.html").read_text(encoding="utf-8")
    commands = _commands(page)
    assert list(commands) == [*PARTS, "report"]
    for question in ("limited", "control", "cost"):
        assert commands[question] == ["penchant", "eval", question, *map(str, where)]
    # words of gender and age are made neutral by the question itself
    assert commands["bias"] == ["penchant", "eval", "bias", *map(str, where[:-1])]
    assert f"--out '{out}' --overwrite" in unescape(page)


def test_without_an_annotator_bias_is_left_out_and_said(penchant, small_forum, models, tmp_path) -> None:
    where = ("eval", "report", *models, "--data", small_forum / "test", "--limit", "8")
    fit = ("--fit-data", small_forum / "test")
    ran = penchant(*where, *fit, "--out", tmp_path / "report", "--json")
    assert ran.code == 0, ran.err
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert re.search(r"(\d+) of these \1 people were met in training", ran.err)
    assert "were met in training: no measure of new people" in page
    assert re.search("Not measured: .*swapped texts must be read", page)
    assert "only the first 8 records are read" in ran.err
    assert re.search("bias is left out: .*needs --annotator to measure pba: swapped texts must be read", ran.err)
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
    penchant, small_forum, aligned, annotator, tmp_path
) -> None:
    where = ("--data", small_forum / "test", "--limit", "8", "--annotator", annotator, "--out", tmp_path / "report")
    ran = penchant("eval", "report", f"universal={aligned['ica']}", *where)
    assert ran.code == 0, ran.err
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    (reason,) = re.findall("Not measured: (.*?)</p>", page)
    assert "models that see people" in reason
    assert "annotator" not in reason
    assert "<b>Simulated.</b>" in page
    # rows that are not there are not explained
    assert "<b>universal</b>" in page
    assert "<b>encoder</b>" not in page


def test_invented_people_are_called_so_whoever_has_read_them_since(penchant, small_forum, models, tmp_path) -> None:
    unread = _written(small_forum, tmp_path / "data", provenance=Provenance("some-data"))
    ran = penchant("eval", "report", *models, "--data", unread, "--limit", "8", "--out", tmp_path / "report")
    assert ran.code == 0, ran.err
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "<b>Simulated.</b>" in page
    assert "limit %" not in page


def test_people_who_show_nothing_are_refused_before_anything_is_measured(
    penchant, small_forum, models, tmp_path
) -> None:
    bare = _written(small_forum, tmp_path / "data", persona=Persona())
    ran = penchant("eval", "report", *models, "--data", bare, "--out", tmp_path / "report")
    assert (ran.code, "shows any evidence of a person; there is nothing to align to" in ran.err) == (2, True)
    assert "== accuracy" not in ran.err
    assert not (tmp_path / "report").exists()


def test_it_wants_a_folder_for_the_report(penchant, small_forum, models) -> None:
    ran = penchant("eval", "report", *models, "--data", small_forum / "test")
    assert (ran.code, ran.out) == (2, "")
    assert "Missing option '--out'" in ran.err


def test_it_wants_a_model(penchant, small_forum, tmp_path) -> None:
    ran = penchant("eval", "report", "--data", small_forum / "test", "--out", tmp_path / "report")
    assert (ran.code, ran.out) == (2, "")
    assert "a report measures aligned models; give the folder of one" in ran.err


def test_learned_scorers_stand_beside_the_models_wherever_those_are_shown_something(
    penchant, small_forum, models, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    names = ("vpl", "lore", "encoder")
    for name in names:
        ran = penchant("fit", name, "--data", small_forum / "train", "--out", tmp_path / name)
        assert ran.code == 0, ran.err
    learned = tuple(tmp_path / name for name in names)
    where = ("--data", small_forum / "test", "--limit", "16")
    ran = penchant("eval", "report", *models, *learned, *where, "--out", tmp_path / "report", "--json")
    assert ran.code == 0, ran.err
    found = [
        row
        for row in ran.last["rows"]
        if row["attribute"] == "all" and not row["variant"] and not row["persona"].startswith("first")
    ]
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
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert f"scorer, vpl</td><td>{tmp_path / 'vpl'}" in page
    commands = _commands(page)
    for question, words in commands.items():
        assert (str(tmp_path / "vpl") in words) == (question in ("cost", "report"))
    again = penchant(*commands["limited"][1:])
    assert again.code == 0, again.err
    assert list(ran.last["cost"]["methods"]) == ["few_shot", "ica", "pba", *names]
    wrong = penchant("eval", "report", *models, "vpl", "lore", *where, "--out", tmp_path / "other")
    assert (wrong.code, wrong.out) == (2, "")
    assert "there is no folder vpl; check the path" in wrong.err


def test_a_scorer_fitted_on_the_people_measured_is_found_out_by_its_card(
    penchant, small_forum, models, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    ran = penchant("fit", "lore", "--data", small_forum / "test", "--out", tmp_path / "lore")
    assert ran.code == 0, ran.err
    where = ("--data", small_forum / "test", "--fit-data", small_forum / "train")
    ran = penchant("eval", "report", *models, *where, "--out", tmp_path / "clean")
    assert ran.code == 0, ran.err
    clean = (tmp_path / "clean" / "report.html").read_text(encoding="utf-8")
    assert "None of these 16 people was met in training." in clean
    ran = penchant("eval", "report", *models, tmp_path / "lore", *where, "--out", tmp_path / "leak")
    assert ran.code == 0, ran.err
    for told in (ran.err, (tmp_path / "leak" / "report.html").read_text(encoding="utf-8")):
        assert "lore was fitted on just these 16 people: no measure of new people." in told
