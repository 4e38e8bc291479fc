"""`penchant eval control`."""


def test_control_is_measured_by_wording_and_told(penchant, small_forum, models, annotator) -> None:
    where = ("eval", "control", *models, "--data", small_forum / "test", "--annotator", annotator)
    ran = penchant(*where, "--json")
    assert ran.code == 0, ran.err
    assert set(ran.last) == {"question", "seed", "seconds", "wordings", "versions"}
    assert set(ran.last["wordings"]) == {"known", "unseen"}
    named = [(one["method"], one["directions"]) for one in ran.last["wordings"]["known"]]
    assert named == [("ica", "evidence"), ("pba", "true"), ("pba", "believed")]
    ica, true, _ = ran.last["wordings"]["known"]
    assert ica["flipped"] is None
    assert 0 <= ica["opposite_people"]["value"] <= 1
    assert 0 <= true["unaffected"]["value"] <= 1
    texts = true["texts_turned"]
    assert true["texts_silent"] + (texts["n"] if texts else 0) == 8  # people of known wording, asked once each
    told = penchant(*where).out
    assert f"{100 * true['flipped']['value']:.1f}" in told
    assert "all directions flipped: decisions that change" in told
