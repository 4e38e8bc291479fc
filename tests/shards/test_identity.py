"""Who, when and which: columns by their names, whatever the layout."""

import pytest

from penchant.shards.identity import Identity, person_name
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
