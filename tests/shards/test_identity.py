"""Who, when and which: columns by their names, whatever the layout."""

from datetime import UTC, datetime

import pytest

from penchant.shards.identity import Identity, person_name, time_of
from penchant.shards.layouts.base import Layout, Sample

ROW = {"annotator": 7, "id": "x1", "created_at": "2025-02-03", "split": "dev", "attribute": "calm", "prompt": "p"}
LAYOUT = Layout("any", {"prompt": "prompt"}, lambda _: [])


def test_usual_names_are_found_and_those_of_the_user_come_first() -> None:
    sample = Sample.of([ROW])
    assert Identity.of(sample, LAYOUT, {}).columns == {
        "user_id": "annotator",
        "record_id": "id",
        "at": "created_at",
        "split": "split",
        "attribute": "attribute",
    }
    assert Identity.of(sample, LAYOUT, {"user_id": "prompt"}).user == "prompt"
    assert Identity.of(sample, LAYOUT, {}).user_of(ROW) == "7"


def test_a_column_that_the_layout_reads_is_no_person_and_neither_are_long_texts() -> None:
    chat = Layout("chat", {"prompt": "user"}, lambda _: [])
    assert Identity.of(Sample.of([{"user": "Hi"}]), chat, {}).user is None
    assert Identity.of(Sample.of([{"worker": "word " * 100}]), LAYOUT, {}).user is None
    assert Identity.of(Sample.of([{"author": "ann"}]), LAYOUT, {}).user is None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (7, "7"),
        (7.0, "7"),
        (" a ", "a"),
        (float("nan"), None),
        (None, None),
        ({"id": 4, "email": "e"}, "4"),
        (True, "True"),
    ],
)
def test_a_name_is_a_text_whatever_its_type(value: object, name: str | None) -> None:
    assert person_name(value, "user") == name


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
