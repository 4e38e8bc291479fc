"""`penchant eval beliefs`."""

import json
from dataclasses import replace

from penchant.eval.questions.beliefs import LEGEND
from penchant.runs.data import read, space_for
from penchant.shards import jsonl


def test_an_annotator_is_measured_by_wording(penchant, small_forum, annotator) -> None:
    where = ("eval", "beliefs", "--data", small_forum / "test", "--annotator", annotator)
    ran = penchant(*where, "--json")
    assert ran.code == 0, ran.err
    assert ran.last["question"] == "beliefs"
    assert set(ran.last["wordings"]) == {"known", "unseen"}
    assert 0 <= ran.last["wordings"]["known"]["readings"]["auroc"] <= 1
    told = penchant(*where)
    assert "wording known" in told.out
    assert "behaviour" in told.out
    row = ran.last["wordings"]["known"]["personas"]["ugc"]
    low, high = row["ci95"]
    assert f"{100 * row['accuracy']:.1f} ({100 * low:.1f}–{100 * high:.1f})" in told.out
    low, high = row["of_ideal_ci95"]
    assert f"{row['of_ideal']:.2f} ({low:.2f}–{high:.2f})" in told.out
    assert told.out.endswith(LEGEND + "\n")
    assert told.out.count("acc        pairs in which") == 1


def test_only_simulated_people_have_a_known_truth(penchant, small_forum, annotator, tmp_path) -> None:
    records = read(small_forum / "test", space_for(small_forum / "test", None))
    path = tmp_path / "rows.jsonl"
    jsonl.write(records[:4], path, space=records[0].golden.space)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["provenance"]["dataset"] = "other"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    where = ("--data", path, "--space", small_forum / "space.toml")
    ran = penchant("eval", "beliefs", "--annotator", annotator, *where)
    assert ran.code == 2
    assert "needs simulated records" in ran.err


def test_people_who_show_a_description_alone_are_measured_by_it(penchant, small_forum, annotator, tmp_path) -> None:
    records = read(small_forum / "test", space_for(small_forum / "test", None))
    path = tmp_path / "rows.jsonl"
    described = [replace(record, persona=record.persona.select("demo")) for record in records]
    jsonl.write(described, path, space=records[0].golden.space)
    where = ("--data", path, "--space", small_forum / "space.toml", "--annotator", annotator)
    ran = penchant("eval", "beliefs", *where)
    assert ran.code == 0, ran.err
    assert "  items of behaviour: 0: " in ran.out
    assert "surest beliefs" not in ran.out.split("readings   of items")[0]
