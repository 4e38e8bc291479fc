"""`penchant eval --suite cost`."""


def test_every_method_has_its_tokens_time_and_memory(penchant, small_forum, models) -> None:
    where = ("eval", "--suite", "cost", "--data", small_forum / "test", *models, "--limit", "16")
    ran = penchant(*where, "--json")
    assert ran.code == 0, ran.err
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
