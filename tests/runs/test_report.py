"""The report as a call: a page and two files of results; parts that cannot be measured are said on the page."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from penchant.errors import ConfigError
from penchant.runs import report
from penchant.runs.report import PARTS, write_report


def command_of(question: str) -> str:
    return f"ask {question} alone"


def words_of(page: str) -> str:
    """The text of a page on one line."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", page)).split())


def test_a_call_writes_the_page_and_the_results_and_prints_nothing(small_forum, aligned, tmp_path, capsys) -> None:
    models, out = [str(aligned["ica"]), str(aligned["pba"])], tmp_path / "report"
    capsys.readouterr()
    written = write_report(
        data=small_forum / "test", models=models, out=out, limit=8, command="again", command_of=command_of
    )
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "")
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "results.json", "results.jsonl"]
    content = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert content == json.loads(json.dumps(written.as_json()))
    assert content["question"] == "report"
    assert set(content) == {"question", "seed", "seconds", "rows", "contrasts", "control", "cost", "versions"}
    assert "again" in (out / "report.html").read_text(encoding="utf-8")


def test_a_part_has_the_command_that_asks_it_alone(small_forum, aligned, annotator_folder, tmp_path) -> None:
    models = [str(aligned["ica"]), str(aligned["pba"])]
    write_report(
        data=small_forum / "test",
        models=models,
        out=tmp_path,
        annotator=annotator_folder,
        limit=8,
        command_of=command_of,
    )
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.findall("<code>ask (.*?) alone</code>", page) == list(PARTS)


def test_parts_left_out_are_said_on_the_page_and_to_the_reporter(small_forum, aligned, tmp_path, reporter) -> None:
    models = [str(aligned["ica"]), str(aligned["pba"])]
    written = write_report(
        data=small_forum / "test", models=models, out=tmp_path, limit=8, command_of=command_of, reporter=reporter
    )
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    why = "the question 'bias' needs `annotator` to measure pba: swapped texts must be read"
    assert f"Not measured: {why.replace('`', '')}." in words_of(page)
    assert f"bias is left out: {why}" in reporter.notes
    assert "ask bias alone" not in page
    assert list(written.findings) == ["control", "cost"]
    assert [note for note in reporter.notes if note.startswith("== ")] == [
        "== accuracy",
        "== limited",
        "== control",
        "== cost",
    ]


def test_a_part_that_asked_fewer_pairs_than_its_command_says_so(small_forum, aligned, tmp_path, monkeypatch) -> None:
    settings = {"data": small_forum / "test", "models": [str(aligned["ica"])], "command_of": command_of}
    write_report(out=tmp_path / "whole", **settings)
    assert "the first people's of each wording" not in words_of((tmp_path / "whole" / "report.html").read_text("utf-8"))
    smaller = {name: replace(one, report_pairs=one.report_pairs // 80) for name, one in report.QUESTIONS.items()}
    smaller["cost"] = replace(smaller["cost"], report_pairs=12)
    monkeypatch.setattr(report, "QUESTIONS", smaller)
    write_report(out=tmp_path / "part", **settings)
    text = words_of((tmp_path / "part" / "report.html").read_text("utf-8"))
    subsets = re.findall("Of (\\d+) pairs, the first people's of each wording; the command measures all 48.", text)
    assert subsets == ["24", "24", "24", "12"]


def test_a_report_that_is_there_is_replaced_only_when_asked_to(small_forum, tmp_path) -> None:
    (tmp_path / "report.html").write_text("before", encoding="utf-8")
    with pytest.raises(ConfigError, match="report.html is there already; give another `out`, or set `overwrite`"):
        write_report(data=small_forum / "test", models=["nowhere"], out=tmp_path)
    with pytest.raises(ConfigError, match="there is no folder nowhere"):
        write_report(data=small_forum / "test", models=["nowhere"], out=tmp_path, overwrite=True)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "before"


def test_a_report_without_a_model_is_refused_before_data_is_read(tmp_path) -> None:
    with pytest.raises(ConfigError, match="a report measures aligned models; give the folder of one"):
        write_report(data=tmp_path / "nothing.jsonl", models=[], out=tmp_path / "out")
