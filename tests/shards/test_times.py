"""Times in the forms that files have."""

from datetime import UTC, datetime

import pytest

from penchant.shards.times import time_of


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-02T03:04:05Z",
        "2024/01/02 03:04:05",
        1704164645,
        1704164645000,
        "1704164645",
        datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2024, 1, 2, 3, 4, 5),
    ],
)
def test_times_are_read_in_every_unit_and_without_a_zone_as_utc(value: object) -> None:
    assert time_of(value) == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "soon", True, -1, 1e300, ["2024"]])
def test_what_is_no_time_is_unknown(value: object) -> None:
    assert time_of(value) is None
