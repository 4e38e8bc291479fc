from penchant.build.datasheet import datasheet
from penchant.build.distributions import Distributions

MANIFEST = {
    "name": "a <b>",
    "records": {"train": 9, "test": 1},
    "rules": {"split": "test", "records": 1, "longer": [0.5, 0.4, 0.6]},
    "steps": {"prose": {"unit": "posts", "in": 12, "out": 10, "dropped": {"too short": 2}}},
}


def test_the_page_shows_directions_lengths_rules_and_steps(tiny) -> None:
    people = [[tiny.direction({"length": 1})], [tiny.direction({"length": -1, "humour": 1})]]
    page = datasheet(MANIFEST, Distributions.of(people, [], 3), tiny)
    assert page == datasheet(MANIFEST, Distributions.of(people, [], 3), tiny)
    assert page.count("<svg") == 3
    assert "a &lt;b&gt;" in page
    assert "<b>" not in page
    for text in ("Length", "Humour", "too short: 2", "40.0 to 60.0", "2 people whose replies were read"):
        assert text in page


def test_without_directions_and_records_the_page_says_so(tiny) -> None:
    page = datasheet({**MANIFEST, "rules": None}, Distributions.none(3), tiny)
    assert "No directions were inferred" in page
    assert "There are no records" in page
    assert page.count("<svg") == 1
