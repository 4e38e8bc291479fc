"""`penchant eval --suite bias`."""


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
