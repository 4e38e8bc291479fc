"""`penchant eval cost`."""

from penchant.encoder.fake import FakeEncoder


def test_every_method_has_its_tokens_time_and_memory(penchant, small_forum, models) -> None:
    where = ("eval", "cost", *models, "--data", small_forum / "test", "--limit", "16")
    ran = penchant(*where, "--json")
    assert ran.code == 0, ran.err
    assert set(ran.last) == {"question", "seed", "seconds", "methods", "versions"}
    found = ran.last["methods"]
    assert list(found) == ["few_shot", "ica", "pba"]
    assert found["ica"]["prompt_tokens"] == found["few_shot"]["prompt_tokens"] > found["pba"]["prompt_tokens"]
    for one in found.values():
        assert one["ms_per_pair"] > 0
        assert one["ms_to_first_token"] > 0
        assert one["pairs"] == 16
    told = penchant(*where).out
    assert "prompt tokens" in told
    assert "few_shot" in told


def test_learned_scorers_have_a_line_without_a_prompt(penchant, small_forum, models, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    fitted = penchant("fit", "lore", "--data", small_forum / "train", "--out", tmp_path / "lore")
    assert fitted.code == 0, fitted.err
    ran = penchant("eval", "cost", *models, tmp_path / "lore", "--data", small_forum / "test", "--limit", "16")
    assert ran.code == 0, ran.err
    line = ran.out.splitlines()[-1].split()
    assert (line[0], line[1], line[3]) == ("lore", "–", "–")
    assert float(line[2]) > 0
