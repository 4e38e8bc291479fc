"""`penchant eval limited`."""


def test_little_evidence_is_measured_item_by_item(penchant, small_forum, models) -> None:
    where = ("eval", "limited", *models, "--data", small_forum / "test")
    ran = penchant(*where, "--json")
    assert ran.code == 0, ran.err
    assert ran.last["question"] == "limited"
    rows = [row for row in ran.last["rows"] if row["attribute"] == "all" and not row["variant"]]
    assert {row["persona"] for row in rows} == {"first 0", "first 1", "first 2", "first 4"}
    nothing = {row["method"]: row for row in rows if row["persona"] == "first 0" and row["phrasing"] == "known"}
    assert nothing["ideal"]["ceiling"] == 0.5
    assert {"ica", "pba", "few_shot", "overlap"} <= set(nothing)
    ceilings = [row["ceiling"] for row in rows if row["method"] == "ica" and row["phrasing"] == "known"]
    assert ceilings == sorted(ceilings)
    assert "first 4" in penchant(*where).out
