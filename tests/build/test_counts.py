import pytest

from penchant.build.counts import StepCounts, check, enter, total
from penchant.errors import DataError


def test_parts_add_up_and_survive_their_file() -> None:
    part = {"prose": StepCounts(rows_in=3, rows_out=1, dropped={"too short": 2}, changed={"email": 1})}
    both = total([part, part])
    assert both["prose"].as_dict() == {
        "unit": "posts",
        "in": 6,
        "out": 2,
        "dropped": {"too short": 4},
        "changed": {"email": 2},
    }
    assert StepCounts.of_dict(both["prose"].as_dict()) == both["prose"]
    check(both)


def test_what_goes_in_comes_out_or_has_a_reason() -> None:
    counts = {"prose": StepCounts()}
    enter(counts, "prose", None)
    enter(counts, "prose", "too long")
    check(counts)
    counts["prose"].rows_out = 0
    with pytest.raises(DataError, match=r"step 'prose' read 2 posts, kept 0 and dropped 1: the sums differ"):
        check(counts)
