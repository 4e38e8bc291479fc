"""A language model, named by a recipe, that writes summaries of people: trained on, asked and shown alike."""

from pathlib import Path

import pytest


@pytest.fixture
def writer(served, tmp_path: Path) -> Path:
    served.reply = lambda _request, _number: "Somebody who likes travel."
    path = tmp_path / "writer.yaml"
    path.write_text(f"endpoint: {{base_url: '{served.url}', model: m}}\n")
    return path


def test_a_summary_is_written_shown_trained_on_and_measured(
    penchant, small_recipe, small_forum, small_base, served, writer, tmp_path
) -> None:
    shown = penchant("show", "prompt", "--data", small_forum / "test", "--method", "pba_both", "--summaries", writer)
    assert shown.code == 0, shown.err
    assert "\nSomebody who likes travel\n</person>" in shown.out
    out = tmp_path / "model"
    where = ("--recipe", small_recipe, "--data", small_forum / "train", "--out", out)
    ran = penchant("train", *where, "--method", "pba_summary", "--summaries", writer)
    assert ran.code == 0, ran.err
    assert "summaries by m:" in ran.err
    asked = len(served.requests)
    where = ("--data", small_forum / "test", "--reference", small_base, "--pba", out, "--personas", "ugc")
    found = penchant("eval", *where, "--summaries", writer, "--draws", 2, "--json")
    assert found.code == 0, found.err
    assert len(served.requests) > asked
    rows = {(row["method"], row["persona"]) for row in found.last["rows"]}
    assert {("pba_summary", "ugc"), ("pba_summary_drawn", "ugc"), ("pba_summary_golden", "mixed")} <= rows
    assert not any(method == "pba" for method, _ in rows)
    # nothing is left to be written
    asked = len(served.requests)
    again = penchant("eval", *where, "--summaries", writer, "--json")
    assert again.code == 0, again.err
    assert len(served.requests) == asked


@pytest.mark.parametrize("method", ["ica", "pba"])
def test_summaries_for_a_method_that_shows_none_are_refused(
    penchant, small_recipe, small_forum, small_base, aligned, writer, tmp_path, method
) -> None:
    where = ("--recipe", small_recipe, "--data", small_forum / "train", "--out", tmp_path / "m")
    ran = penchant("train", *where, "--method", method, "--summaries", writer)
    assert ran.code == 2
    assert "pba_summary or pba_both" in ran.err
    where = ("--data", small_forum / "test", "--reference", small_base, f"--{method}", aligned[method])
    ran = penchant("eval", *where, "--summaries", writer)
    assert ran.code == 2
    assert "pba_summary or pba_both" in ran.err


def test_draws_without_pba_are_refused(penchant, small_forum, small_base, aligned) -> None:
    where = ("--data", small_forum / "test", "--reference", small_base, "--ica", aligned["ica"])
    ran = penchant("eval", *where, "--draws", 2)
    assert ran.code == 2
    assert "name its model with --pba" in ran.err
