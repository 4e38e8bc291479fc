from penchant.build.draws import bucket_of, draw, split_of


def test_a_draw_depends_on_the_seed_and_every_name() -> None:
    assert draw(0, "a", "b") == draw(0, "a", "b")
    assert len({draw(0, "a", "b"), draw(1, "a", "b"), draw(0, "ab"), draw(0, "a", "c")}) == 4
    assert draw(0, "\ud800") >= 0  # half of a pair of surrogates is no reason to stop


def test_buckets_and_splits_are_of_the_size_that_they_are_meant_to_be() -> None:
    names = [f"person{number}" for number in range(4000)]
    sizes = [sum(bucket_of(name, 4) == bucket for name in names) for bucket in range(4)]
    assert min(sizes) > 900
    test = [name for name in names if split_of(name, 0, 0.25) == "test"]
    assert 900 < len(test) < 1100
    assert {split_of(name, 0, 0.0) for name in names} == {"train"}
    assert any(split_of(name, 1, 0.25) == "train" for name in test)
