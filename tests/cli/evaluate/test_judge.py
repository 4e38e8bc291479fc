"""`penchant eval judge`: models write, a judge on loopback says which answer is better."""

import json
from pathlib import Path
from typing import Any

import pytest

from penchant.eval.questions.judge import LEGEND


@pytest.fixture
def recipe(served: Any, tmp_path: Path) -> Path:
    path = tmp_path / "judge.yaml"
    path.write_text(f"endpoint: {{base_url: '{served.url}', model: m, attempts: 2}}\n")
    return path


@pytest.fixture
def where(small_forum, models, recipe) -> tuple[object, ...]:
    return ("eval", "judge", *models, "--judge", recipe, "--data", small_forum / "test", "--limit", 6)


def longer(request: dict[str, Any], _number: int) -> str:
    told = json.loads(request["messages"][1]["content"])
    return json.dumps({"better": "A" if (len(told["A"]), told["A"]) > (len(told["B"]), told["B"]) else "B"})


def test_every_method_is_set_against_the_reference_and_the_others(penchant, where, served) -> None:
    served.reply = longer
    ran = penchant(*where, "--json")
    assert ran.code == 0, ran.err
    assert "judge m:" in ran.err
    assert "writing answers" in ran.err
    assert (ran.last["question"], ran.last["judge"], ran.last["answer_tokens"]) == ("judge", "m", 128)
    rates = ran.last["win_rates"]
    judged = ran.last["counts"]["judged"]
    wordings = {one["phrasing"] for one in rates}
    for name in wordings:
        found = [(one["method"], one["rival"]) for one in rates if one["phrasing"] == name]
        assert found == [("ica", "few_shot"), ("pba", "few_shot"), ("ica", "pba")]
    for one in rates:
        assert one["torn"] == one["unusable"] == 0  # this judge looks at the texts alone
        assert one["consistency"] in (1, None)
        assert one["rate"] == pytest.approx((one["won"] + (one["tied"] + one["same"]) / 2) / one["n"], abs=1e-6)
    assert sum(one["n"] for one in rates) == 3 * judged
    assert sum(one["won"] + one["lost"] for one in rates) > 0
    chosen = {(row["method"], row["variant"]) for row in ran.last["choice"]}
    assert chosen == {("few_shot", "choice"), ("ica", "choice"), ("pba", "choice")}
    # the same again, for people: nothing is paid for, and the figures are those
    asked = len(served.requests)
    told = penchant(*where)
    assert told.code == 0, told.err
    assert len(served.requests) == asked
    assert "0 answers paid for" in told.err
    for one in rates:
        (line,) = [
            line.split()
            for line in told.out.splitlines()
            if line.split()[:3] == [one["phrasing"], one["method"], one["rival"]]
        ]
        assert line[3] == f"{100 * one['rate']:.1f}"
    assert "ica_choice" in told.out
    assert told.out.endswith(LEGEND + "\n")


def test_a_judge_that_always_names_the_first_wins_nothing_for_anybody(penchant, where, served) -> None:
    served.reply = lambda _request, _number: '{"better": "A"}'
    ran = penchant(*where, "--json")
    assert ran.code == 0, ran.err
    for one in ran.last["win_rates"]:
        assert (one["rate"], one["won"], one["lost"]) == (0.5, 0, 0)
        assert one["consistency"] in (0, None)
    assert sum(one["torn"] for one in ran.last["win_rates"]) > 0


def test_a_judge_of_no_use_ends_the_run_in_one_sentence(penchant, where, served) -> None:
    served.reply = lambda _request, _number: '{"better": "C"}'
    ran = penchant(*where)
    assert ran.code == 2
    assert "none of the answers of 'm'" in ran.err


def test_what_is_missing_is_said_before_anything_is_written(penchant, where, recipe, monkeypatch) -> None:
    unnamed = [one for one in where if one not in ("--judge", recipe)]
    ran = penchant(*unnamed)
    assert ran.code == 2
    assert "the question 'judge' asks a language model; name its recipe with --judge" in ran.err
    monkeypatch.delenv("SOME_KEY", raising=False)
    recipe.write_text("endpoint: {base_url: 'https://models.example/v1', model: m, api_key_env: SOME_KEY}\n")
    ran = penchant(*where)
    assert ran.code == 2
    assert "set SOME_KEY" in ran.err
    assert "writing answers" not in ran.err
    recipe.write_text("endpoint: {base_url: 'https://models.example/v1', model: m}\norders: 2\n")
    ran = penchant(*where)
    assert ran.code == 2
    assert "unknown key 'orders'" in ran.err


def test_people_of_whom_nothing_is_known_cannot_be_judged_for(penchant, where, small_forum, tmp_path) -> None:
    row = {"record_id": "r", "user_id": "u", "prompt": "q", "chosen": "a", "rejected": "b", "evidence": []}
    data = tmp_path / "rows.jsonl"
    data.write_text(json.dumps(row) + "\n", encoding="utf-8")
    changed = [data if one == small_forum / "test" else one for one in where]
    ran = penchant(*changed, "--space", small_forum / "space.toml")
    assert ran.code == 2
    assert "none of the 1 records shows any evidence of its person" in ran.err
