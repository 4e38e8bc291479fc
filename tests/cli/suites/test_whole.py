"""`penchant eval --suite all`."""

import json
import re


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
    for suite in ("all", "limited", "control", "bias"):
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
    ]
    assert f"report:  {out / 'report.html'}" in ran.out
    assert "whether any was met in training was not checked (--fit-data)" in page
    assert "--out" not in page.split("--suite limited")[0].rsplit("penchant eval", 1)[1]
    assert set(found["seconds"]) == {"accuracy", "limited", "control", "bias"}


def test_without_an_annotator_bias_is_left_out_and_said(penchant, small_forum, models, tmp_path) -> None:
    where = ("eval", "--suite", "all", "--data", small_forum / "test", *models, "--limit", "8")
    fit = ("--fit-data", small_forum / "test")
    ran = penchant(*where, *fit, "--out", tmp_path / "report", "--json")
    assert ran.code == 0, ran.err
    assert re.search(r"(\d+) of the \1 people measured are among those whom the models were aligned to", ran.err)
    assert "were met in training" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "only the first 8 records are read" in ran.err
    assert "bias is left out: name an --annotator" in ran.err
    assert "bias" not in ran.last
    assert "control" in ran.last


def test_it_wants_a_folder_for_the_report(penchant, small_forum, models) -> None:
    ran = penchant("eval", "--suite", "all", "--data", small_forum / "test", *models)
    assert ran.code == 2
    assert "--suite all writes a report; name a folder for it with --out" in ran.err
